"""An ONNX graph under construction from PyTorch's weights, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ops.models.torch_weights import Array

_BELOW: Final = 127  # bytes are used from -127 to 127
IR_VERSION: Final = 8  # what every onnxruntime since 1.10 reads


class Graph:
    """Nodes and constants of an ONNX graph.

    Args:
        weights: of the checkpoint, by PyTorch's names.
        exact: keep weights as 32-bit floats, to measure what bytes lose.
        epsilon: of the batch norms.
    """

    def __init__(self, weights: dict[str, Array], exact: bool = False, epsilon: float = 1e-5) -> None:
        self.weights, self.exact = weights, exact
        self._epsilon = epsilon
        self.used: set[str] = set()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._count = 0

    def take(self, name: str) -> Array:
        """A tensor of the checkpoint."""
        self.used.add(name)
        return self.weights[name]

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; gives its name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node; gives the names of its outputs."""
        from onnx import helper

        self._count += 1
        base = f"{kind.lower()}{self._count}"
        names = [base] if outputs == 1 else [f"{base}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def constant(self, value: Array) -> str:
        """Add a constant."""
        from onnx import numpy_helper

        self._count += 1
        name = f"constant{self._count}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def coded(self, weight: Array) -> str:
        """Weights as bytes times one scale per output channel, the first axis; the runtime multiplies them once."""
        if self.exact:
            return self.constant(weight.astype(np.float32))
        scale = np.abs(weight).reshape(len(weight), -1).max(axis=1) / _BELOW
        scale = np.where(scale > 0, scale, 1.0).reshape(-1, *[1] * (weight.ndim - 1)).astype(np.float32)
        coded = np.rint(weight / scale).astype(np.int8)
        floats = self.op("Cast", self.constant(coded), to=1)
        return self.op("Mul", floats, self.constant(scale))

    def halved(self, weight: Array) -> str:
        """Weights as halves; the runtime makes them floats once."""
        if self.exact:
            return self.constant(weight.astype(np.float32))
        return self.op("Cast", self.constant(weight.astype(np.float16)), to=1)

    def norm(self, name: str, affine: bool = True) -> tuple[Array, Array]:
        """(factor, summand) of a batch norm at inference."""
        self.used.add(f"{name}.num_batches_tracked")
        mean, variance = self.take(f"{name}.running_mean"), self.take(f"{name}.running_var")
        factor = 1.0 / np.sqrt(variance.astype(np.float64) + self._epsilon)
        if affine:
            factor = factor * self.take(f"{name}.weight")
        summand = -mean * factor + (self.take(f"{name}.bias") if affine else 0.0)
        return factor, summand

    def finished(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any], opset: int) -> Any:
        """The checked model.

        Raises:
            ValueError: a tensor of the checkpoint was not used.
        """
        from onnx import checker, helper

        unused = sorted(set(self.weights) - self.used)
        if unused:
            raise ValueError(f"the graph lacks {unused}")
        made = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.constants)
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], producer_name="clipstream")
        model.ir_version = IR_VERSION
        checker.check_model(model)
        return model


__all__ = ["IR_VERSION", "Graph"]
