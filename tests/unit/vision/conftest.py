"""Tools of a job, with the face model from wherever models are on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from processors.models.store import ModelStore

from processors.blobs import BlobStore
from processors.errors import ModelUnavailable
from processors.tools import Tools

_MODELS = Path(__file__).resolve().parents[4] / "shared" / "models"


@pytest.fixture(scope="session")
def models() -> ModelStore:
    """The model store, offline."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clipstream"
    folder = os.environ.get("CLIPSTREAM_MODELS_DIR")
    local = Path(folder) if folder else _MODELS if _MODELS.is_dir() else None
    return ModelStore(local, cache, allow_download=False)


@pytest.fixture(scope="session")
def face_model(models: ModelStore) -> Path:
    """The face detector; without it the tests of faces are left out."""
    try:
        return models.path("yunet")
    except ModelUnavailable as error:
        pytest.skip(f"{error.reason} Run `clipstream models pull`.")


@pytest.fixture
def tools(tmp_path: Path, models: ModelStore) -> Tools:
    """Tools of a job with an empty blob store."""
    return Tools(BlobStore(str(tmp_path / "blobs")), models, threads=1, asr_model=None, work_dir=tmp_path)
