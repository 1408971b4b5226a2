"""The service that describes pictures: in settings, cache keys and digests, who gets its key, what is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import orjson
import pytest

from processors.blobs import BlobStore
from processors.domain import BatchAnalysis, FrameAnalysis, VideoFacts
from processors.models.store import ModelStore
from processors.options import Options
from processors.parameters import parameters, relevant
from processors.segments.job import rank_parts
from processors.segments.parts import Parts
from processors.service import HostedVision
from processors.tools import Tools
from streams import agents, identity
from streams.hosted_services import children_of_vision, hosted_asr, hosted_vision, longest_wait_s, vision_service
from streams.pool import ChildPool
from streams.reading import load_settings
from streams.settings import OPENAI_URL, Settings, SettingsError

KEY = "sk-do-not-tell"


def hosted(**changes: Any) -> Settings:
    return Settings(vision_backend="openai", openai_api_key=KEY, **changes)


def test_without_the_backend_there_is_no_service() -> None:
    settings = Settings(openai_api_key=KEY, workers=2)
    assert (hosted_vision(settings, 2), vision_service(settings), children_of_vision(settings)) == (None, {}, 2)


def test_what_a_child_is_given_survives_its_pipe_and_tells_no_key() -> None:
    settings = hosted(openai_requests_per_minute=90, openai_tokens_per_minute=3_000_000, cache_url="redis://u:pw@h/0")
    found = hosted_vision(settings, 3)
    assert found is not None
    assert (found.model, found.service.base_url, found.usd_per_million) == ("gpt-4.1-mini", OPENAI_URL, (0.4, 1.6))
    assert (found.service.requests_per_minute, found.service.tokens_per_minute) == (30, 1_000_000)
    assert HostedVision.from_json(orjson.loads(orjson.dumps(asdict(found)))) == found
    assert HostedVision.from_json(None) is None
    assert KEY not in repr(found)
    assert "pw" not in repr(found)


@pytest.mark.parametrize(
    "changes",
    [{"vision_backend": "cloud"}, {"vision_openai_model": ""}, {"vision_prices": {"m": [1.0]}},
     {"vision_prices": {"m": [-1.0, 2.0]}}, {"vision_similarity": 2}, {"vision_budget_share": 1.5}],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        load_settings(**changes)


def test_prices_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSTREAM_VISION_PRICES", '{"mine": [1.5, 6], "gpt-4.1-mini": [0.5, 2]}')
    prices = [hosted_vision(load_settings(vision_backend="openai", vision_openai_model=model), 1)
              for model in ("mine", "gpt-4.1-mini", "gpt-4.1", "other")]  # fmt: skip
    assert [one.usd_per_million for one in prices if one is not None] == [(1.5, 6.0), (0.5, 2.0), (2.0, 8.0), None]


def test_a_budget_is_shared_where_sound_and_pictures_are_paid_for() -> None:
    both = hosted(asr_backend="openai", vision_budget_share=0.7)
    speech, vision = hosted_asr(both, 1), hosted_vision(both, 1)
    assert speech is not None
    assert vision is not None
    assert (speech.budget_share, vision.budget_share) == (pytest.approx(0.3), 0.7)
    alone = hosted_vision(hosted(), 1)
    assert alone is not None
    assert alone.budget_share == 1.0


def test_the_second_look_has_a_key_of_its_own() -> None:
    options = Options(metadata={"title": "t"}).model_dump(mode="json")

    def key(stage: str, settings: Settings) -> str:
        steering = settings.steering
        return identity.cache_key(stage, parameters(stage, relevant(stage, options, steering), steering), "x")

    there = hosted()
    others = [
        hosted(vision_second_segments=5), hosted(vision_second_tokens=200), hosted(vision_second_share=0.5),
        hosted(vision_openai_model="gpt-4.1"), hosted(vision_second_segments=0),
    ]  # fmt: skip
    assert len({key("enricher", settings) for settings in (there, *others)}) == 1 + len(others)
    assert key("vision", there) == key("vision", others[0]) == key("vision", others[1])
    assert key("segmenter", there) == key("segmenter", others[0])
    digests = {identity.request_digest("aa", Options(), one.steering) for one in (Settings(), there, *others)}
    assert len(digests) == 2 + len(others)


@pytest.mark.parametrize(
    ("changes", "wanted", "share"),
    [
        ({}, True, 0.2),
        ({"vision_second_segments": 0}, False, 0.0),
        ({"vision_backend": "local"}, False, None),
    ],
)
def test_the_enricher_runs_only_where_it_has_work(changes: dict[str, Any], wanted: bool, share: float | None) -> None:
    settings = Settings(**{"vision_backend": "openai", "openai_api_key": KEY} | changes)
    assert ("enricher" in agents.wanted(settings)) == wanted
    assert set(agents.NAMES) <= set(agents.wanted(settings))
    service = hosted_vision(settings, 1)
    assert (None if service is None else service.second_share) == share


def test_what_changes_results_decides_the_vision_key_and_no_other() -> None:
    options = Options(budget_usd=1.0, metadata={"title": "t"}).model_dump(mode="json")

    def key(stage: str, settings: Settings, options: dict[str, Any] = options) -> str:
        steered = parameters(stage, relevant(stage, options, settings.steering), settings.steering)
        assert KEY not in json.dumps(steered)
        return identity.cache_key(stage, steered, "x")

    local, there = Settings(), hosted()
    others = [
        hosted(vision_openai_model="gpt-4.1"), hosted(openai_base_url="http://h/v1"), hosted(vision_max_frames=7),
        hosted(vision_similarity=0.9), hosted(vision_same=0.99), hosted(vision_prices={"gpt-4.1-mini": (1, 2)}),
        hosted(asr_backend="openai"),
    ]  # fmt: skip
    assert len({key("vision", settings) for settings in (local, there, *others)}) == 2 + len(others)
    for stage in ("metadata", "audio-extractor", "transcriber", "segmenter"):
        assert key(stage, local) == key(stage, there)
    assert key("frame-extractor", local) != key("frame-extractor", there)  # the size of batches
    assert len({key("frame-extractor", settings) for settings in (there, *others)}) == 1
    assert key("vision", there) == key("vision", Settings(vision_backend="openai", openai_api_key="sk-another"))
    title = {**options, "metadata": {"title": "another"}}
    assert key("vision", there) != key("vision", there, title)
    assert key("vision", local) == key("vision", local, title)
    digests = {identity.request_digest("aa", Options(), one.steering) for one in (local, there, *others)}
    assert len(digests) == 2 + len(others)


def test_a_new_prompt_is_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parameters("vision", {}, hosted().steering)
    monkeypatch.setattr("processors.parameters.PROMPT_VERSION", "frames-0")
    assert parameters("vision", {}, hosted().steering) != before


def _frame(**changes: Any) -> FrameAnalysis:
    made = FrameAnalysis("blob:x", 0, 0, [], [], [], "other", 0.5, 1.0, 0.5, 0.5, 0.0, "local", "yunet")
    return replace(made, **changes)


async def test_a_real_child_asks_the_service_and_the_next_one_need_not(tmp_path) -> None:
    """Two children, one after the other: the second finds on disk what the first paid for."""
    from streams.codec import to_wire
    from tests.openai_service import OpenAiService, describing
    from tests.unit.vision.hosted_help import batch_of, sceneries

    tools = Tools(BlobStore(str(tmp_path / "blobs")), ModelStore(None, tmp_path), 1, None, tmp_path)
    request = {"item": to_wire(batch_of(tools, sceneries(2))), "options": {}}
    found = []
    with OpenAiService(answer=describing) as service:
        service.key = KEY
        for _ in range(2):
            pool = ChildPool(1, hosted(data_dir=tmp_path, openai_base_url=service.base_url), "vision")
            try:
                found += [json.loads(body) async for body, _ in pool.run("analyse", request)]
            finally:
                await pool.stop()
        assert len(service.asked) == 1
    assert [frame["source"] for frame in found[0]["frames"]] == ["openai:gpt-4.1-mini"] * 2
    assert found[1]["frames"] == found[0]["frames"]
    assert found[1]["cost_usd"] == found[0]["cost_usd"] > 0, "the same batch again: counted with it, not twice"
    assert (found[0]["requests"], found[1]["requests"]) == (1, 0)


def test_the_result_says_what_was_spent_and_where_the_local_models_stood_in(tmp_path) -> None:
    batches = [
        BatchAnalysis([_frame(pts_ms=0, source="openai:m", model="openai:m+yunet")], [], 0.001, 1),
        BatchAnalysis([_frame(pts_ms=1_000, reason="It is down."), _frame(pts_ms=2_000)], [], 0.0005, 0, "It is down."),
    ]
    parts = Parts("v", facts=VideoFacts("mp4", 60_000, 1, "t", "d", [], []), batches=batches)
    blobs = BlobStore(str(tmp_path))
    tools = Tools(blobs, ModelStore(None, tmp_path), 1, None, tmp_path)
    ranked = rank_parts(blobs.put(parts.to_json()), None, tools)
    assert ranked.cost_usd == 0.0015
    assert ranked.models == ["openai:m+yunet", "yunet"]
    assert "pictures: the local models did 1 of 3 frames. It is down." in ranked.notes


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({}, "ok", "gpt-4.1-mini at api.openai.com"),
        ({"openai_api_key": ""}, "wrong", "gpt-4.1-mini at api.openai.com, without a key"),
        ({"vision_openai_model": "mine"}, "note", "mine at api.openai.com, of unknown price"),
        ({"vision_openai_model": "mine", "vision_prices": {"mine": (0, 0)}}, "ok", "mine at api.openai.com"),
    ],
)
def test_the_doctor_looks_at_the_service(changes: dict[str, Any], state: str, text: str) -> None:
    from streams.cli.doctor import _service

    settings = Settings(**{"vision_backend": "openai", "openai_api_key": KEY} | changes)
    assert [(check.name, check.state, check.text) for check in _service(settings)] == [("vision service", state, text)]


def test_an_item_outlasts_a_service_that_does_not_answer() -> None:
    """Else its child is ended while it waits, again and again, and the local models never have their turn."""
    assert longest_wait_s(Settings()) == 0
    assert longest_wait_s(hosted()) == 2 * (3 * (60 + 30) + 2 * 30) <= Settings().item_timeout_s
    assert longest_wait_s(Settings(asr_backend="openai", openai_api_key=KEY)) == longest_wait_s(hosted()) / 2
    assert hosted(openai_timeout_s=600.0, item_timeout_s=4_080.0)
    with pytest.raises(ValueError, match=r"item_timeout_s must be at least 4080 with openai_timeout_s 600"):
        hosted(openai_timeout_s=600.0, item_timeout_s=4_079.0)
    assert Settings(openai_timeout_s=600.0)  # nobody is asked
