"""Reads the tensors of a PyTorch checkpoint without PyTorch and without running what the file says.

A checkpoint is a zip with a pickle that names tensors and one file of raw numbers for each; before PyTorch 1.6 it was a
row of pickles with the raw numbers behind them. A pickle may name any function of Python to be called; here it may name
four things, all of which are answered by code of this file.
"""

from __future__ import annotations

import io
import pickle  # noqa: TID251  the one reader that refuses everything but tensors
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_MAGIC: Final = 0x1950A86A20F9469CFC6C  # begins checkpoints of the first format
_COUNT: Final = 8  # bytes of the count before the numbers of a tensor
_TYPES: Final = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_weights(path: Path) -> dict[str, Array]:
    """The tensors of a checkpoint that was written by `torch.save(model.state_dict())`, by name.

    Raises:
        pickle.UnpicklingError: it names anything but tensors, or is no checkpoint of these forms.
    """
    found = _zipped(path) if zipfile.is_zipfile(path) else _row(path.read_bytes())
    if not isinstance(found, dict) or not all(isinstance(value, np.ndarray) for value in found.values()):
        raise pickle.UnpicklingError(f"{path} holds something else than a table of tensors")
    return dict(found)


def _zipped(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        index = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = index.removesuffix("data.pkl")
        return _Reader(io.BytesIO(archive.read(index)), lambda key, *_: archive.read(f"{root}data/{key}")).load()


def _row(content: bytes) -> Any:
    """The first format: magic number, version, facts of the machine, tensors, keys of their numbers, the numbers.

    The tensors are read twice: where the numbers of each begin is known only behind them.
    """
    file = io.BytesIO(content)
    sizes: dict[str, int] = {}

    def noted(key: str, dtype: str, count: int) -> bytes:
        sizes[key] = count * np.dtype(dtype).itemsize
        return bytes(sizes[key])

    if _Reader(file, noted).load() != _MAGIC:
        raise pickle.UnpicklingError("no checkpoint of PyTorch")
    _Reader(file, noted).load(), _Reader(file, noted).load()
    index = file.tell()
    _Reader(file, noted).load()
    keys = _Reader(file, noted).load()
    raw = {}
    for key in keys:
        file.seek(_COUNT, io.SEEK_CUR)  # how many numbers follow
        raw[key] = file.read(sizes[key])
    file.seek(index)
    return _Reader(file, lambda key, *_: raw[key]).load()


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, numbers: Callable[[str, str, int], bytes]) -> None:
        super().__init__(file)
        self._numbers = numbers

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"a table of tensors does not need {module}.{name}")

    def persistent_load(self, pid: Any) -> Array:
        kind, dtype, key, _device, count = pid[:5]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown kind of reference: {kind}")
        return np.frombuffer(self._numbers(key, dtype, count), dtype=dtype, count=count)


def _tensor(storage: Array, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Array:
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy()


__all__ = ["Array", "read_weights"]
