"""What somebody looks for, as a vector like those in the database: by the encoder that the content agent uses."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir

from processors.blobs import BlobStore
from processors.content.embedding import encoder
from processors.content.understanding import vector_of
from processors.models.store import ModelStore
from processors.tools import Tools
from streams.database.batch import components
from streams.settings import Settings


def vector_of_words(words: str, settings: Settings) -> tuple[int, ...] | None:
    """Components of the vector; None for words that mean nothing. Loads the encoder at its first call (0.3 s, 65 MB).

    Raises:
        ModelUnavailable: the encoder cannot be had.
    """
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    tools = Tools(BlobStore(settings.store), models, 1, None, Path(gettempdir()))
    found = components(vector_of(words, encoder(tools)))
    return None if found is None else tuple(found)


__all__ = ["vector_of_words"]
