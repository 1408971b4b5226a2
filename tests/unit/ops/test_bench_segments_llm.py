"""Segments that a language model names: what it is sent, what is taken of its answer, and the stand-in's own rule."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from ops.bench.segments_item import Item
from ops.bench.segments_llm import BUDGET_TOKENS, by_model, by_stand_in
from ops.bench.text_service import densest_passages
from processors.domain import ChunkTranscript, Utterance
from processors.errors import AnswerInvalid, ServiceUnavailable
from processors.segments.parts import Parts
from processors.service import HostedText, ServiceConfig
from tests.openai_service import KEY, OpenAiService, chat

SECONDS = 10  # of each sentence


def item_of(*sentences: str, seconds: int = SECONDS) -> Item:
    spoken = [
        Utterance(at * seconds * 1000, (at + 1) * seconds * 1000, text, "en", [], 0.0, 0.0, None)
        for at, text in enumerate(sentences)
    ]
    end_ms = len(spoken) * seconds * 1000
    chunk = ChunkTranscript(0, end_ms, end_ms, "en", 1.0, spoken, [], "people")
    return Item("talk", Parts("talk", transcripts=[chunk], audio_duration_ms=end_ms), [], frozenset(), timed=True)


TALK = item_of(*(f"Sentence number {chr(97 + at)} tells of something else." for at in range(20)))


def named(*passages: tuple[int, int]) -> dict[str, Any]:
    return {"passages": [{"number": at, "first": one[0], "last": one[1]} for at, one in enumerate(passages, 1)]}


def spans(answer: dict[str, Any], count: int = 5) -> list[tuple[int, int]]:
    with OpenAiService(chat(answer)) as service:
        found = by_model(HostedText(ServiceConfig(service.base_url, KEY, 60.0), "m"), TALK, [30_000] * count)
    assert found is not None
    return [(span.start_ms // 1000, span.end_ms // 1000) for span in found]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (named((2, 4), (10, 11)), [(20, 50), (100, 120)]),
        (named((0, 19)), [(0, 90)]),
        (named((4, 2), (-1, 3), (5, 99), (7, 9)), [(70, 100)]),
        (named((2, 4), (3, 5), (6, 8)), [(20, 50), (60, 90)]),
        (named((19, 19)), [(190, 200)]),
    ],
    ids=["as named", "too long", "no passages", "overlapping", "the end"],
)
def test_what_is_taken_of_an_answer(answer: dict[str, Any], wanted: list[tuple[int, int]]) -> None:
    assert spans(answer) == wanted


def test_no_more_than_are_asked_for() -> None:
    assert len(spans(named(*((at, at) for at in range(10))), count=3)) == 3


def test_a_service_that_fails_ends_the_measurement() -> None:
    """A row without it would compare other items."""
    for reply, error in ((chat("prose"), AnswerInvalid), (None, ServiceUnavailable)):
        with OpenAiService(reply or chat("x")) as service:
            url = service.base_url if reply else "http://127.0.0.1:9/v1"
            hosted = HostedText(ServiceConfig(url, KEY, 0.5), "m")
            with pytest.raises(error):
                by_model(hosted, TALK, [30_000])


def test_all_sentences_are_sent_and_long_transcripts_are_compressed_evenly() -> None:
    with OpenAiService(chat(named((0, 2)))) as service:
        hosted = HostedText(ServiceConfig(service.base_url, KEY, 60.0), "m")
        by_model(hosted, TALK, [30_000])
        short = service.asked[0].json["messages"][-1]["content"][0]["text"]
        long = item_of(
            *(f"Word{at} of {'much too long a sentence ' * 8}thing{at % 7}." for at in range(900)), seconds=6
        )
        by_model(hosted, long, [30_000])
        cut = service.asked[1].json["messages"][-1]["content"][0]["text"]
    assert [int(number) for number in re.findall(r"\[(\d+) \d+s\]", short)] == list(range(20))
    assert short.startswith("1 passages of 8 to 90 s each.")
    numbers = [int(number) for number in re.findall(r"\[(\d+) \d+s\]", cut)]
    assert len(cut.encode()) <= BUDGET_TOKENS * 3 + 2_000
    assert 100 < len(numbers) < 900
    tenths = {number // 90 for number in numbers}
    assert tenths == set(range(10)), "every part of the talk is told"


def test_the_stand_in_names_the_passages_with_most_keywords() -> None:
    sentences = [(at, at * 10, "We were talking on and on and so it went.") for at in range(30)]
    for at in (12, 13, 14):
        sentences[at] = (at, at * 10, "The moon makes tides; tides follow the harbour.")
    assert densest_passages(sentences, 1) == [(12, 14)]
    found = densest_passages(sentences, 30)
    assert all(one[1] < other[0] or other[1] < one[0] for one in found for other in found if one != other)
    assert densest_passages([], 3) == []


def test_the_stand_in_answers_over_http() -> None:
    quiet = ["We were talking on and on and so it went."] * 30
    quiet[12:15] = ["The moon makes tides; tides follow the harbour."] * 3
    found = by_stand_in(item_of(*quiet), [30_000], random.Random(0))
    assert found is not None
    assert [(span.start_ms, span.end_ms) for span in found] == [(120_000, 150_000)]
    assert by_stand_in(item_of(), [30_000], random.Random(0)) is None
