"""Makes `processors/content/data/intents.json`: the vectors of the sentences that stand for each intent.

Run by hand after a change of `processors.content.intent.EXAMPLES` or of the encoder; a test compares::

    python -m ops.models.embed_intents
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from processors.content import intent
from processors.content.embedding import MODEL, SentenceEncoder
from processors.content.vectors import encoded
from processors.models.store import ModelStore
from streams.settings import Settings

TARGET: Final = Path(intent.__file__).parent / "data" / "intents.json"


def embedded(encoder: SentenceEncoder) -> dict[str, list[str]]:
    """Intent -> the vectors of its sentences."""
    return {
        name: [encoded(encoder.embed([sentence])[0]) for sentence in sentences]
        for name, sentences in intent.EXAMPLES.items()
    }


if __name__ == "__main__":
    found = embedded(SentenceEncoder(ModelStore(None, Settings().cache_dir).path(MODEL)))
    TARGET.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
