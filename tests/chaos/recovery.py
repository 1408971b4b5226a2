"""The restart test of the joiner: it is killed again and again while parts arrive; which videos lose some?

`python -m tests.chaos.recovery --kills 8` runs it twice, with Faust's own recovery of tables and with ours, and prints
the counts side by side. Parts are made up and sent straight to the joined topics, so that only the joiner is tried; its
tables are wiped each time, so that it has something to recover. A video that lost a part becomes `degraded` when the
deadline is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from ops.local.cluster import LocalCluster
from processors.domain import BatchAnalysis, ChunkContent, ChunkTranscript, ExtractionEnd, VideoFacts
from processors.options import Options
from schemas.messages import (
    END_INDEX,
    ContentResultMessage,
    Header,
    TranscriptMessage,
    VideoMetadataMessage,
    VisionResultMessage,
)
from streams import codec, topics
from streams.admin import create_topics
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.settings import Settings
from streams.supervisor import Supervisor
from streams.topics import TopicSpec
from tests.pipeline import Pipeline, until

CHUNKS: Final = 10
BATCHES: Final = 5
RECORDS_PER_S: Final = 60.0  # so slow that parts arrive before, during and after every kill
STOCK: Final = (sys.executable, "-m", "tests.chaos.stock_worker")
DEADLINE_S: Final = 5.0


def parts(video_id: str) -> Iterator[tuple[TopicSpec[Any], Any]]:
    """All records about a video that the joiner waits for."""

    def header(stage: str, index: int) -> Header:
        return Header(video_id, 0, stage, index, "ok", None, 1, Options(), None, 0, False)

    facts = VideoFacts("mp4", CHUNKS * 1000, 1, video_id, "0" * 64, [], [])
    yield topics.VIDEO_METADATA, VideoMetadataMessage(header("metadata", 0), facts)
    for index in range(CHUNKS):
        words = ChunkTranscript(index * 1000, index * 1000 + 1000, 0, None, None, [], [], "none")
        yield topics.TRANSCRIPT, TranscriptMessage(header("transcriber", index), words, None)
    for index in range(CHUNKS):
        nothing = ChunkContent(index * 1000, index * 1000 + 1000, [])
        yield topics.CONTENT_RESULT, ContentResultMessage(header("content", index), nothing, None)
    for index in range(BATCHES):
        yield topics.VISION_RESULT, VisionResultMessage(header("vision", index), BatchAnalysis([], [], 0.0), None)
    for spec, kind, stage, count in (
        (topics.TRANSCRIPT, TranscriptMessage, "transcriber", CHUNKS),
        (topics.VISION_RESULT, VisionResultMessage, "vision", BATCHES),
        (topics.CONTENT_RESULT, ContentResultMessage, "content", CHUNKS),
    ):
        end = ExtractionEnd(count, count, CHUNKS * 1000, [])
        yield spec, kind(header(stage, END_INDEX), None, end)


def compare(settings: Settings, kills: int, seed: int, *, stock: bool) -> dict[str, Any]:
    """Run the test once.

    Args:
        settings: with a broker; topics get a prefix of their own.
        kills: of the joiner.
        seed: of order and moments.
        stock: with Faust's own recovery.
    """
    prefix = f"{'stock' if stock else 'ours'}-{seed}-"
    settings = settings.model_copy(
        update={
            "topic_prefix": prefix,
            "join_deadline_s": DEADLINE_S,
            "data_dir": settings.data_dir / prefix,
            "store_url": str(settings.data_dir / prefix / "blobs"),
        }
    )
    asyncio.run(create_topics(settings))
    videos = [f"v{number:03d}" for number in range(kills * 25)]
    chance = random.Random(seed)
    # in the order of time, several videos at once
    records = [(spec, message) for video in videos for spec, message in parts(video)]
    records = [
        record for start in range(0, len(records), 72) for record in _shuffled(records[start : start + 72], chance)
    ]
    supervisor = Supervisor(settings, ("joiner",), SYSTEM_CLOCK, command=STOCK if stock else None)
    done = 0
    with Pipeline(settings, ("joiner",), supervisor) as pipeline:
        feeder = threading.Thread(target=lambda: asyncio.run(_feed(settings, records)))
        feeder.start()
        while done < kills and feeder.is_alive():
            time.sleep(chance.uniform(3.0, 8.0))  # the moment is the experiment
            os.kill(pipeline.pid("joiner"), signal.SIGKILL)
            shutil.rmtree(settings.data_dir / "tables", ignore_errors=True)
            until(lambda seen=done: pipeline.restarts("joiner") > seen, "it is started again")
            done += 1
        feeder.join()
        ends = {"final", "degraded", "failed"}

        def joined() -> dict[str, str]:
            found = sorted(pipeline.read(topics.VIDEO_JOINED), key=lambda message: message.revision)
            return {message.video_id: message.completeness for message in found if message.completeness in ends}

        # those that lost all their parts never end: nothing is known of them
        until(lambda: pipeline.lag("joiner") == 0, "the joiner is through", 300)
        _settled(joined, len(videos))
        found = joined()
        missing = {
            m.video_id: m.missing for m in pipeline.read(topics.VIDEO_JOINED) if found.get(m.video_id) != "final"
        }
        own_exits = pipeline.restarts("joiner") - done
    return {
        "recovery": "Faust's own" if stock else "streams/recovery.py",
        "kills": done,
        "videos": len(videos),
        **Counter(found.values()),
        "unknown": len(set(videos) - set(found)),
        "lost": sum(found.get(video) != "final" for video in videos),
        "missing": missing,
        "left by itself since it stood still": own_exits,
    }


def _settled(joined: Any, wanted: int) -> None:
    """Until all videos have ended, or nothing has changed for three deadlines."""
    known, since = -1, SYSTEM_CLOCK.monotonic_s()

    def settled() -> bool:
        nonlocal known, since
        if len(joined()) != known:
            known, since = len(joined()), SYSTEM_CLOCK.monotonic_s()
        return known == wanted or SYSTEM_CLOCK.monotonic_s() - since > 3 * DEADLINE_S + 20.0

    until(settled, "the joins end", 300)


async def _feed(settings: Settings, records: list[tuple[TopicSpec[Any], Any]]) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        for spec, message in records:
            video_id = message.header.video_id
            partition = topics.video_partition(video_id, spec.partitions)
            value = codec.encode(spec, message)
            await producer.send_and_wait(settings.topic(spec.name), value, key=video_id.encode(), partition=partition)
            await asyncio.sleep(1 / RECORDS_PER_S)
    finally:
        await producer.stop()


def _shuffled(records: list[Any], chance: random.Random) -> list[Any]:
    chance.shuffle(records)
    return records


def main() -> int:
    """Both sides; exit code 1 when ours lost anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ours-only", action="store_true", help="leave Faust's own recovery out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipstream-recovery-") as folder:
        settings = Settings(data_dir=Path(folder))
        with LocalCluster(settings.data_dir, settings.cache_dir) as cluster:
            settings = settings.model_copy(update={"broker_url": cluster.describe().broker_url})
            both = [
                compare(settings, chosen.kills, chosen.seed, stock=stock)
                for stock in ((False,) if chosen.ours_only else (True, False))
            ]
    sys.stdout.write(json.dumps(both, indent=2) + "\n")
    return 1 if both[-1]["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
