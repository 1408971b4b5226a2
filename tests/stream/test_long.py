"""A result of twelve hours: 1,500 chunks of speech and 720 batches of frames through the join, the ranking and back."""

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
VIDEO = "twelve-hours"
CHUNKS, CHUNK_MS = 1_500, 28_800
BATCHES, BATCH_MS, FRAMES = 720, 60_000, 6
HOURS_MS = CHUNKS * CHUNK_MS
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


def header(stage: str, index: int) -> Header:
    return Header(VIDEO, 0, stage, index, "ok", None, 1, Options(), None, 900, False)


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


async def send(settings) -> int:
    """Send all parts; returns the bytes."""
    chance = random.Random(1)
    facts = VideoFacts("mp4", HOURS_MS, 10**10, "Half a day", "0" * 64, [
        StreamFacts(0, "video", "h264", 0, HOURS_MS, True, None, 1920, 1080, 0, 25.0, None, None),
        StreamFacts(1, "audio", "aac", 0, HOURS_MS, True, "eng", None, None, None, None, 48_000, 2),
    ], [])  # fmt: skip
    messages = [(topics.VIDEO_METADATA, VideoMetadataMessage(header("metadata", 0), facts))]
    for index in range(CHUNKS):
        spoken = TranscriptMessage(header("transcriber", index), transcript(index, chance), None)
        messages.append((topics.TRANSCRIPT, spoken))
    for index in range(BATCHES):
        messages.append((topics.VISION_RESULT, VisionResultMessage(header("vision", index), analysis(index), None)))
    ends = ((topics.TRANSCRIPT, TranscriptMessage, CHUNKS), (topics.VISION_RESULT, VisionResultMessage, BATCHES))
    for spec, kind, count in ends:
        end = ExtractionEnd(count, count, HOURS_MS, [])
        messages.append((spec, kind(header(spec.name, END_INDEX), None, end)))
    async with AIOKafkaProducer(**client_options(settings), acks="all", linger_ms=20) as producer:
        total = 0
        for spec, message in messages:
            value = codec.encode(spec, message)
            total += len(value)
            partition = topics.video_partition(VIDEO, spec.partitions)
            await producer.send(settings.topic(spec.name), value, key=VIDEO.encode(), partition=partition)
    return total


def test_twelve_hours_pass_every_topic_behind_recognition(pipeline: Pipeline):
    sent = asyncio.run(send(pipeline.settings))
    assert sent > 4_000_000, "far more than one record may hold"
    until(lambda: pipeline.status(VIDEO) == "final", "it is final", 360)
    result = pipeline.latest()[VIDEO]
    assert (result.duration_ms, result.missing) == (HOURS_MS, [])
    assert len(result.segments) == Options().max_segments
    assert len(codec.encode(topics.SEGMENTS, result)) < 100_000
    assert result.document_uri is not None
    assert len(pipeline.blobs.get(result.document_uri)) > 5_000_000
