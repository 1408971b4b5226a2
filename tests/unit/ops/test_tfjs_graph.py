"""Networks in TensorFlow.js' format: a little one that is made here."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from ops.models.tfjs_graph import Package

INDEX = {
    "modelTopology": {
        "node": [
            {"name": "kernel", "op": "Const"},
            {
                "name": "out",
                "op": "Conv2D",
                "input": ["x", "kernel"],
                "attr": {
                    "strides": {"list": {"i": ["1", "2", "2", "1"]}},
                    "padding": {"s": base64.b64encode(b"SAME").decode()},
                },
            },
        ]
    },
    "weightsManifest": [
        {
            "weights": [
                {"name": "kernel", "shape": [2, 2], "dtype": "float32", "quantization": {"dtype": "float16"}},
                {"name": "axis", "shape": [], "dtype": "int32"},
            ]
        }
    ],
}
NUMBERS = np.array([1, 2, 3, 0.5], "<f2").tobytes() + np.array([-1], "<i4").tobytes()


def package(folder: Path, numbers: bytes = NUMBERS) -> Path:
    path = folder / "net.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("package/net.json", json.dumps(INDEX).encode()), ("package/net.bin", numbers)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def pinned(path: Path) -> Package:
    return Package(hashlib.sha256(path.read_bytes()).hexdigest(), "package/net")


def test_operations_and_constants_are_read(tmp_path: Path):
    path = package(tmp_path)
    nodes, constants = pinned(path).read(path)
    assert [(node.name, node.kind, node.inputs) for node in nodes] == [
        ("kernel", "Const", ()),
        ("out", "Conv2D", ("x", "kernel")),
    ]
    assert nodes[1].numbers("strides") == [1, 2, 2, 1]
    assert nodes[1].text("padding") == "SAME"
    assert constants["kernel"].dtype == np.float32
    assert constants["kernel"].tolist() == [[1, 2], [3, 0.5]]
    assert constants["axis"] == -1


def test_another_package_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="not the pinned package"):
        Package("0" * 64, "package/net").read(package(tmp_path))


def test_numbers_of_no_constant_are_refused(tmp_path: Path):
    path = package(tmp_path, NUMBERS + b"more")
    with pytest.raises(ValueError, match="4 bytes"):
        pinned(path).read(path)
