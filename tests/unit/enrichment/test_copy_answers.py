"""What was paid for once is not asked again; answers that are shared; budgets and order; a real HTTP server."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from processors.enrichment.copy_budget import LEAST_TOKENS, ceiling_usd, tokens_within
from processors.enrichment.merged import enriched_segments
from processors.enrichment.platform_limits import limits_of
from processors.models.store import ModelStore
from processors.options import Options
from processors.service import client_for
from streams.settings import Settings
from tests.openai_service import Asked, OpenAiService, Reply, chat, clip_copy, describing
from tests.unit.enrichment.copy_help import SAID, answering, write, writing, written_case

SOURCE = "openai:gpt-4.1-mini"
pytestmark = pytest.mark.usefixtures("tight_platform")


def test_nothing_is_paid_for_twice(tools) -> None:
    case = written_case(tools)
    with OpenAiService(answer=describing) as service:
        there = writing(tools, service.base_url)
        first, again = write(case, there), write(case, there)
        assert len(service.asked) == 2
        assert (again.copies, again.cost_usd, again.requests) == (first.copies, first.cost_usd, 0)
        fewer = write(case, there, segments=case.segments[:2])
        assert len(service.asked) == 2
        assert (len(fewer.copies), fewer.cost_usd) == (2, 0.0)
        write(case, there, Options(platforms=("shorts",)))
        assert len(service.asked) == 4, "other limits are another question"


def test_another_prompt_asks_again(tools, monkeypatch: pytest.MonkeyPatch) -> None:
    case = written_case(tools, SAID[:1])
    with OpenAiService(answer=describing) as service:
        write(case, writing(tools, service.base_url))
        monkeypatch.setattr("processors.enrichment.copywriting.CLIPS_VERSION", "clips-0")
        write(case, writing(tools, service.base_url))
        assert len(service.asked) == 2


def test_what_killed_work_paid_for_is_counted_by_its_successor(tools) -> None:
    """The first of two requests was answered, then the worker died."""
    case = written_case(tools)
    with OpenAiService(answer=describing) as service:
        there = writing(tools, service.base_url)

        def dies(*_: Any) -> Any:
            if len(service.asked) == 1:
                raise KeyboardInterrupt
            return call(*_)

        client = client_for(there.hosted_text.service)
        call, client.call = client.call, dies  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            write(case, there)
        client.call = call  # type: ignore[method-assign]
        found = write(case, there)
        assert [len(asked.moments) for asked in service.asked] == [5, 1]
    assert len(found.copies) == 6
    assert found.cost_usd == pytest.approx(6 * (100 * 0.4 + 50 * 1.6) / 1e6)
    assert found.requests == 1


def test_nearly_the_same_words_share_an_answer_but_not_its_quotations(tools) -> None:
    """Another video has the moment with other edges and a word that was heard otherwise."""
    there_models = replace(tools, models=ModelStore(None, Settings().cache_dir))
    heard = SAID[0].replace("on the far side a bulge is left", "on the far side one bulge is left")
    with OpenAiService(answer=describing) as service:
        there = writing(there_models, service.base_url, same=0.88)
        first = write(written_case(tools, SAID[:2]), there)
        other = write(written_case(tools, [heard]), there)
        assert len(service.asked) == 1
        unlike = write(written_case(tools, SAID[2:3]), there)
        assert len(service.asked) == 2
        again = write(written_case(tools, [heard]), there)
        off = write(written_case(tools, [heard]), writing(there_models, service.base_url, same=1.01, kept=False))
        assert len(service.asked) == 3
    ours, theirs = next(iter(first.copies.values())), next(iter(other.copies.values()))
    assert ours.payoff.startswith("The moon pulls the ocean")
    assert theirs == replace(ours, payoff=""), "what was not said here is not quoted"
    assert (other.alike, other.cost_usd, other.requests, unlike.alike, off.alike) == (1, 0.0, 0, 0, 0)
    assert (again.copies, again.alike, again.cost_usd) == (other.copies, 0, 0.0), (
        "a replay finds it under its own words"
    )


def test_an_answer_whose_figures_do_not_hold_is_not_shared(tools) -> None:
    there_models = replace(tools, models=ModelStore(None, Settings().cache_dir))
    said = "The harbour was closed for 47 days because the storm had broken the wall of the old pier."
    with OpenAiService(answer=answering({"title": "47 days without a harbour"})) as service:
        there = writing(there_models, service.base_url, same=0.8)
        write(written_case(tools, [said]), there)
        write(written_case(tools, [said.replace("47", "23")]), there)
        assert len(service.asked) == 3, "asked, and once more for an entry with a figure that nobody said"


def test_without_the_sentence_encoder_all_are_asked_about(tools) -> None:
    with OpenAiService(answer=describing) as service:
        found = write(written_case(tools), writing(tools, service.base_url, same=0.88))
    assert len(found.copies) == len(SAID)


def test_a_budget_takes_words_first_and_clips_then(tools) -> None:
    case = written_case(
        tools, [f"{said} {' '.join(f'Point {chr(97 + n)} is told.' for n in range(26))}" for said in SAID]
    )
    with OpenAiService(answer=describing) as service:
        there = writing(tools, service.base_url, kept=False)
        hosted = there.hosted_text
        assert hosted is not None
        limits = limits_of(["shorts", "reels"])
        full, least = ceiling_usd(hosted, hosted.tokens, limits), ceiling_usd(hosted, LEAST_TOKENS, limits)
        assert full is not None
        assert least is not None
        sizes = []
        for budget in (0.0, 6 * (full + least) / 2, 6 * least, 2.5 * least):
            found = write(case, there, Options(budget_usd=round(budget, 6)))
            sizes.append((len(found.copies), sum(len(clip) for asked in service.asked for clip, _ in asked.moments)))
            assert budget == 0.0 or found.cost_usd <= budget
            service.asked.clear()
    (all_six, whole), (same, some), (still, few), (two, least_sent) = sizes
    assert (all_six, same, still, two) == (6, 6, 6, 2)
    assert whole > some > few > least_sent
    assert "too little for one more" in (found.fallback or "")


def test_a_model_of_unknown_price_is_not_asked_where_there_is_a_budget(tools) -> None:
    with OpenAiService(answer=describing) as service:
        there = writing(tools, service.base_url, model="mine", usd_per_million=None)
        held = write(written_case(tools), there, Options(budget_usd=1.0))
        assert service.asked == []
        free = write(written_case(tools), there)
    assert "price of 'mine' is not known, so the budget cannot be kept: CLIPSTREAM_TEXT_PRICES" in (held.fallback or "")
    assert (len(free.copies), free.cost_usd) == (6, 0.0)


@pytest.mark.parametrize("budget_usd", [0.0, 0.0001, 0.005, 0.01, 1.0])
def test_tokens_within_a_budget_are_bounded(tools, budget_usd: float) -> None:
    hosted = writing(tools, "http://127.0.0.1:9/v1").hosted_text
    assert hosted is not None
    tokens = tokens_within(hosted, budget_usd, 10, {})
    assert LEAST_TOKENS <= tokens <= hosted.tokens
    assert tokens == hosted.tokens or budget_usd > 0.0


@pytest.mark.parametrize(
    ("parts", "same"),
    [([SAID[:3], SAID[3:5], SAID[5:]], 0.88), ([SAID[:4], SAID[4:], SAID[1:3], SAID[5:]], 1.01)],
    ids=["unlike moments", "alike moments, no sharing"],
)
def test_twenty_runs_with_shuffled_arrival_give_the_same_bytes(tools, tmp_path: Path, parts, same: float) -> None:
    """Videos in another order each time, each run with a cache of its own, entries of answers shuffled as well.

    Where moments of two videos are alike and answers are shared, the second one has what was said of the first one.
    """
    source = random.Random(4711)

    def shuffled(asked: Asked) -> Reply:
        notes = [note for note, _ in asked.moments]
        entries = [clip_copy(number, note, rating=len(note) % 11) for number, note in enumerate(notes, 1)]
        source.shuffle(entries)
        return chat({"clips": entries}, usage=(100 * len(notes), 50 * len(notes)))

    models = replace(tools, models=ModelStore(None, Settings().cache_dir))
    seen = set()
    with OpenAiService(answer=shuffled) as service:
        cases = [written_case(tools, part) for part in parts]
        for run in range(20):
            there = writing(replace(models, work_dir=tmp_path / str(run)), service.base_url, same=same)
            order = list(range(len(cases)))
            source.shuffle(order)
            results = {}
            for at in order:
                found = write(cases[at], there)
                results[at] = enriched_segments(cases[at].segments, None, found, 0.3)
            seen.add(orjson.dumps([results[at] for at in sorted(results)]))
    assert len(seen) == 1
    assert b'"rank":1' in seen.pop()
