"""Results whose segments a language model rates and writes about: a real HTTP server, a real Kafka, all agents.

Pictures and words are one look: the worker is killed while the language model answers, after the vision service did.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from typing import Any

import psutil
import pytest

from processors.enrichment.reranking import SIGNAL
from processors.versions import CLIPS_VERSION
from streams import results, topics
from tests.openai_service import KEY, Asked, OpenAiService, Reply, chat, clip_copy, describing
from tests.pipeline import Pipeline, request, until
from tests.stream.test_second_look import EACH_USD, SOURCE, again, enriched, kinds, settings_of

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1200)]


def rating(asked: Asked) -> Reply:
    """Later clips are rated higher, so that they change places."""
    notes = [note for note, _ in asked.moments]
    written = [clip_copy(number, note, rating=min(10, 2 * number)) for number, note in enumerate(notes, 1)]
    return chat({"clips": written}, usage=(100 * len(notes), 50 * len(notes)))


def test_words_and_pictures_are_one_record_that_survives_a_kill(cluster_settings, sample, tmp_path):
    asked, go_on = threading.Event(), threading.Event()

    def answer(one: Asked) -> Reply:
        if one.about != "clips":
            return describing(one)
        asked.set()
        return replace(rating(one), wait=go_on)

    with OpenAiService(answer=answer) as service:
        changes: dict[str, Any] = {"text_backend": "openai", "text_rank_weight": 1.0}
        settings = settings_of(cluster_settings, tmp_path, "words", openai_base_url=service.base_url, **changes)
        with Pipeline(settings) as running:
            first = running.process(request(sample, "v", metadata={"title": "Tides"}))[0]
            assert asked.wait(180)
            pid = running.pid("enricher")
            children = psutil.Process(pid).children(recursive=True)
            os.kill(pid, signal.SIGKILL)
            # a child outlives its parent by some ms, in which it would take the answer and keep it
            assert psutil.wait_procs(children, timeout=30)[1] == []
            go_on.set()
            found = enriched(running, "v")
            until(lambda: not running.lag("enricher"), "the enricher is through with it")
            records = [record for record in running.read(topics.SEGMENTS) if record.enriched]
            count = len(service.asked)
            replayed = again(running, "v", "enricher", fresh=True)
            assert len(service.asked) == count, "nothing is paid for twice"
            assert running.canonical(replayed) == running.canonical(found)
            merged = results.to_json(found, running.blobs)
            before = len(service.asked)
            alone = running.process(request(sample, "local", vision="local"))[0]
            words = enriched(running, "local")
            assert set(kinds(service.asked[before:])) <= {"clips"}, "no picture is sent"
    assert alone.second_look is not None
    told = [segment.insight for segment in words.segments if segment.insight is not None]
    assert len(told) == len(words.segments) > 0
    assert {(insight.source, insight.prompt, insight.intent) for insight in told} == {(SOURCE, CLIPS_VERSION, "teach")}
    assert not any("second look" in note or "words:" in note for note in words.missing)
    spoken = [segment for segment in first.segments if segment.text]
    assert len(spoken) > 1
    assert (first.status, first.enriched, first.second_look is not None) == ("final", False, True)
    assert [record.order for record in records] == [found.order] == [(first.generation, first.revision, True)]
    assert kinds(service.asked).count("moments") == 1, "what was paid for before the kill is found"
    assert {segment.score for segment in found.segments} == {segment.score for segment in first.segments}
    ranks = {segment.segment_id: segment.rank for segment in first.segments}
    assert [segment.rank for segment in found.segments] == list(range(1, len(found.segments) + 1))
    assert [ranks[segment.segment_id] for segment in found.segments] != sorted(ranks.values()), "ratings move them"
    for segment in found.segments:
        assert segment.insight is not None
        assert segment.insight.source == SOURCE
        assert segment.insight.hook in segment.text
        assert segment.insight.intent == "teach"
        assert segment.title.startswith("What is told here: ")
        assert segment.hashtags == ["tides", "thesea"]
        assert sum(reason.value * reason.weight for reason in segment.reasons) == pytest.approx(segment.score, abs=0.01)
        assert [reason.signal for reason in segment.reasons].count(SIGNAL) == 1
    assert {segment.insight.description for segment in found.segments if segment.insight} == {
        f"Number {number} explains the tides to a room." for number in range(1, len(found.segments) + 1)
    }, "what is seen stays beside what is written"
    assert merged["segments"][0]["insight"]["hook"]
    assert found.run.costs_usd["enricher"] == pytest.approx(2 * len(first.segments) * EACH_USD)
    for log in settings.log_dir.rglob("*"):
        assert not log.is_file() or KEY not in log.read_text(errors="replace")
