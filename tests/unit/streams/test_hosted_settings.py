"""The service that recognises speech: in settings, cache keys and digests, and who gets its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from processors.blobs import BlobStore
from processors.domain import ChunkTranscript, VideoFacts
from processors.models.store import ModelStore
from processors.options import Options
from processors.parameters import Steering, parameters, relevant
from processors.segments.job import rank_parts
from processors.segments.parts import Parts
from processors.tools import Tools
from streams import identity
from streams.hosted_services import asr_service, hosted_asr
from streams.pool import ChildPool
from streams.reading import load_settings
from streams.settings import OPENAI_URL, Settings, SettingsError

KEY = "sk-do-not-tell"


def hosted(**changes: Any) -> Settings:
    return Settings(asr_backend="openai", openai_api_key=KEY, **changes)


def test_without_the_backend_there_is_no_service() -> None:
    settings = Settings(openai_api_key=KEY)
    assert (hosted_asr(settings, 2), asr_service(settings)) == (None, None)


def test_children_share_the_limits_of_a_worker() -> None:
    found = hosted_asr(hosted(openai_requests_per_minute=90, openai_bytes_per_minute=3_000_000), 3)
    assert found is not None
    assert (found.model, found.service.base_url, found.service.api_key) == ("whisper-1", OPENAI_URL, KEY)
    assert (found.service.requests_per_minute, found.service.bytes_per_minute) == (30, 1_000_000)


@pytest.mark.parametrize(
    "changes",
    [{"asr_backend": "cloud"}, {"openai_base_url": "http://user:pw@h/v1"}, {"openai_base_url": "ftp://h"},
     {"asr_openai_model": ""}, {"openai_timeout_s": 0}],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        load_settings(**changes)


def test_backend_and_model_decide_the_transcribers_key_and_no_other() -> None:
    options = Options(budget_usd=1.0).model_dump(mode="json")

    def key(stage: str, settings: Settings) -> str:
        steered = parameters(stage, relevant(stage, options, settings.steering), settings.steering)
        return identity.cache_key(stage, steered, "x")

    local, there = Settings(), hosted()
    other, elsewhere = hosted(asr_openai_model="large"), hosted(openai_base_url="http://h/v1")
    assert len({key("transcriber", settings) for settings in (local, there, other, elsewhere)}) == 4
    for stage in ("metadata", "audio-extractor", "frame-extractor", "vision", "segmenter"):
        assert key(stage, local) == key(stage, there)
    digests = {identity.request_digest("aa", Options(), settings.steering) for settings in (local, there, other)}
    assert len(digests) == 3


def test_the_budget_steers_recognition_only_where_it_is_paid_for() -> None:
    options = {"budget_usd": 1.0, "language": "en", "max_segments": 3}
    assert relevant("transcriber", options, Steering()) == {"language": "en"}
    assert relevant("transcriber", options, Steering(asr_service="whisper-1")) == {"language": "en", "budget_usd": 1.0}


async def test_a_real_child_asks_the_service(tmp_path) -> None:
    """The configuration survives its way through the child's standard input, and the fallback its way back."""
    from processors.domain import AudioChunk, Span
    from processors.speech.wav import to_wav
    from streams.codec import to_wire
    from tests import media
    from tests.openai_service import OpenAiService, spoken

    blobs = BlobStore(str(tmp_path / "blobs"))
    uri = blobs.put(to_wav(media.speech(2_000, 16_000)[0]))
    request = {"item": to_wire(AudioChunk(uri, 0, 2_000, [Span(0, 2_000)], None, None)), "options": {}}
    with OpenAiService(spoken("Hello.", [("Hello", 0.2, 0.6)])) as service:
        service.key = KEY
        pool = ChildPool(1, hosted(data_dir=tmp_path, openai_base_url=service.base_url), "transcriber")
        try:
            found = [json.loads(body) async for body, _ in pool.run("transcribe", request)]
        finally:
            await pool.stop()
        assert len(service.asked) == 1
    assert found[0]["utterances"][0]["text"] == "Hello."
    assert (found[0]["model"], found[0]["cost_usd"]) == ("openai:whisper-1", 0.0003)  # 3 s by its own account


def test_the_result_says_what_was_spent_and_where_the_local_model_stepped_in(tmp_path) -> None:
    def part(start_ms: int, **changes: Any) -> ChunkTranscript:
        return ChunkTranscript(start_ms, start_ms + 9, 9, None, None, [], [], "m", **changes)

    parts = Parts(
        "v",
        facts=VideoFacts("mp4", 60_000, 1, "t", "d", [], []),
        transcripts=[part(0, cost_usd=0.001), part(10, cost_usd=0.0005), part(20, fallback="It is down.")],
    )
    blobs = BlobStore(str(tmp_path))
    tools = Tools(blobs, ModelStore(None, tmp_path), 1, None, tmp_path)
    ranked = rank_parts(blobs.put(parts.to_json()), None, tools)
    assert ranked.cost_usd == 0.0015
    assert "speech: the local model did 1 of 3 parts. It is down." in ranked.notes


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({}, "ok", "whisper-1 at api.openai.com"),
        ({"openai_api_key": ""}, "wrong", "whisper-1 at api.openai.com, without a key"),
        ({"asr_openai_model": "mine"}, "note", "mine at api.openai.com, of unknown price"),
        ({"asr_openai_model": "mine", "asr_usd_per_minute": 0.0}, "ok", "mine at api.openai.com"),
    ],
)
def test_the_doctor_looks_at_the_service(changes: dict[str, Any], state: str, text: str) -> None:
    from streams.cli.doctor import _service

    settings = Settings(**{"asr_backend": "openai", "openai_api_key": KEY} | changes)
    assert [(check.state, check.text) for check in _service(settings)] == [(state, text)]
    assert list(_service(Settings())) == []
