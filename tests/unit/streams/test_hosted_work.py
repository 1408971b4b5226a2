"""Work that a service is paid for: which of it is kept, and which children get the key. Sound and pictures alike."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from processors.blobs import BlobStore
from processors.cache import MemoryTier, ResultCache
from processors.domain import BatchAnalysis, ChunkTranscript, FrameAnalysis
from streams.clock import SYSTEM_CLOCK
from streams.pool import ChildPool
from streams.settings import Settings
from streams.work import Bench

KEY = "sk-do-not-tell"


class _Pool:
    def __init__(self, body: bytes) -> None:
        self.body, self.runs = body, 0

    async def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        self.runs += 1
        yield self.body, 1


def words(fallback: str | None) -> ChunkTranscript:
    return ChunkTranscript(0, 9, 9, None, None, [], [], 'a "fallback":"x" model', fallback=fallback)


def pictures(fallback: str | None, **changes: Any) -> BatchAnalysis:
    frame = FrameAnalysis("blob:x", 0, 0, [], [], [], "other", 0.5, 1.0, 0.5, 0.5, 0.0, "local", "yunet")
    return BatchAnalysis([replace(frame, **changes)], [], 0.0, 1, fallback)


@pytest.mark.parametrize(
    ("stage", "made", "runs"),
    [
        ("transcriber", words(None), 1),
        ("transcriber", words("The service is down."), 2),
        ("vision", pictures(None, source="openai:m", description='says "fallback":"x"'), 1),
        ("vision", pictures("It is down.", reason="It is down."), 2),
        ("vision", pictures(None, reason="The service declined: no."), 1),
    ],
    ids=["heard", "heard locally", "described", "stood in", "refused"],
)
async def test_what_local_models_did_instead_is_not_kept_as_the_services(tmp_path, stage, made, runs) -> None:
    """So that a replay asks the service again for these, and for no others."""
    pool = _Pool(orjson.dumps(made))
    settings = Settings(asr_backend="openai", vision_backend="openai", openai_api_key=KEY)
    cache = ResultCache([MemoryTier(9)], SYSTEM_CLOCK.monotonic_s)
    bench = Bench(settings, pool, cache, BlobStore(str(tmp_path)), SYSTEM_CLOCK)  # type: ignore[arg-type]
    for _ in range(2):
        outputs = [output async for output in bench.run(stage, "job", {"options": {}}, "x", None)]
        assert json.loads(outputs[0].body)["fallback"] == made.fallback
    assert pool.runs == runs


@pytest.mark.parametrize(
    ("backend", "given_as", "stage", "told"),
    [
        ("asr_backend", "hosted", "transcriber", True),
        ("asr_backend", "hosted", "audio-extractor", False),
        ("asr_backend", "hosted", "vision", False),
        ("vision_backend", "hosted_vision", "vision", True),
        ("vision_backend", "hosted_vision", "enricher", True),
        ("vision_backend", "hosted_vision", "segmenter", False),
        ("asr_backend", "hosted", "enricher", False),
        ("vision_backend", "hosted_vision", "frame-extractor", False),
        ("text_backend", "hosted_text", "enricher", True),
        ("text_backend", "hosted_text", "vision", False),
        ("text_backend", "hosted_text", "segmenter", False),
        ("vision_backend", "hosted_vision", "transcriber", False),
    ],
)
async def test_only_children_that_ask_the_service_get_its_key(
    tmp_path, monkeypatch, backend, given_as, stage, told
) -> None:
    monkeypatch.setenv("CLIPSTREAM_OPENAI_API_KEY", KEY)
    given: list[dict[str, Any]] = []

    async def start(entry: tuple[str, ...], environment: dict[str, Any], work_dir: object) -> None:
        given.append(environment)

    monkeypatch.setattr("streams.pool._Child.start", start)
    settings = Settings(openai_api_key=KEY, data_dir=tmp_path, **{backend: "openai"})
    await ChildPool(2, settings, stage)._spawn()
    assert (KEY in json.dumps(given)) == told
    assert (given_as in given[0]) == told
