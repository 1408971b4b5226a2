from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Utterance, Word
from processors.segments.cue_times import COLUMNS_PER_SECOND, Wanted, spans
from processors.segments.cues import (
    LINE_COLUMNS,
    LINES,
    MAX_CUE_MS,
    MIN_CUE_MS,
    MIN_GAP_MS,
    Cue,
    columns,
    cues_of,
    label_of,
    line_columns,
)
from processors.segments.words import tokens_of
from tests.unit.segments.builders import utterance


def cut(*said: Utterance, labels: bool = False) -> list[Cue]:
    return cues_of(tokens_of(list(said)), [one.speaker for one in said], labels)


def times(cues: list[Cue]) -> list[tuple[int, int]]:
    return [(cue.start_ms, cue.end_ms) for cue in cues]


def test_a_cue_ends_with_its_sentence() -> None:
    cues = cut(utterance("It really works. Does it really? Yes, it does.", 0))
    assert [cue.lines for cue in cues] == [("It really works.",), ("Does it really?",), ("Yes, it does.",)]


def test_long_sentences_are_cut_at_clauses_and_laid_out_evenly() -> None:
    text = (
        "The engine of the river boat had stopped again, so everybody on the upper deck went down to look at it, "
        "and nobody came back before the evening."
    )
    cues = cut(utterance(text, 0, word_ms=150))
    assert [cue.lines for cue in cues] == [
        ("The engine of the river", "boat had stopped again,"),
        ("so everybody on the upper", "deck went down to look at it,"),
        ("and nobody came back before the evening.",),
    ]


def test_a_line_does_not_end_with_a_short_word_that_belongs_to_the_next() -> None:
    (cue,) = cut(utterance("everybody went to have a look at the engine before it got dark", 0, word_ms=200))
    assert cue.lines == ("everybody went to have a look", "at the engine before it got dark")


def test_a_pause_ends_a_cue_and_a_short_one_stays_a_little() -> None:
    assert times(cut(utterance("well", 0), utterance("then we go", 5_000))) == [(0, MIN_CUE_MS), (5_000, 6_000)]


def test_slow_words_get_cues_of_their_own() -> None:
    cues = cut(utterance("one two three", 0, word_ms=3_000))
    assert [(cue.lines, cue.start_ms, cue.end_ms) for cue in cues] == [
        (("one two",), 0, 6_020),
        (("three",), 6_100, 9_100),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([utterance("Well. Then we go.", 0)], [(("Well. Then we go.",), 0, 1_350)]),
        ([utterance("So it is. No.", 0), utterance("Really not.", 1_400)],
         [(("So it is. No.",), 0, 1_320), (("Really not.",), 1_400, 2_200)]),
        # another language is a cue of its own, however short
        ([utterance("Yes", 0), utterance("claro que si", 350, "es")],
         [(("Yes",), 0, 270), (("claro que si",), 350, 1_350)]),
        # a pause before it gives a short cue its time
        ([utterance("Yes", 1_000), utterance("claro que si", 1_350, "es")],
         [(("Yes",), 470, 1_270), (("claro que si",), 1_350, 2_350)]),
    ],
    ids=["joins the next", "joins the one before", "cannot join", "comes earlier"],
)  # fmt: skip
def test_a_short_cue(said: list[Utterance], expected: list[tuple[tuple[str, ...], int, int]]) -> None:
    assert [(cue.lines, cue.start_ms, cue.end_ms) for cue in cut(*said)] == expected


def test_fast_speech_stays_as_long_as_reading_takes_where_there_is_a_pause() -> None:
    text = "extraordinarily fast speech of many words indeed"  # 47 letters: 2.35 s
    assert times(cut(utterance(text, 0, word_ms=50), utterance("then", 9_000))) == [(0, 2_350), (9_000, 9_800)]
    assert times(cut(utterance(text, 0, word_ms=50), utterance("then", 1_900))) == [(0, 1_820), (1_900, 2_700)]


def test_another_speaker_gets_another_cue_and_a_label_on_change() -> None:
    said = [
        replace(utterance("It is late.", 0), speaker="S1"),
        replace(utterance("We should go now.", 1_100), speaker="S1"),
        replace(utterance("No. Not before the end.", 3_000), speaker="Ana Díaz"),
        replace(utterance("Who says so?", 5_000), speaker=None),
    ]
    assert [(cue.lines, cue.speaker) for cue in cut(*said, labels=True)] == [
        (("S1: It is late.",), "S1"),
        (("We should go now.",), "S1"),
        (("Ana Díaz: No. Not before the end.",), "Ana Díaz"),
        (("Who says so?",), None),
    ]
    assert cut(*said)[0].lines == ("It is late.",)


@pytest.mark.parametrize(
    ("name", "label"),
    [(None, ""), ("", ""), ("S1", "S1"), (" Ana\n\u202e Díaz ", "Ana Díaz"), ("x" * 50, "x" * 19 + "…"),
     ("山" * 50, "山" * 9 + "…")],
)  # fmt: skip
def test_labels_are_short_and_plain(name: str | None, label: str) -> None:
    assert label_of(name) == label


