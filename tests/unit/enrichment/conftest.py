"""Tools of a job; services are forgotten after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.models.store import ModelStore
from processors.segments.platforms import RULES
from processors.service import forget_clients
from processors.tools import Tools


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Tools of a job with an empty blob store."""
    models = ModelStore(None, tmp_path / "cache", allow_download=False)
    return Tools(BlobStore(str(tmp_path / "blobs")), models, threads=1, asr_model=None, work_dir=tmp_path)


@pytest.fixture(autouse=True)
def _clients() -> Iterator[None]:
    yield
    forget_clients()


@pytest.fixture
def tight_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """One platform whose titles are shorter than the general one."""
    tight = {**RULES, "reels": RULES["reels"].model_copy(update={"title_chars": 55})}
    monkeypatch.setattr("processors.enrichment.platform_limits.RULES", tight)
