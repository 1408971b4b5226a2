"""Reads the tensors of a PyTorch checkpoint without PyTorch and without running what the file says.

A checkpoint is a zip with a pickle that names tensors and one file of raw numbers for each. A pickle may name any
function of Python to be called; here it may name four things, all of which are answered by code of this file.
"""

from __future__ import annotations

import io
import pickle  # noqa: TID251  the one reader that refuses everything but tensors
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_TYPES: Final = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_weights(path: Path) -> dict[str, Array]:
    """The tensors of a checkpoint that was written by `torch.save(model.state_dict())`, by name.

    Raises:
        pickle.UnpicklingError: it names anything but tensors.
        zipfile.BadZipFile: no checkpoint of this form.
    """
    with zipfile.ZipFile(path) as archive:
        index = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        found = _Reader(archive.read(index), archive, index.removesuffix("data.pkl")).load()
    if not isinstance(found, dict) or not all(isinstance(value, np.ndarray) for value in found.values()):
        raise pickle.UnpicklingError(f"{path} holds something else than a table of tensors")
    return dict(found)


class _Reader(pickle.Unpickler):
    def __init__(self, index: bytes, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(index))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"a table of tensors does not need {module}.{name}")

    def persistent_load(self, pid: Any) -> Array:
        kind, dtype, key, _device, count = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown kind of reference: {kind}")
        return np.frombuffer(self._archive.read(f"{self._root}data/{key}"), dtype=dtype, count=count)


def _tensor(storage: Array, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Array:
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy()


__all__ = ["Array", "read_weights"]
