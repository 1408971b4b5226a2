"""Writes little ONNX networks for tests, byte by byte: the package `onnx` would be 18 MB for what takes 60 lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TYPES: Final = {"float32": 1, "int64": 7}
_IR_VERSION: Final = 8
_OPSET: Final = 16
_INT, _INTS = 2, 7  # kinds of attributes


@dataclass(frozen=True)
class Node:
    """An operation; attributes are whole numbers or rows of them."""

    kind: str
    inputs: Sequence[str]
    output: str
    attributes: dict[str, int | list[int]]


@dataclass(frozen=True)
class Value:
    """An input or output; a size of None is any."""

    name: str
    dtype: str
    sizes: Sequence[int | None]


def write_onnx(
    path: Path,
    nodes: Sequence[Node],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    constants: dict[str, NDArray[np.float32] | NDArray[np.int64]],
) -> None:
    """Write a network."""
    graph = b"".join(_field(1, _node(node)) for node in nodes) + _field(2, b"test")
    graph += b"".join(_field(5, _tensor(name, value)) for name, value in constants.items())
    graph += b"".join(_field(11, _value(value)) for value in inputs)
    graph += b"".join(_field(12, _value(value)) for value in outputs)
    opset = _field(1, b"") + _number(2, _OPSET)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_number(1, _IR_VERSION) + _field(8, opset) + _field(7, graph))


def _node(node: Node) -> bytes:
    found = b"".join(_field(1, name.encode()) for name in node.inputs) + _field(2, node.output.encode())
    found += _field(4, node.kind.encode())
    for name, value in node.attributes.items():
        if isinstance(value, int):
            attribute = _number(3, value) + _number(20, _INT)
        else:
            attribute = b"".join(_number(8, each) for each in value) + _number(20, _INTS)
        found += _field(5, _field(1, name.encode()) + attribute)
    return found


def _tensor(name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    sizes = b"".join(_number(1, size) for size in value.shape)
    return sizes + _number(2, _TYPES[value.dtype.name]) + _field(8, name.encode()) + _field(9, value.tobytes())


def _value(value: Value) -> bytes:
    sizes = [_field(2, b"any") if size is None else _number(1, size) for size in value.sizes]
    shape = b"".join(_field(1, size) for size in sizes)
    tensor = _number(1, _TYPES[value.dtype]) + _field(2, shape)
    return _field(1, value.name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative ones as two's complement
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(found) + bytes([value])


__all__ = ["Node", "Value", "write_onnx"]
