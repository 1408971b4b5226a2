"""A storm of valid items that fail: the stage stops itself, stays down, says why, and loses nothing."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from processors.domain import AudioChunk, Span
from processors.options import Options
from schemas.messages import AudioChunkMessage, Header
from streams import codec, topics
from streams.admin import create_topics
from streams.supervisor import read_states
from tests.pipeline import Pipeline, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
SENT, LIMIT = 40, 5


def chunk(number: int, digest: str) -> AudioChunkMessage:
    """A valid message about one second of sound."""
    header = Header(f"storm-{number}", 0, "audio-extractor", 0, "ok", None, 1, Options(), None, 0, False)
    return AudioChunkMessage(header, AudioChunk(f"blob:{digest}", 0, 1000, [Span(0, 1000)], None, None), None)


async def send(settings, messages: list[AudioChunkMessage]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers()) as producer:
        for message in messages:
            video_id = message.header.video_id
            value, key = codec.encode(topics.AUDIO_CHUNK, message), topics.item_key(video_id, 0)
            partition = topics.item_partition(video_id, 0, topics.AUDIO_CHUNK.partitions)
            await producer.send_and_wait(settings.topic("audio-chunk"), value, key=key, partition=partition)


def test_a_stage_stops_at_its_limit_stays_down_and_goes_on_when_the_cause_is_gone(cluster_settings, tmp_path):
    settings = cluster_settings.model_copy(
        update={
            "topic_prefix": "limit-",
            "data_dir": tmp_path,
            "cache_url": "",
            "retries": 0,
            "dead_letter_max_consecutive": LIMIT,
        }
    )
    asyncio.run(create_topics(settings))
    # the store answers with an error for each blob, as a broken mount does
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(SENT)]
    broken = [Path(settings.store) / digest[:2] / digest for digest in digests]
    for path in broken:
        path.mkdir(parents=True)
    asyncio.run(send(settings, [chunk(number, digest) for number, digest in enumerate(digests)]))
    with Pipeline(settings, ("transcriber",)) as pipeline:
        worker = pipeline.supervisor.children[0]

        def told() -> dict[str, Any]:
            """What `status` is told, which is written after the supervisor knows it."""
            return read_states(settings.data_dir).get("transcriber", {})

        until(lambda: told().get("state") == "down", "the stage is down", 150)
        assert worker.last_exit == "exit 78"
        assert "6 valid items failed in a row" in worker.reason
        assert told()["reason"] == worker.reason
        letters = pipeline.read(topics.DEAD_LETTER)
        assert LIMIT < len(letters) < SENT
        starts = worker.restarts
        for _ in range(20):  # some polls of the supervisor
            pipeline.supervisor.poll()
        assert (worker.state, worker.restarts) == ("down", starts)
    for path in broken:
        path.rmdir()  # missing blobs are broken items, not a broken stage: letters, and it goes on
    with Pipeline(settings, ("transcriber",)) as pipeline:
        until(
            lambda: len({m.header.video_id for m in pipeline.read(topics.TRANSCRIPT)}) == SENT,
            "every item is told of",
            150,
        )
        assert pipeline.crashes("transcriber") == []
        letters = pipeline.read(topics.DEAD_LETTER)
    assert {letter.video_id for letter in letters} == {f"storm-{number}" for number in range(SENT)}
