"""Sentences are chosen to fit, never rewritten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichment.compress import BYTES_PER_TOKEN, Excerpt, Line, compressed
from processors.segments.lexicon import bare_word


def lines(*texts: str, worth: float = 1.0) -> list[Line]:
    return [Line(text, worth) for text in texts]


OPENS, TELLS, SAYS, CLOSES = (
    "It opens like this.", "Photosynthesis feeds the planet.", "It goes on a bit.", "And it ends here."
)  # fmt: skip


def test_all_is_kept_where_there_is_room() -> None:
    found = compressed(lines("Before."), lines(OPENS, SAYS, CLOSES), lines("After."), 100)
    assert found == Excerpt("Before.", f"{OPENS} {SAYS} {CLOSES}", "After.")


def test_what_opens_and_closes_is_kept_and_then_what_tells_most() -> None:
    own = [Line(OPENS, 0.5), Line(SAYS, 0.5), Line(TELLS, 3.0), Line(CLOSES, 0.5)]
    room = sum(len(text) + 5 for text in (OPENS, TELLS, CLOSES))
    found = compressed([], own, [], -(-room // BYTES_PER_TOKEN))
    assert found.said == f"{OPENS} … {TELLS} {CLOSES}"


def test_filler_and_repeats_go_first() -> None:
    own = [Line("Um, well.", 0.0), Line(OPENS, 1.0), Line("Yeah.", 0.0), Line(f"{OPENS[:-1]}!", 1.0), Line(CLOSES, 1.0)]
    assert compressed([], own, [], 100).said == f"{OPENS} … {CLOSES}"


def test_a_moment_of_filler_alone_is_told_as_it_is() -> None:
    assert compressed([], [Line("Um, well.", 0.0)], [], 100).said == "Um, well."


def test_the_nearest_sentences_come_first_on_both_sides() -> None:
    before = lines(*(f"Sentence {number} before it." for number in range(5)))
    after = lines(*(f"Sentence {number} after it." for number in range(5)))
    found = compressed(before, lines(OPENS), after, 40)
    assert found.before == "Sentence 3 before it. Sentence 4 before it."
    assert found.after == "Sentence 0 after it."


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
_LINES = st.lists(st.builds(Line, _TEXT, st.sampled_from([0.0, 0.5, 1.0, 7.0])), max_size=12)


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
    told = [line.text for line in own if line.worth > 0 and line.text in said]
    assert {words(line.text) for line in own if line.worth > 0} == {words(text) for text in told}


def words(text: str) -> str:
    return " ".join(map(bare_word, text.split()))
