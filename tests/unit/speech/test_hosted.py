"""A chunk of the sample recognised by a service: a real HTTP server, the real local model behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from processors.blobs import BlobStore
from processors.domain import AudioChunk, ChunkTranscript, Span
from processors.models.store import ModelStore
from processors.options import Options
from processors.service import HostedAsr, ServiceConfig, client_for, forget_clients
from processors.service.breaker import FAILURES
from processors.speech.choice import Recognition
from processors.speech.transcribe import transcribe_chunk
from processors.speech.wav import from_wav, to_wav
from processors.tools import Tools
from streams.settings import Settings
from tests import media
from tests.openai_service import KEY, OpenAiService, Reply, failed, spoken

START_MS = 20_000
LENGTH_MS = 3_000
TEXT = "Well, it works. Hello there."
WORDS = [("Well", 0.2, 0.5), ("it", 0.6, 0.7), ("works", 0.7, 1.1), ("Hello", 1.5, 1.9), ("there", 1.9, 2.4)]
GOOD = spoken(TEXT, WORDS)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    folder = tmp_path_factory.mktemp("hosted")
    return Tools(BlobStore(str(folder)), ModelStore(None, Settings().cache_dir), 1, "tiny.en", folder)


@pytest.fixture
def chunk(tools: Tools) -> AudioChunk:
    uri = tools.blobs.put(to_wav(media.speech(LENGTH_MS, 16_000)[0]))
    end_ms = START_MS + LENGTH_MS
    return AudioChunk(uri, START_MS, end_ms, [Span(START_MS + 100, end_ms - 100)], None, None)


@pytest.fixture(autouse=True)
def _clients() -> Iterator[None]:
    yield
    forget_clients()


def hosted(tools: Tools, url: str, key: str = KEY, price: float | None = None, **changes: Any) -> Tools:
    service = ServiceConfig(**{"base_url": url, "api_key": key, "timeout_s": 60.0} | changes)
    return replace(tools, hosted=HostedAsr(service, "whisper-1", price))


def said(result: ChunkTranscript) -> list[str]:
    return [utterance.text for utterance in result.utterances]


def test_words_cost_and_model_are_those_of_the_service(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
    assert said(result) == ["Well, it works.", "Hello there."]
    words = [word for utterance in result.utterances for word in utterance.words]
    assert (words[0].start_ms, words[0].end_ms) == (20_200, 20_500)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(words))
    assert (result.model, result.language, result.language_probability) == ("openai:whisper-1", "en", None)
    assert (result.cost_usd, result.fallback) == (0.0003, None)
    assert all(utterance.loudness_db is not None for utterance in result.utterances)


def test_the_request(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
        transcribe_chunk(chunk, Options(language="de"), hosted(tools, service.base_url))
        hinted = replace(chunk, language_hint="es", language_probability=0.9)
        transcribe_chunk(hinted, Options(), hosted(tools, service.base_url))
        unsure = replace(chunk, language_hint="es", language_probability=0.3)
        transcribe_chunk(unsure, Options(), hosted(tools, service.base_url))
        transcribe_chunk(chunk, Options(language="yue"), hosted(tools, service.base_url))
    assert [asked.fields.get("language") for asked in service.asked] == [None, ["de"], None, None, None]
    first = service.asked[0]
    assert first.fields == {
        "model": ["whisper-1"],
        "response_format": ["verbose_json"],
        "temperature": ["0.0"],
        "timestamp_granularities[]": ["word", "segment"],
    }
    assert (first.filename, first.filetype) == ("chunk.wav", "audio/wav")
    assert len(from_wav(first.file)) == LENGTH_MS * 16


@pytest.mark.data
def test_request_and_answer_are_as_openai_describes_them(tools, chunk, test_data: Path) -> None:
    from jsonschema import Draft202012Validator

    described = json.loads((test_data / "openapi" / "openai_trimmed.json").read_text())

    def check(value: Any, name: str) -> None:
        schema = {**described, "$ref": f"#/components/schemas/{name}"}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []

    with OpenAiService(GOOD) as service:
        transcribe_chunk(chunk, Options(language="en"), hosted(tools, service.base_url))
    (asked,) = service.asked
    assert asked.path.removeprefix("/v1") in described["paths"]
    plain = {name: values[0] for name, values in asked.fields.items() if not name.endswith("[]")}
    lists = {name.removesuffix("[]"): values for name, values in asked.fields.items() if name.endswith("[]")}
    check({**plain, "temperature": float(plain["temperature"]), **lists, "file": "…"}, "CreateTranscriptionRequest")
    check(GOOD, "CreateTranscriptionResponseVerboseJson")
    check(spoken("", []), "CreateTranscriptionResponseVerboseJson")
    with pytest.raises(AssertionError):
        check({**GOOD, "text": 7}, "CreateTranscriptionResponseVerboseJson")


def test_silence_there_is_silence_here(tools, chunk) -> None:
    with OpenAiService(spoken("", [])) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
    assert (said(result), result.language, result.model) == ([], None, "openai:whisper-1")
    assert result.cost_usd == 0.0003


def test_the_guards_are_the_same(tools, chunk) -> None:
    loop = "so good " * 20
    words = [(word, 0.06 * at, 0.06 * at + 0.05) for at, word in enumerate(loop.split())]
    with OpenAiService(spoken(loop.strip(), words)) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
    assert (said(result), [text.reason for text in result.dropped]) == ([], ["repetition"])


def test_a_language_that_is_not_supported_has_no_text(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        german_only = replace(hosted(tools, service.base_url), recognition=Recognition(languages=("de",)))
        result = transcribe_chunk(chunk, Options(), german_only)
    assert (said(result), result.language, result.cost_usd) == ([], None, 0.0003)
    assert [(text.text, text.reason) for text in result.dropped] == [(TEXT, "language not supported: en")]


def test_a_language_that_is_not_supported_goes_to_the_local_model_where_the_nearest_is_wanted(tools, chunk) -> None:
    french = {**GOOD, "language": "french"}
    with OpenAiService(french) as service:
        nearest = Recognition(languages=("en",), others="nearest")
        result = transcribe_chunk(chunk, Options(), replace(hosted(tools, service.base_url), recognition=nearest))
    assert (result.model, result.language, result.cost_usd) == ("tiny.en", "en", 0.0003)
    assert result.fallback == "The service heard 'fr', which CLIPSTREAM_LANGUAGES does not name."
    assert said(result)


def test_words_out_of_order_are_put_in_order(tools, chunk) -> None:
    words = [*WORDS, ("and", 2.4, 2.5), ("so", 0.1, 0.2), ("on", 2.7, 2.8)]
    with OpenAiService(spoken(TEXT + " And so on.", words)) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
    words_of = [word for utterance in result.utterances for word in utterance.words]
    assert [word.text for word in words_of][-3:] == ["And", "so", "on."]
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(words_of))
    assert all(chunk.start_ms <= word.start_ms < word.end_ms <= chunk.end_ms for word in words_of)


BROKEN = spoken(TEXT, [(word, start, end) for (word, _, _), (_, start, end) in zip(WORDS, WORDS[::-1], strict=True)])


@pytest.mark.parametrize(
    ("reply", "why", "cost_usd"),
    [
        (Reply(b"<html>no</html>"), "no valid answer", 0.0003),
        (Reply(json.dumps(GOOD).encode()[:-30]), "no valid answer", 0.0003),
        (Reply(json.dumps(BROKEN).encode()), "times of words that are out of order", 0.0003),
        (Reply(json.dumps({**GOOD, "language": "klingon"}).encode()), "language that is not known", 0.0003),
        (failed(400, "too short"), "refused the request (400: too short)", 0.0),
        (Reply(status=308, headers={"Location": "http://127.0.0.1:1/"}), "redirect", 0.0),
        (failed(429, "slow down", retry_after="300"), "is busy", 0.0),
        (failed(429, "pay", "insufficient_quota"), "no money left", 0.0),
    ],
    ids=["garbage", "truncated", "out of order", "language", "refused", "redirect", "busy for long", "quota"],
)
def test_the_local_model_steps_in(tools, chunk, reply: Reply, why: str, cost_usd: float) -> None:
    local = transcribe_chunk(chunk, Options(), tools)
    with OpenAiService(reply) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url))
        assert len(service.asked) == 1
    assert result.fallback is not None
    assert why in result.fallback
    assert result.utterances, "the sample's speech"
    assert replace(result, cost_usd=0.0, fallback=None) == local
    assert (local.fallback, local.model) == (None, "tiny.en")
    assert result.cost_usd == cost_usd


def test_a_wrong_key_is_said_in_the_result_and_asked_once(tools, chunk) -> None:
    wrong = "sk-wrong-0815"
    with OpenAiService(GOOD) as service:
        results = [transcribe_chunk(chunk, Options(), hosted(tools, service.base_url, wrong)) for _ in range(3)]
        assert len(service.asked) == 1
    assert [result.model for result in results] == ["tiny.en"] * 3
    assert all("does not accept the key (401)" in (result.fallback or "") for result in results)
    assert all(wrong not in (result.fallback or "") for result in results)


def test_without_a_key_nobody_is_asked(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        result = transcribe_chunk(chunk, Options(), hosted(tools, service.base_url, ""))
        assert service.asked == []
    assert "CLIPSTREAM_OPENAI_API_KEY is not set" in (result.fallback or "")


def test_a_service_that_hangs(tools, chunk) -> None:
    stop = threading.Event()
    with OpenAiService(Reply(wait=stop)) as service:
        there = hosted(tools, service.base_url, timeout_s=0.5)
        assert there.hosted is not None
        client = client_for(there.hosted.service)
        client._sleep = lambda _: None
        first, second, third = (transcribe_chunk(chunk, Options(), there) for _ in range(3))
        assert client.breaker.state == "open"
        stop.set()
    assert "did not answer in time" in (first.fallback or "")
    assert "not asked for a while" in (second.fallback or "")
    assert "not asked for a while" in (third.fallback or "")
    assert len(service.asked) <= FAILURES, "the breaker has counted them; one may be given up before it came there"


@pytest.mark.parametrize(
    ("budget_usd", "price", "sent"),
    [
        (0.0, None, True),  # no limit
        (0.0023, None, True),  # 23 s at 0.006 a minute, the end of the chunk
        (0.0022, None, False),
        (0.0022, 0.0057, True),
        (1.0, 10.0, False),
    ],
)
def test_the_budget(tools, chunk, budget_usd: float, price: float | None, sent: bool) -> None:
    with OpenAiService(GOOD) as service:
        result = transcribe_chunk(chunk, Options(budget_usd=budget_usd), hosted(tools, service.base_url, price=price))
        assert len(service.asked) == sent
    assert result.fallback == (None if sent else f"The budget of {budget_usd:g} USD is spent.")
    assert (result.cost_usd > 0) == sent


def test_sound_has_its_share_of_the_budget(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        there = hosted(tools, service.base_url)
        assert there.hosted is not None
        half = replace(there, hosted=replace(there.hosted, budget_share=0.5))
        held = transcribe_chunk(chunk, Options(budget_usd=0.0045), half)
        sent = transcribe_chunk(chunk, Options(budget_usd=0.0046), half)
    assert (held.fallback, sent.fallback) == ("The budget of 0.00225 USD is spent.", None)


def test_a_model_without_a_price_costs_nothing_and_keeps_no_budget(tools, chunk) -> None:
    with OpenAiService(GOOD) as service:
        there = hosted(tools, service.base_url)
        assert there.hosted is not None
        mine = replace(there, hosted=replace(there.hosted, model="mine"))
        free = transcribe_chunk(chunk, Options(), mine)
        held = transcribe_chunk(chunk, Options(budget_usd=1.0), mine)
    assert (free.model, free.cost_usd) == ("openai:mine", 0.0)
    assert "price of 'mine' is not known" in (held.fallback or "")


def test_a_budget_is_never_exceeded_by_all_chunks_together() -> None:
    from processors.service.cost import sound_usd
    from processors.speech.hosted import _over_budget

    chunks = [(start, start + 9_000) for start in range(0, 3_600_000, 10_000)]
    spent = sum(sound_usd(9, 0.006) for _, end in chunks if _over_budget(0.006, end, 0.05, "m") is None)
    assert 0.04 < spent <= 0.05
