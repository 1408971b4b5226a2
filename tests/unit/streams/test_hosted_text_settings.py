"""The language model that writes about segments: in settings, cache keys and digests, and who gets its key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
import pytest

from processors.enrichment.copy_prompt import CLIPS_PER_REQUEST
from processors.options import Options
from processors.parameters import parameters, relevant
from processors.service import HostedText
from streams import agents, hosted_services, identity
from streams.hosted_services import (
    hosted_asr,
    hosted_text,
    hosted_vision,
    longest_wait_s,
    second_look_limit_s,
    text_service,
)
from streams.reading import load_settings
from streams.settings import OPENAI_URL, Settings, SettingsError

KEY = "sk-do-not-tell"


def hosted(**changes: Any) -> Settings:
    return Settings(text_backend="openai", openai_api_key=KEY, **changes)


def test_without_the_backend_there_is_none() -> None:
    settings = Settings(openai_api_key=KEY)
    assert (hosted_text(settings, 2), text_service(settings)) == (None, {})
    assert "enricher" not in agents.wanted(settings)
    assert "enricher" in agents.wanted(hosted())
    assert "enricher" in agents.wanted(hosted(vision_backend="openai", vision_second_segments=0))


def test_what_a_child_is_given_survives_its_pipe_and_tells_no_key() -> None:
    found = hosted_text(hosted(openai_requests_per_minute=90, cache_url="redis://u:pw@h/0"), 3)
    assert found is not None
    assert (found.model, found.service.base_url, found.usd_per_million) == ("gpt-4.1-mini", OPENAI_URL, (0.4, 1.6))
    assert found.service.requests_per_minute == 30
    assert HostedText.from_json(orjson.loads(orjson.dumps(asdict(found)))) == found
    assert HostedText.from_json(None) is None
    assert KEY not in repr(found)
    assert "pw" not in repr(found)
    uncached = hosted_text(hosted(cache_enabled=False), 1)
    assert uncached is not None
    assert uncached.answers is None


@pytest.mark.parametrize(
    "changes",
    [{"text_backend": "cloud"}, {"text_openai_model": ""}, {"text_segments": 0}, {"text_tokens": 50},
     {"text_rank_weight": 1.5}, {"text_same": 0.2}, {"text_budget_share": -0.1}, {"text_prices": {"m": [1.0]}}],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        load_settings(**changes)


def test_prices_are_its_own_those_of_vision_or_of_the_table() -> None:
    prices = {"vision_prices": {"mine": (1.0, 2.0), "both": (3.0, 4.0)}, "text_prices": {"both": (5.0, 6.0)}}
    found = [hosted_text(hosted(text_openai_model=model, **prices), 1)
             for model in ("mine", "both", "gpt-4.1", "other")]  # fmt: skip
    assert [one.usd_per_million for one in found if one is not None] == [(1.0, 2.0), (5.0, 6.0), (2.0, 8.0), None]


@pytest.mark.parametrize(
    ("others", "shares"),
    [
        ({}, (None, None, 1.0)),
        ({"vision_backend": "openai"}, (None, 0.75, 0.25)),
        ({"asr_backend": "openai"}, (0.75, None, 0.25)),
        ({"asr_backend": "openai", "vision_backend": "openai"}, (0.375, 0.375, 0.25)),
    ],
)
def test_shares_of_a_budget_add_up_to_all_of_it(others: dict[str, Any], shares: tuple[float | None, ...]) -> None:
    settings = hosted(text_budget_share=0.25, **others)
    found = [hosted_asr(settings, 1), hosted_vision(settings, 1), hosted_text(settings, 1)]
    assert tuple(None if one is None else one.budget_share for one in found) == shares
    assert sum(share for share in shares if share is not None) == 1.0


def test_what_changes_results_decides_the_enrichers_key_and_no_other() -> None:
    options = Options(budget_usd=1.0, metadata={"title": "t"}, platforms=("reels",)).model_dump(mode="json")

    def key(stage: str, settings: Settings, options: dict[str, Any] = options) -> str:
        steered = parameters(stage, relevant(stage, options, settings.steering), settings.steering)
        return identity.cache_key(stage, steered, "x")

    local, there = Settings(), hosted()
    others = [
        hosted(text_openai_model="gpt-4.1"), hosted(openai_base_url="http://h/v1"), hosted(text_segments=5),
        hosted(text_tokens=200), hosted(text_prices={"gpt-4.1-mini": (1, 2)}), hosted(text_same=0.9),
        hosted(text_rank_weight=0.5), hosted(asr_backend="openai"),
    ]  # fmt: skip
    assert len({key("enricher", settings) for settings in (local, there, *others)}) == 2 + len(others)
    for stage in ("metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "segmenter"):
        assert key(stage, local) == key(stage, there)
    for name, value in {
        "platforms": ["shorts"],
        "metadata": {"title": "u"},
        "budget_usd": 2.0,
        "language": "de",
    }.items():
        assert key("enricher", there) != key("enricher", there, {**options, name: value})
        assert key("enricher", local) == key("enricher", local, {**options, name: value})
    digests = {identity.request_digest("aa", Options(), one.steering) for one in (local, there, *others)}
    assert len(digests) == 2 + len(others)


def test_a_new_prompt_is_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parameters("enricher", {}, hosted().steering)
    monkeypatch.setattr("processors.parameters.CLIPS_VERSION", "clips-0")
    assert parameters("enricher", {}, hosted().steering) != before


def test_how_long_a_look_may_take() -> None:
    assert hosted_services._CLIPS_PER_REQUEST == CLIPS_PER_REQUEST
    words, pictures = hosted(), Settings(vision_backend="openai", openai_api_key=KEY)
    assert longest_wait_s(words) == longest_wait_s(pictures) <= Settings().item_timeout_s
    both = hosted(vision_backend="openai")
    assert second_look_limit_s(both) == second_look_limit_s(words) + second_look_limit_s(pictures)
    assert second_look_limit_s(hosted(text_segments=11)) == second_look_limit_s(words) + 2 * words.openai_timeout_s


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({}, "ok", "gpt-4.1-mini at api.openai.com"),
        ({"openai_api_key": ""}, "wrong", "gpt-4.1-mini at api.openai.com, without a key"),
        ({"text_openai_model": "mine"}, "note", "mine at api.openai.com, of unknown price"),
    ],
)
def test_the_doctor_looks_at_it(changes: dict[str, Any], state: str, text: str) -> None:
    from streams.cli.doctor import _service

    settings = Settings(**{"text_backend": "openai", "openai_api_key": KEY} | changes)
    assert [(check.name, check.state, check.text) for check in _service(settings)] == [("language model", state, text)]
