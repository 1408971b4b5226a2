"""The videos of a day anew from recognition on, beside one of another day: each once, with the bytes that it had."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime, timedelta
from typing import Final

from aiokafka import AIOKafkaProducer

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import FINAL_LIMIT_S, SAMPLE, up
from processors.blobs import BlobStore
from processors.options import Options
from schemas.messages import Segments
from streams import codec, topics
from streams.client import latest_results, read_all, read_records, request_for
from streams.connection import client_options
from streams.replay_day import bounds_ms
from streams.results import canonical
from streams.settings import Settings

OF_DAY: Final = ("monday-1", "monday-2", "monday-3")
OTHER: Final = "tuesday-1"
# Cheap ones: sound alone by the small model, so that a day is through in a minute.
_OPTIONS: Final = Options(profile="fast", vision="off")
_COMPUTED: Final = {"transcriber", "content", "segmenter"}


def run(book: Book) -> None:
    """Fill two days, replay one of them, compare."""
    day = datetime.now().astimezone().date() - timedelta(days=2)
    up(book)
    book.fault(f"{len(OF_DAY)} videos were submitted two days ago, one a day later")
    asyncio.run(_submit(book.settings(), day))
    every = " ".join((*OF_DAY, OTHER))
    book.set_up(f"clipstream results {every} --wait {FINAL_LIMIT_S:.0f}", limit_s=FINAL_LIMIT_S)
    before = _canonical(book)
    requests = _requests(book)

    book.bind(DAY_DATE=day.isoformat(), **{f"VIDEO_{number}": name for number, name in enumerate(OF_DAY, 1)})
    (look,) = book.run("look")
    told = [f"{name}  generation 1" for name in OF_DAY]
    book.check("the look names the videos of the day alone", look.out.splitlines() == told)
    book.check("and has sent nothing", _requests(book) == requests)

    book.run("replay")
    book.run("watch")
    book.run("wait", limit_s=1_200)
    book.run("made")
    letters = book.run("after")[1]
    results = asyncio.run(latest_results(book.settings()))
    book.check("the day's are generation 1, final", _states(results) == {("final", 1)})
    book.check("the other day's is untouched", results[OTHER].generation == 0)
    for name in OF_DAY:
        stages = results[name].run.stages
        computed = {one.stage for one in stages if one.cached < one.records}
        book.check(f"{name}: {', '.join(sorted(computed))} computed, the rest cached", computed == _COMPUTED)
    book.check("each video was sent once", _requests(book) - requests == len(OF_DAY))
    book.check("each has one last result of the generation", asyncio.run(_finals(book.settings())) == set(OF_DAY))
    book.check("the canonical bytes are those of before", _canonical(book) == before)
    book.check("no dead letter came of it", not re.search(r"monday|tuesday", letters.text))
    book.until("no stage has lag", lambda: all(not one["lag"] for one in book.status()["agents"]))


async def _submit(settings: Settings, day: date) -> None:
    """As `ingest` does, with the times of those days."""
    noon_ms = sum(bounds_ms(day)) // 2
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        for name in (*OF_DAY, OTHER):
            request = request_for(str(SAMPLE), _OPTIONS, name, settings)
            at_ms = noon_ms + (86_400_000 if name == OTHER else 0)
            value = codec.encode(topics.VIDEO_INGESTED, request)
            topic = settings.topic(topics.VIDEO_INGESTED.name)
            await producer.send_and_wait(topic, value, key=name.encode(), timestamp_ms=at_ms)
    finally:
        await producer.stop()


def _requests(book: Book) -> int:
    async def count() -> int:
        return sum([1 async for _ in read_records(book.settings(), topics.VIDEO_INGESTED)])

    return asyncio.run(count())


def _canonical(book: Book) -> dict[str, bytes]:
    settings = book.settings()
    blobs = BlobStore(settings.store)
    return {name: canonical(one, blobs) for name, one in asyncio.run(latest_results(settings)).items()}


def _states(results: dict[str, Segments]) -> set[tuple[str, int]]:
    return {(results[name].status, results[name].generation) for name in OF_DAY}


async def _finals(settings: Settings) -> set[str]:
    """Videos of which generation 1 has exactly one final revision; a worker that died may have told it twice."""
    found: dict[str, set[int]] = {}
    async for one in read_all(settings, topics.SEGMENTS):
        if one.generation == 1 and one.status == "final":
            found.setdefault(one.video_id, set()).add(one.revision)
    return {name for name, revisions in found.items() if len(revisions) == 1}


__all__ = ["run"]
