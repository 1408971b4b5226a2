"""What frames described by a service may cost, and what they did; the service is a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import cv2
import pytest

from processors.domain import BatchAnalysis
from processors.options import Options
from processors.service import forget_clients
from processors.vision.analyse import analyse_batch
from processors.vision.hosted_budget import ceiling_usd
from tests.openai_service import OpenAiService, Reply, chat, describing, entry
from tests.unit.vision.helpers import scenery
from tests.unit.vision.hosted_help import batch_of, hosted, sceneries

SOURCE = "openai:gpt-4.1-mini"


@pytest.fixture(autouse=True)
def _clients() -> Iterator[None]:
    yield
    forget_clients()


def sources(result: BatchAnalysis) -> list[str]:
    return [frame.source for frame in result.frames]


def test_a_budget_of_money_ends_in_the_local_models(tools) -> None:
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        ceiling = ceiling_usd(there.hosted_vision)  # type: ignore[arg-type]
        assert ceiling is not None
        budget = Options(budget_usd=round(4.5 * ceiling, 6))
        batches = [batch_of(tools, sceneries(3, first=3 * number), before=3 * number) for number in range(3)]
        results = [analyse_batch(batch, budget, there) for batch in batches]
        backwards = [
            analyse_batch(batch, budget, hosted(tools, service.base_url, scenes=False)) for batch in reversed(batches)
        ]
    assert [sources(result) for result in results] == [[SOURCE] * 3, [SOURCE, "local", "local"], ["local"] * 3]
    assert [sources(result) for result in backwards[::-1]] == [sources(result) for result in results]
    assert (results[2].frames[0].reason or "").startswith(f"The budget leaves {budget.budget_usd:g} USD for these")
    assert 0 < sum(result.cost_usd for result in results) <= budget.budget_usd


def test_a_budget_of_frames_ends_in_the_local_models(tools) -> None:
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url, max_frames=4)
        result = analyse_batch(batch_of(tools, sceneries(3), before=3), Options(), there)
    assert sources(result) == [SOURCE, "local", "local"]
    assert "limit of 4 frames a video" in (result.fallback or "")


def test_frames_that_are_alike_are_sent_together_or_not_at_all(tools) -> None:
    """The third frame is like the first, and beyond the budget: so neither is sent."""
    one = scenery(1)
    like = cv2.addWeighted(one, 0.8, scenery(2), 0.2, 0)
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url, max_frames=2)
        result = analyse_batch(batch_of(tools, [one, scenery(3), like]), Options(), there)
        assert [len(asked.pictures) for asked in service.asked] == [1]
        apart = hosted(tools, service.base_url, max_frames=2, similarity=0.999)
        other = analyse_batch(batch_of(tools, [one, scenery(3), like]), Options(), apart)
    assert sources(result) == ["local", SOURCE, "local"]
    assert sources(other) == [SOURCE, SOURCE, "local"]


def test_an_older_batch_is_not_sent_where_a_budget_could_not_be_kept(tools) -> None:
    batch = batch_of(tools, sceneries(1), before=None)
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        assert sources(analyse_batch(batch, Options(budget_usd=1.0), there)) == ["local"]
        assert sources(analyse_batch(batch, Options(), there)) == [SOURCE]
        unknown = hosted(tools, service.base_url, model="mine", usd_per_million=None)
        held = analyse_batch(batch_of(tools, sceneries(1)), Options(budget_usd=1.0), unknown)
        free = analyse_batch(batch_of(tools, sceneries(1)), Options(), unknown)
    assert "price of 'mine' is not known" in (held.fallback or "")
    assert (sources(free), free.cost_usd) == (["openai:mine"], 0.0)


@pytest.mark.parametrize(("frames", "usage", "asked"), [(8, (2_800, 400), 2), (1, (690, 200), 1)])
def test_under_a_budget_a_repair_is_paid_out_of_what_its_request_left(tools, frames, usage, asked) -> None:
    """Eight small pictures left room; one alone had no more than it could cost."""
    bad = chat("no", usage=usage)
    with OpenAiService(bad) as service:
        result = analyse_batch(
            batch_of(tools, sceneries(frames)), Options(budget_usd=1.0), hosted(tools, service.base_url)
        )
        assert len(service.asked) == asked
    assert result.cost_usd == pytest.approx(asked * _usd(bad), abs=1e-6)


def _usd(reply: Reply) -> float:
    usage = json.loads(reply.body)["usage"]
    return float((usage["prompt_tokens"] * 0.4 + usage["completion_tokens"] * 1.6) / 1e6)


def test_a_service_that_names_no_charge_or_an_absurd_one(tools) -> None:
    silent = json.loads(chat({"pictures": [entry(1)]}).body)
    del silent["usage"]
    absurd = chat({"pictures": [entry(1)]}, usage=(10**9, 10**9))
    with OpenAiService(Reply(json.dumps(silent).encode()), absurd) as service:
        there = hosted(tools, service.base_url, scenes=False)
        ceiling = ceiling_usd(there.hosted_vision)  # type: ignore[arg-type]
        assert ceiling is not None
        first = analyse_batch(batch_of(tools, sceneries(1)), Options(), there)
        second = analyse_batch(batch_of(tools, sceneries(1)), Options(), there)
    assert 0.0 < first.cost_usd <= ceiling
    assert first.cost_usd < second.cost_usd <= 10 * ceiling
