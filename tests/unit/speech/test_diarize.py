from __future__ import annotations

import random

import numpy as np
import pytest

from processors.domain import Speaker, Turn, VoicePrint
from processors.speech.diarize import diarize
from processors.speech.enrolment import names_of
from processors.speech.voiceprint import decoded, encoded, normalised
from processors.speech.voices import voices_in

VOICES = normalised(np.random.default_rng(11).standard_normal((4, 192)))
PLAN = [(0, 9_000, 0), (10_000, 14_500, 1), (15_000, 21_000, 0), (22_000, 30_500, 2), (31_000, 35_000, 1)]


def talk(plan: list[tuple[int, int, int]], spread: float = 0.7, seed: int = 1) -> list[VoicePrint]:
    """Prints of spans (start, end, voice) as the transcriber makes them."""
    chance = np.random.default_rng(seed)
    found = []
    for start_ms, end_ms, voice in plan:
        for at_ms in range(start_ms, max(start_ms + 1, end_ms - 1_499), 750):
            noise = normalised(chance.standard_normal(192)) * spread
            vector = encoded(normalised(VOICES[voice] + noise))
            last = at_ms + 750 > end_ms - 1_500
            found.append(VoicePrint(at_ms, end_ms if last else at_ms + 1_500, vector))
    return found


def test_turns_and_speakers() -> None:
    found = diarize(talk(PLAN))
    assert found.turns == [
        Turn(0, 9_000, "S1"),
        Turn(10_000, 14_500, "S2"),
        Turn(15_000, 21_000, "S1"),
        Turn(22_000, 30_500, "S3"),
        Turn(31_000, 35_000, "S2"),
    ]
    assert found.speakers == [Speaker("S1", 15_000), Speaker("S2", 8_500), Speaker("S3", 8_500)]


def test_the_order_of_arrival_and_repeats_do_not_show() -> None:
    prints = talk(PLAN)
    shuffled = [*prints, *prints[3:6]]
    random.Random(4).shuffle(shuffled)
    assert diarize(shuffled) == diarize(prints)


@pytest.mark.parametrize("plan", [[(0, 400, 0)], [(0, 20_000, 2)]])
def test_one_speaker(plan: list[tuple[int, int, int]]) -> None:
    found = diarize(talk(plan))
    assert found.turns == [Turn(*plan[0][:2], "S1")]
    assert voices_in(talk(plan)) == 1


def test_nobody() -> None:
    assert diarize([]).turns == []
    assert diarize([]).speakers == []
    assert voices_in([]) == 1


def test_a_chunk_knows_how_many_voices_it_has() -> None:
    assert voices_in(talk([(0, 9_000, 0), (9_300, 15_000, 1)])) == 2
    assert voices_in(talk([(0, 9_000, 0), (9_300, 11_000, 1)])) == 1, "too little of a second voice to be sure"


def test_a_breath_is_part_of_a_turn_and_a_pause_is_not() -> None:
    turns = diarize(talk([(0, 5_000, 0), (5_600, 9_000, 0), (10_000, 14_000, 0)])).turns
    assert turns == [Turn(0, 9_000, "S1"), Turn(10_000, 14_000, "S1")]


def test_a_print_of_two_voices_makes_a_turn_of_the_second() -> None:
    prints = talk([(0, 12_000, 0), (13_000, 22_000, 1)], spread=0.3)
    both = encoded(normalised(VOICES[0] + 0.9 * VOICES[1]))
    prints = [VoicePrint(p.start_ms, p.end_ms, both) if 4_000 <= p.start_ms <= 6_000 else p for p in prints]
    turns = diarize(prints).turns
    second = [turn for turn in turns if turn.end_ms <= 12_000 and turn.speaker == "S2"]
    assert len(second) == 1
    assert 4_000 <= second[0].start_ms < second[0].end_ms <= 8_000
    assert any(turn.speaker == "S1" and turn.start_ms == 0 and turn.end_ms == 12_000 for turn in turns)


def test_enrolled_people_are_called_by_name() -> None:
    known = {"Ada": decoded(talk([(0, 6_000, 1)], seed=7)), "Bob": decoded(talk([(0, 6_000, 3)], seed=8))}
    found = diarize(talk(PLAN), known)
    named = [who for who in found.speakers if who.enrolled]
    assert [who.speaker for who in named] == ["Ada"]
    assert {turn.speaker for turn in found.turns} == {who.speaker for who in found.speakers}
    assert "Ada" in {turn.speaker for turn in found.turns if turn.start_ms == 10_000}


def test_a_name_is_given_once_and_only_when_near() -> None:
    assert names_of(VOICES[:2], {"Ada": VOICES[[1]], "Eve": VOICES[[1]]}) == {1: "Ada"}
    assert names_of(VOICES[:2], {"Bob": VOICES[[3]]}) == {}
    assert names_of(VOICES[:2], {}) == {}
    assert names_of(VOICES[:2], {"Old": np.ones((1, 7), dtype=np.float32)}) == {}, "prints of another network"


def test_a_person_who_is_enrolled_under_a_number_keeps_it_alone() -> None:
    known = {"S1": decoded(talk([(0, 6_000, 1)], seed=7))}
    found = diarize(talk(PLAN), known)
    assert [(who.speaker, who.enrolled) for who in found.speakers] == [("S2", False), ("S1", True), ("S4", False)]
    assert len({turn.speaker for turn in found.turns}) == 3
