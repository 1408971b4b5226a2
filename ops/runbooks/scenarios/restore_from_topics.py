"""Tables, their changelog, caches and the database are lost; all of it comes back out of the topics."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Final

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import FINAL_LIMIT_S, SAMPLE, is_final
from processors.blobs import BlobStore
from streams import topics
from streams.admin import connect
from streams.client import latest_results, read_all
from streams.join.rows import changelog_name
from streams.results import canonical

DONE: Final = "done"
OPEN: Final = "open"
_LOST: Final = ("tables", "cache", "valkey", "postgres")
_OPTIONS: Final = "--option profile=fast --option vision=off"


def run(book: Book) -> None:
    """One video through and one half through, everything lost that can be lost, then the page."""
    book.set_up("clipstream up --detach --db")
    book.set_up(f"clipstream ingest {SAMPLE} --video-id {DONE} {_OPTIONS}")
    is_final(book, DONE, 2 * FINAL_LIMIT_S)
    before = _canonical(book)[DONE]
    book.until("the database has it", lambda: book.ask("clipstream db verify").code == 0, 180)
    rows = json.loads(book.ask("clipstream db verify --json").out)
    # with another profile nothing of it is cached, so it is still under way when `down` comes
    book.set_up(f"clipstream ingest {SAMPLE} --video-id {OPEN} --option profile=balanced --option vision=off")
    book.until("some of its chunks are recognised", lambda: _chunks(book) >= 2, FINAL_LIMIT_S)
    book.run("down")

    _lose(book)
    seen, _ = book.run("rebuild")
    book.check("a join is found that waits for parts", "1 of which wait for parts" in " ".join(seen.text.split()))
    book.run("up")
    is_final(book, OPEN, 2 * FINAL_LIMIT_S)
    # not all of it: what its first chunks mean was committed, so it was in the old database only
    told = f"{OPEN} videos:"
    book.until("the sink has written its result", lambda: told not in book.ask("clipstream db verify").out, 180)
    book.check("the first one is not in the new database", f"{DONE} " in book.ask("clipstream db verify").out)
    book.run("refill")
    book.run("after")

    results = _canonical(book)
    book.check("the canonical bytes are those of before", results[DONE] == before)
    again = json.loads(book.ask("clipstream db verify --json").out)
    book.check("all rows are there again", again["rows"]["utterances"] > rows["rows"]["utterances"])
    book.check("no difference between topics and database", again["differences"] == [])
    book.set_up(f"clipstream replay --video {OPEN} --fresh")
    book.set_up(f"clipstream results {OPEN} --wait {FINAL_LIMIT_S:.0f}", limit_s=FINAL_LIMIT_S)
    book.check("the half-done one has the bytes of a run without loss", _canonical(book)[OPEN] == results[OPEN])


def _lose(book: Book) -> None:
    """The joiner's changelog, then folders."""
    book.set_up("clipstream up --detach --no-agents")
    settings = book.settings()
    topic = changelog_name(settings.group("joiner"))

    async def delete() -> None:
        admin = await connect(settings)
        try:
            await admin.delete_topics([topic])
        finally:
            await admin.close()

    book.fault(f"topic {topic} is deleted")
    asyncio.run(delete())
    book.set_up("clipstream down")
    for name in _LOST:
        if (book.data / name).exists():
            book.fault(f"<data>/{name} is deleted")
            shutil.rmtree(book.data / name)


def _chunks(book: Book) -> int:
    async def count() -> int:
        return len([one async for one in read_all(book.settings(), topics.TRANSCRIPT) if one.header.video_id == OPEN])

    return asyncio.run(count())


def _canonical(book: Book) -> dict[str, bytes]:
    settings = book.settings()
    blobs = BlobStore(settings.store)
    return {name: canonical(one, blobs) for name, one in asyncio.run(latest_results(settings)).items()}


__all__ = ["run"]
