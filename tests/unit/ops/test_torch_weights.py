from __future__ import annotations

import io
import os
import pickle  # noqa: TID251  makes the hostile file
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ops.models.torch_weights import read_weights


class Hostile:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch hacked",)


@pytest.mark.parametrize("content", [Hostile(), {"weight": Hostile()}, {"weight": 5}, [1, 2]])
def test_what_is_no_table_of_tensors_is_refused(tmp_path: Path, content: object, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content))
    with pytest.raises(pickle.UnpicklingError):
        read_weights(tmp_path / "weights.pt")
    assert not (tmp_path / "hacked").exists()


def old(content: object, numbers: dict[str, NDArray[np.float32]], magic: int = 0x1950A86A20F9469CFC6C) -> bytes:
    """A checkpoint as PyTorch wrote them before 1.6."""
    row = [pickle.dumps(part, protocol=2) for part in (magic, 1001, {"little_endian": True})]
    row += [_Dumped.dumps(content), pickle.dumps(list(numbers), protocol=2)]
    return b"".join(row) + b"".join(struct.pack("<q", value.size) + value.tobytes() for value in numbers.values())


class _Tensor:
    def __init__(self, key: str, shape: tuple[int, ...], offset: int = 0) -> None:
        self.key, self.shape, self.offset = key, shape, offset

    def __reduce__(self) -> tuple[object, ...]:
        step = tuple(int(np.prod(self.shape[place + 1 :])) for place in range(len(self.shape)))
        return _rebuild_tensor_v2, (_Storage(self.key, 6), self.offset, self.shape, step, False, OrderedDict())


class _Storage:
    def __init__(self, key: str, count: int) -> None:
        self.key, self.count = key, count


class FloatStorage:
    pass


def _rebuild_tensor_v2(*_: object) -> None:
    raise AssertionError("only its name is used")


FloatStorage.__module__ = "torch"
_rebuild_tensor_v2.__module__ = "torch._utils"


class _Dumped(pickle._Pickler):  # the one in Python, which writes names without looking whether they can be imported
    @classmethod
    def dumps(cls, content: object) -> bytes:
        file = io.BytesIO()
        cls(file, protocol=2).dump(content)
        return file.getvalue()

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if getattr(obj, "__module__", "").startswith("torch"):
            self.write(pickle.GLOBAL + f"{obj.__module__}\n{obj.__name__}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    dispatch: ClassVar[dict[Any, Any]] = {**pickle._Pickler.dispatch, type: save_global, type(old): save_global}

    def persistent_id(self, obj: object) -> object:
        if isinstance(obj, _Storage):
            return ("storage", FloatStorage, obj.key, "cpu", obj.count, None)
        return None


def test_the_first_format_is_read(tmp_path: Path) -> None:
    numbers = {"7": np.arange(6, dtype=np.float32), "9": np.arange(6, 12, dtype=np.float32)}
    table = OrderedDict(a=_Tensor("9", (2, 3)), b=_Tensor("7", (4,), offset=2))
    (tmp_path / "weights.pth").write_bytes(old(table, numbers))
    found = read_weights(tmp_path / "weights.pth")
    assert list(found) == ["a", "b"]
    assert found["a"].tolist() == [[6, 7, 8], [9, 10, 11]]
    assert found["b"].tolist() == [2, 3, 4, 5]


def test_hostile_files_of_the_first_format_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (old({"weight": Hostile()}, {}), pickle.dumps(Hostile()), old(OrderedDict(), {}, magic=5)):
        (tmp_path / "weights.pth").write_bytes(content)
        with pytest.raises(pickle.UnpicklingError):
            read_weights(tmp_path / "weights.pth")
    assert not (tmp_path / "hacked").exists()