def test_an_address_wider_than_a_line_is_divided() -> None:
    text = "go " + "x" * 100 + " now"
    cues = cut(utterance(text, 0, word_ms=3_000))
    assert "".join(line for cue in cues for line in cue.lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= LINE_COLUMNS for cue in cues for line in cue.lines)


FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    "character",
    [FAMILY, "👍🏽", "❤\ufe0f", "🇩🇪", "1\ufe0f\u20e3", "e\u0301\u0323", "न\u093f", "🏳\ufe0f\u200d🌈"],
    ids=["joiners", "tone", "variation", "flag", "keycap", "marks", "vowel sign", "all"],
)
@pytest.mark.parametrize("before", ["", "x", "xx", "xxx", "xxxx"])
def test_what_is_one_character_to_a_reader_is_not_divided(character: str, before: str) -> None:
    text = before + character * 60
    cues = cut(utterance(text, 0, word_ms=9_000))
    found = [line for cue in cues for line in cue.lines]
    assert "".join(found) == text
    assert len(found) > 1
    assert all(columns(line) <= LINE_COLUMNS for line in found)
    assert found[0] == before + character * found[0].count(character)
    assert all(line == character * line.count(character) for line in found[1:])


def test_a_character_wider_than_a_line_is_divided() -> None:
    text = "\u200d".join("👨" * 80)
    found = [line for cue in cut(utterance(text, 0, word_ms=9_000)) for line in cue.lines]
    assert "".join(found) == text
    assert all(columns(line) <= LINE_COLUMNS for line in found)


def test_lines_of_wide_characters_hold_sixteen() -> None:
    assert columns("今天 ok") == 7
    text = "今" * 40
    said = Utterance(
        0, 4_000, text, "zh", [Word(at * 100, at * 100 + 100, "今", 0.9) for at in range(40)], -0.1, 0, None
    )
    assert [len(line) for cue in cut(said) for line in cue.lines] == [16, 16, 8]


words = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "a",
                "so,",
                "end.",
                "why?",
                "unquestionably",
                "今天",
                "x" * 60,
                "…",
                "<b>",
                "-->",
                "👨\u200d👩\u200d👧" * 9,
            ]
        ),
        st.sampled_from([0, 1, 80, 400, 9_000]),
        st.sampled_from([0, 0, 30, 700, 4_000]),
    ),
    max_size=20,
)
turns = st.lists(
    st.tuples(words, st.sampled_from(["en", "zh", "ja"]), st.sampled_from([None, "S1", "S2", "N" * 90])), max_size=5
)


@settings(deadline=None)
@given(turns, st.booleans())
def test_cues_keep_the_rules(drawn: list[tuple[list[tuple[str, int, int]], str, str | None]], labels: bool) -> None:
    said, at_ms = [], 0
    for texts, language, speaker in drawn:
        start_ms, spoken = at_ms, []
        for text, length_ms, pause_ms in texts:
            spoken.append(Word(at_ms, at_ms + length_ms, text, 0.9))
            at_ms += length_ms + pause_ms
        if spoken:
            said.append(Utterance(start_ms, at_ms, "", language, spoken, -0.1, 0.0, None, speaker=speaker))
    cues = cut(*said, labels=labels)
    for before, cue, following in zip([None, *cues], cues, [*cues[1:], None], strict=False):
        length_ms = cue.end_ms - cue.start_ms
        assert 0 < length_ms <= MAX_CUE_MS
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < columns(line) <= line_columns(cue.language) for line in cue.lines)
        assert before is None or before.end_ms <= cue.start_ms
        behind_ms = 10**9 if following is None else following.start_ms - cue.end_ms
        in_front_ms = cue.start_ms if before is None else cue.start_ms - before.end_ms - MIN_GAP_MS
        if length_ms < MIN_CUE_MS:  # only without a pause beside it
            assert behind_ms <= MIN_GAP_MS
            assert in_front_ms <= 0
        if sum(map(columns, cue.lines)) * 1_000 > COLUMNS_PER_SECOND * length_ms:
            assert behind_ms <= MIN_GAP_MS or length_ms == MAX_CUE_MS
    written = "".join(line for cue in cues for line in cue.lines).replace(" ", "")
    expected = "".join(word.text for one in said for word in one.words)
    assert written == expected or labels
    assert written.replace("S1:", "").replace("S2:", "").replace("N" * 19 + "…:", "") == expected


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 9_000), st.integers(1, 84)), max_size=30))
def test_times_of_cues(drawn: list[tuple[int, int, int]]) -> None:
    starts = list(itertools.accumulate(gap for gap, _, _ in drawn))
    wanted = [Wanted(start, start + length, wide) for start, (_, length, wide) in zip(starts, drawn, strict=True)]
    found = spans(wanted)
    # cues that begin together come one millisecond after the other
    begin = list(itertools.accumulate(starts, lambda before, start: max(start, before + 1)))
    for (_, end_ms), (following_ms, _), (start_ms, next_ms) in zip(
        found, found[1:], itertools.pairwise(begin), strict=False
    ):
        assert end_ms < following_ms or next_ms - start_ms <= 1
        assert following_ms - end_ms >= min(MIN_GAP_MS, (next_ms - start_ms) // 2)
    assert all(start_ms < end_ms <= start_ms + MAX_CUE_MS for start_ms, end_ms in found)
