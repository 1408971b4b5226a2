from __future__ import annotations

import pytest

from processors.content.embedding import MODEL, SentenceEncoder
from processors.models.store import ModelStore
from streams.settings import Settings


@pytest.fixture(scope="session")
def encoder() -> SentenceEncoder:
    """The real encoder; fetched once where it is not here."""
    return SentenceEncoder(ModelStore(None, Settings().cache_dir).path(MODEL))
