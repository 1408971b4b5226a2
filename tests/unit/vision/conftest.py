"""Tools of a job, with the models that this machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.models.store import ModelStore
from processors.tools import Tools


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Tools of a job with an empty blob store; the face detector comes with clipstream."""
    models = ModelStore(None, tmp_path / "cache", allow_download=False)
    return Tools(BlobStore(str(tmp_path / "blobs")), models, threads=1, asr_model=None, work_dir=tmp_path)
