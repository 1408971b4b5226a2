"""Sentences are chosen to fit, never rewritten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichment.compress import BYTES_PER_TOKEN, Excerpt, Line, compressed
from processors.segments.lexicon import bare_word


def line(text: str, *words: str) -> Line:
    return Line(text, dict.fromkeys(words, 1.0))


def lines(*texts: str) -> list[Line]:
    return [line(text, text) for text in texts]


OPENS, TELLS, SAYS, CLOSES = (
    "It opens like this.", "Photosynthesis feeds the planet.", "It goes on a bit.", "And it ends here."
)  # fmt: skip


def test_all_is_kept_where_there_is_room() -> None:
    found = compressed(lines("Before."), lines(OPENS, SAYS, CLOSES), lines("After."), 100)
    assert found == Excerpt("Before.", f"{OPENS} {SAYS} {CLOSES}", "After.")


def test_what_opens_and_closes_is_kept_and_then_what_tells_most() -> None:
    own = [line(OPENS, "opens"), line(SAYS, "goes"), line(TELLS, "photosynthesis", "planet"), line(CLOSES, "ends")]
    room = sum(len(text) + 5 for text in (OPENS, TELLS, CLOSES))
    found = compressed([], own, [], -(-room // BYTES_PER_TOKEN))
    assert found.said == f"{OPENS} … {TELLS} {CLOSES}"


def test_what_was_told_already_adds_nothing() -> None:
    own = [
        line(OPENS, "o"),
        line("The moon and the tides.", "moon", "tides"),
        line("The tides and the moon!!", "moon", "tides"),
        line("Sailors know them well.", "sailors"),
        line(CLOSES, "c"),
    ]
    room = sum(len(own[at].text) + 5 for at in (0, 1, 3, 4))
    assert compressed([], own, [], -(-room // BYTES_PER_TOKEN)).said == " ".join(
        (OPENS, own[1].text, "…", own[3].text, CLOSES)
    )


def test_filler_and_repeats_go_first() -> None:
    own = [line("Um, well."), line(OPENS, "o"), line("Yeah."), line(f"{OPENS[:-1]}!", "o"), line(CLOSES, "c")]
    assert compressed([], own, [], 100).said == f"{OPENS} … {CLOSES}"


def test_a_moment_of_filler_alone_is_told_as_it_is() -> None:
    assert compressed([], [line("Um, well.")], [], 100).said == "Um, well."


def test_the_nearest_sentences_come_first_on_both_sides() -> None:
    before = lines(*(f"Sentence {number} before it." for number in range(5)))
    after = lines(*(f"Sentence {number} after it." for number in range(5)))
    found = compressed(before, lines(OPENS), after, 40)
    assert found.before == "Sentence 3 before it. Sentence 4 before it."
    assert found.after == "Sentence 0 after it. Sentence 1 after it."


def test_a_part_is_kept_for_what_is_around_and_given_back_where_there_is_nothing() -> None:
    own = lines(*(f"A sentence with the number {number} in it." for number in range(30)))
    alone = compressed([], own, [], 200)
    among = compressed(lines("What came before."), own, lines("What came after."), 200)
    assert among.before == "What came before."
    assert among.after == "What came after."
    assert len(among.said) < len(alone.said)


def test_long_sentences_at_both_ends_are_told_in_part() -> None:
    found = compressed([], lines("opening " * 90, "closing " * 90), [], 60)
    assert found.said.startswith("opening opening")
    assert "… closing closing" in found.said


def test_nothing_said_is_nothing_told() -> None:
    assert compressed([], [], [], 300) == Excerpt("", "", "")


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120).map(lambda text: " ".join(text.split()))
_WORDS = st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from([0.25, 1.0]), max_size=4)
_LINES = st.lists(st.builds(Line, _TEXT, _WORDS), max_size=12)


@pytest.mark.parametrize("tokens", [0, 1, 20, 100, 300])
@given(before=_LINES, own=_LINES, after=_LINES)
def test_the_budget_holds_and_the_order_stays(tokens, before, own, after) -> None:
    found = compressed(before, own, after, tokens)
    assert found.size <= tokens * BYTES_PER_TOKEN
    assert found == compressed(before, own, after, tokens), "the same for the same"
    for text, sentences in ((found.before, before), (found.after, after)):
        for part in (part for part in text.split(" … ") if part):
            assert part in " ".join(line.text for line in sentences) or part.endswith("…")


@given(own=_LINES)
def test_with_room_for_all_no_telling_sentence_is_lost(own) -> None:
    said = compressed([], own, [], 5_000).said
    told = [line.text for line in own if line.words and line.text in said]
    assert {words(line.text) for line in own if line.words} == {words(text) for text in told}


def words(text: str) -> str:
    return " ".join(map(bare_word, text.split()))
