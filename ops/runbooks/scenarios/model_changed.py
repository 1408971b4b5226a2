"""Another recogniser while results exist: what is computed again, what the cache keeps, and the way back."""

from __future__ import annotations

import asyncio
from typing import Final

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import FINAL_LIMIT_S, submit, up
from processors.blobs import BlobStore
from schemas.messages import Segments
from streams.client import latest_results
from streams.results import canonical

VIDEO: Final = "talk"
# What does not hang on words, and so is never computed again.
_OTHERS: Final = ("audio-extractor", "frame-extractor", "metadata", "vision")


def run(book: Book) -> None:
    """Change, replay, look, change back."""
    up(book)
    submit(book, VIDEO)
    book.set_up(f"clipstream results {VIDEO} --wait {FINAL_LIMIT_S:.0f}", limit_s=FINAL_LIMIT_S)
    book.bind(VIDEO_ID=VIDEO)
    book.run("before")
    first, before = _result(book)

    book.run("change")
    book.run("replay", limit_s=FINAL_LIMIT_S)
    book.run("after")
    changed, after = _result(book)
    computed, cached = _counts(changed)
    book.check("the new generation is final", changed.generation == 1 and changed.status == "final")
    book.check("no chunk is of the old model", "tiny.en" in changed.run.models and "base" not in changed.run.models)
    book.check("every chunk was recognised anew", computed["transcriber"] > 0 and cached["transcriber"] == 0)
    book.check("nothing else was computed", all(not computed[stage] and cached[stage] for stage in _OTHERS))
    book.check("the words are others", after != before)

    book.run("back", limit_s=FINAL_LIMIT_S)
    again, back = _result(book)
    computed, _ = _counts(again)
    book.check("the old models again, as generation 2", again.generation == 2 and again.run.models == first.run.models)
    book.check("nothing was computed: the cache had kept it", not sum(computed.values()))
    book.check("the canonical bytes are those of before", back == before)


def _result(book: Book) -> tuple[Segments, bytes]:
    settings = book.settings()
    result = asyncio.run(latest_results(settings))[VIDEO]
    return result, canonical(result, BlobStore(settings.store))


def _counts(result: Segments) -> tuple[dict[str, int], dict[str, int]]:
    """By stage: what was computed, and what came out of the cache."""
    stages = result.run.stages
    return {one.stage: one.records - one.cached for one in stages}, {one.stage: one.cached for one in stages}


__all__ = ["run"]
