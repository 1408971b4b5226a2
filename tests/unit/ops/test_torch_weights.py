from __future__ import annotations

import os
import pickle  # noqa: TID251  makes the hostile file
import zipfile
from pathlib import Path

import pytest

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
