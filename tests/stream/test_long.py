"""A result of hours, of twelve in the long form: 1,500 chunks of speech and 720 batches of frames through the join,
the ranking and back.
"""

from __future__ import annotations

import asyncio
import random

import pytest
from aiokafka import AIOKafkaProducer

from processors.domain import (
    BatchAnalysis,
    ChunkTranscript,
    ExtractionEnd,
    Face,
    FrameAnalysis,
    Label,
    Shot,
    StreamFacts,
    Utterance,
    VideoFacts,
    Word,
)
from processors.options import Options
from schemas.messages import END_INDEX, Header, TranscriptMessage, VideoMetadataMessage, VisionResultMessage
from streams import codec, topics
from streams.connection import client_options
from tests.pipeline import Pipeline, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(700)]
CHUNKS, CHUNK_MS = 125, 28_800  # an hour
BATCHES, BATCH_MS, FRAMES = 60, 60_000, 6
HOUR_MS = CHUNKS * CHUNK_MS
RECORD_BYTES = 1_048_576  # what one may hold by Kafka's default
WORDS = [
    "we",
    "the",
    "people",
    "of",
    "a",
    "small",
    "town",
    "found",
    "out",
    "why",
    "water",
    "rises",
    "so",
    "fast",
    "here",
    "and",
    "what",
    "to",
    "do",
    "about",
    "it",
    "now",
]


def header(video_id: str, stage: str, index: int) -> Header:
    return Header(video_id, 0, stage, index, "ok", None, 1, Options(), None, 900, False)


def transcript(index: int, chance: random.Random) -> ChunkTranscript:
    """Speech of 75 words in sentences."""
    start, said = index * CHUNK_MS, []
    for first in range(0, 75, 15):
        at = start + first * 380
        words = [
            Word(at + n * 380, at + n * 380 + 300, chance.choice(WORDS) + ("." if n == 14 else ""), 0.9)
            for n in range(15)
        ]
        text = " ".join(word.text for word in words)
        said.append(Utterance(at, words[-1].end_ms, text, "en", words, -0.3, 0.01, -20.0))
    return ChunkTranscript(start, start + CHUNK_MS, CHUNK_MS, "en", 0.99, said, [], "base")


def analysis(index: int) -> BatchAnalysis:
    """Six frames with labels, text and a face."""
    frames = [
        FrameAnalysis(
            f"blob:{index:032x}{number:032x}", index * BATCH_MS + number * 10_000, index, [Label("person", 0.9)] * 5,
            ["A line of text on the screen"], [Face(0.1, 0.1, 0.2, 0.2, 0.9)], "people", 0.5, 120.0, 0.5, 0.3, 0.1,
            "local", "yunet",
        )
        for number in range(FRAMES)
    ]  # fmt: skip
    return BatchAnalysis(frames, [Shot(index, index * BATCH_MS, (index + 1) * BATCH_MS)], 0.0)


async def send(settings, video_id: str, hours: int) -> int:
    """Send all parts; returns the bytes."""
    chance, chunks, batches, length_ms = random.Random(1), hours * CHUNKS, hours * BATCHES, hours * HOUR_MS
    facts = VideoFacts("mp4", length_ms, 10**10, "Half a day", "0" * 64, [
        StreamFacts(0, "video", "h264", 0, length_ms, True, None, 1920, 1080, 0, 25.0, None, None),
        StreamFacts(1, "audio", "aac", 0, length_ms, True, "eng", None, None, None, None, 48_000, 2),
    ], [])  # fmt: skip
    messages = [(topics.VIDEO_METADATA, VideoMetadataMessage(header(video_id, "metadata", 0), facts))]
    for index in range(chunks):
        spoken = TranscriptMessage(header(video_id, "transcriber", index), transcript(index, chance), None)
        messages.append((topics.TRANSCRIPT, spoken))
    for index in range(batches):
        messages.append(
            (topics.VISION_RESULT, VisionResultMessage(header(video_id, "vision", index), analysis(index), None))
        )
    ends = ((topics.TRANSCRIPT, TranscriptMessage, chunks), (topics.VISION_RESULT, VisionResultMessage, batches))
    for spec, kind, count in ends:
        end = ExtractionEnd(count, count, length_ms, [])
        messages.append((spec, kind(header(video_id, spec.name, END_INDEX), None, end)))
    async with AIOKafkaProducer(**client_options(settings), acks="all", linger_ms=20) as producer:
        total = 0
        for spec, message in messages:
            value = codec.encode(spec, message)
            total += len(value)
            partition = topics.video_partition(video_id, spec.partitions)
            await producer.send(settings.topic(spec.name), value, key=video_id.encode(), partition=partition)
    return total


@pytest.mark.parametrize("hours", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_hours_pass_every_topic_behind_recognition(pipeline: Pipeline, hours: int):
    name = f"{hours}-hours"
    sent = asyncio.run(send(pipeline.settings, name, hours))
    assert sent > hours * RECORD_BYTES / 3, "more than one record may hold"
    until(lambda: pipeline.status(name) == "final", "it is final", 360)
    result = pipeline.latest()[name]
    assert (result.duration_ms, result.missing) == (hours * HOUR_MS, [])
    assert len(result.segments) == Options().max_segments
    assert len(codec.encode(topics.SEGMENTS, result)) < 100_000
    assert result.document_uri is not None
    assert len(pipeline.blobs.get(result.document_uri)) > hours * RECORD_BYTES / 3
