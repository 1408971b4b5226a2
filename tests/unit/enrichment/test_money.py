"""What a second look may cost, and what the first one leaves for it."""

from __future__ import annotations

import pytest

from processors.enrichment.second_look import _ceiling_usd
from processors.options import Options
from processors.service import HostedVision, ServiceConfig
from processors.vision.hosted_budget import ceiling_usd, first_share_usd, refused, second_share_usd
from tests.openai_service import OpenAiService, chat, describing
from tests.unit.enrichment.helpers import case_of, look, seeing


def test_the_best_segments_are_shown_as_far_as_the_share_goes(tools) -> None:
    case = case_of(tools)
    with OpenAiService(answer=describing) as service:
        there = seeing(tools, service.base_url, second_share=0.2)
        assert there.hosted_vision is not None
        ceiling = _ceiling_usd(there.hosted_vision)
        assert ceiling is not None
        budget = Options(budget_usd=round(2.5 * ceiling / 0.2, 6))
        found, again = look(case, there, budget), look(case, there, budget)
        assert [len(asked.moments) for asked in service.asked] == [2]
    assert list(found.insights) == ["v-0", "v-20000"], "the best ones"
    assert again.insights == found.insights, "decided alike on every replay"
    assert found.fallback == again.fallback
    assert "too little for one more" in (found.fallback or "")
    assert 0 < found.cost_usd <= 0.2 * budget.budget_usd


def test_what_is_known_already_costs_nothing_and_takes_no_place(tools) -> None:
    case = case_of(tools)
    with OpenAiService(answer=describing) as service:
        there = seeing(tools, service.base_url, second_share=0.2)
        look(case, there)
        found = look(case, there, Options(budget_usd=0.0001))
        assert len(service.asked) == 1
    assert len(found.insights) == 3


def test_under_a_budget_a_repair_is_paid_out_of_what_its_request_left(tools) -> None:
    case = case_of(tools, count=1, pictures=1)
    with OpenAiService(chat("no", usage=(5_000, 400))) as service:
        look(case, seeing(tools, service.base_url, second_share=0.5), Options(budget_usd=1.0))
        assert len(service.asked) == 1, "nothing is left for another one"
    with OpenAiService(chat("no", usage=(300, 20))) as service:
        look(case, seeing(tools, service.base_url, second_share=0.5), Options(budget_usd=1.0))
        assert len(service.asked) == 2


def test_a_model_of_unknown_price_is_not_asked_where_there_is_a_budget(tools) -> None:
    with OpenAiService(answer=describing) as service:
        there = seeing(tools, service.base_url, model="mine", usd_per_million=None)
        held = look(case_of(tools), there, Options(budget_usd=1.0))
        assert service.asked == []
        free = look(case_of(tools), there)
    assert "price of 'mine' is not known" in (held.fallback or "")
    assert (len(free.insights), free.cost_usd) == (3, 0.0)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_shares_of_both_looks_are_the_pictures_budget(share: float) -> None:
    hosted = HostedVision(
        ServiceConfig("http://h/v1", "k", 1.0), "gpt-4.1-mini", (0.4, 1.6), budget_share=0.5, second_share=share
    )
    assert first_share_usd(hosted, 1.0) + second_share_usd(hosted, 1.0) == pytest.approx(0.5)
    ceiling = ceiling_usd(hosted)
    assert ceiling is not None
    last = int(first_share_usd(hosted, 1.0) / ceiling) - 1
    if last >= 0:
        assert refused(hosted, 1.0, last) is None
    assert "too little for one more" in (refused(hosted, 1.0, last + 1) or "")
