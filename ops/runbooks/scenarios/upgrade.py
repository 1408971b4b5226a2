"""A newer version comes in while videos go through; at first in the wrong order, which the right one mends."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._newer import NEW_ID, TOPIC, VERSION, make_newer
from ops.runbooks.scenarios._steps import FINAL_LIMIT_S, SAMPLE
from ops.runbooks.transcript import PROJECT
from processors.blobs import BlobStore
from processors.options import Options
from schemas.messages import Segments
from streams import topics
from streams.client import latest_results, producing, read_all, read_records, request_for
from streams.restarting import READERS_FIRST
from streams.results import canonical
from streams.settings import Settings

# Names that are in no text of a result, since they are taken out of it to compare.
FIRST: Final = "up-first"
MISTAKEN: Final = "up-early"
# Sound alone by the small model, so that there is room for the restarts on two cores.
_OPTIONS: Final = Options(profile="fast", vision="off")
_EVERY_S: Final = 5.0
_MOST: Final = 8
_FRESH: Final = 2  # of them compute; the others go through out of the cache
_ID: Final = struct.Struct(">xI")


def run(book: Book) -> None:
    """Old version, a writer too early, all in order, and a look at every video."""
    newer, current = book.folder / "newer", book.folder / "current"
    make_newer(newer)
    current.symlink_to(PROJECT)
    book.environment["PYTHONPATH"] = str(current)
    book.set_up("clipstream up --detach")
    settings = book.settings()
    _submit(settings, FIRST)
    book.set_up(f"clipstream results {FIRST} --wait {FINAL_LIMIT_S:.0f}", limit_s=2 * FINAL_LIMIT_S)
    old_ids = _ids(settings)

    book.fault(f"version {VERSION} is installed: transcripts have a new schema id, the segmenter another version")
    _switch(current, newer)
    book.set_up("clipstream restart transcriber", limit_s=2 * FINAL_LIMIT_S)
    _submit(settings, MISTAKEN)
    book.until(
        "the old joiner says that it has to be upgraded", lambda: "Upgrade this worker" in _reason(book), FINAL_LIMIT_S
    )
    book.run("before")

    with _more(book, settings) as sent:
        (restarted,) = book.run("restart", limit_s=1_800)
    lines = [line.split()[:3] for line in restarted.out.splitlines()]
    wanted = [[name, "version", f"{VERSION},"] for name in READERS_FIRST if name not in ("sink", "enricher")]
    book.check(f"every agent runs {VERSION}, readers first", lines == wanted)
    book.check(f"{len(sent)} videos were sent meanwhile", len(sent) > _FRESH)

    every = {FIRST, MISTAKEN, *sent}
    book.until("all videos are final", lambda: _final(settings) >= every, 2 * FINAL_LIMIT_S)
    letters = book.run("after")[1]
    results = asyncio.run(latest_results(settings))
    blobs = BlobStore(settings.store)
    forms = {name: canonical(one, blobs).replace(name.encode(), b"ID") for name, one in results.items()}
    others = [f"{name}: {_differing(forms[FIRST], form)}" for name, form in forms.items() if form != forms[FIRST]]
    book.check("0 lost: all that was sent has a result", set(results) == every)
    which = f" (others: {'; '.join(others)})" if others else ""
    book.check(f"all have the bytes that the old version gave, but for their ids{which}", not others)
    book.check("none was published twice with other bytes", _is_once(settings, blobs))
    ids = _ids(settings)
    book.check("transcripts of both versions are on the topic", set(ids) == {*old_ids, 1_000_000 + NEW_ID})
    book.check("no dead letter came of it", not any(name in letters.text for name in every))
    agents = book.status()["agents"]
    book.check("all agents work", all(one["members"] and one["state"] == "running" for one in agents))


def _switch(link: Path, target: Path) -> None:
    """At once, as an installer does: nobody sees a moment without."""
    fresh = link.with_name("next")
    fresh.symlink_to(target)
    fresh.replace(link)


def _submit(settings: Settings, video_id: str, *, fresh: bool = True) -> None:
    async def send() -> None:
        request = request_for(str(SAMPLE), _OPTIONS, video_id, settings)
        async with producing(settings) as submit:
            await submit(replace(request, replay_from="all", fresh=True) if fresh else request)

    asyncio.run(send())


@contextmanager
def _more(book: Book, settings: Settings) -> Iterator[list[str]]:
    """Videos that are sent, one after the other, while the body runs."""
    done, sent = threading.Event(), list[str]()

    def send() -> None:
        while len(sent) < _MOST and not done.wait(_EVERY_S if sent else 0.0):
            name = f"up-{len(sent):02}"
            _submit(settings, name, fresh=len(sent) < _FRESH)
            sent.append(name)
            book.fault(f"{name} is submitted")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        done.set()
        thread.join()


def _reason(book: Book) -> str:
    return next((one.get("reason", "") for one in book.status().get("agents", []) if one["agent"] == "joiner"), "")


def _differing(wanted: bytes, found: bytes) -> list[str]:
    """Fields of results that are not the same."""
    one, other = json.loads(wanted), json.loads(found)
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _ids(settings: Settings) -> Counter[int]:
    """Schema ids of the records on the topic that changed."""

    async def collect() -> Counter[int]:
        spec = topics.BY_NAME[TOPIC]
        return Counter([_ID.unpack_from(one.value)[0] async for one in read_records(settings, spec)])

    return asyncio.run(collect())


def _final(settings: Settings) -> set[str]:
    found = asyncio.run(latest_results(settings))
    return {name for name, one in found.items() if one.status == "final"}


def _is_once(settings: Settings, blobs: BlobStore) -> bool:
    """Whether each (video, generation, revision) has one form, however often it was published."""

    async def collect() -> list[Segments]:
        return [one async for one in read_all(settings, topics.SEGMENTS)]

    forms: dict[tuple[str, tuple[int, ...]], set[bytes]] = {}
    for one in asyncio.run(collect()):
        forms.setdefault((one.video_id, tuple(one.order)), set()).add(canonical(one, blobs))
    return all(len(found) == 1 for found in forms.values())


__all__ = ["run"]
