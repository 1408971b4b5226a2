from __future__ import annotations

from dataclasses import replace

import pytest

from processors.domain import Emotion, Marker, Turn, Utterance, Word
from processors.speech.attribution import attributed


def said(*words: tuple[int, int, str]) -> Utterance:
    text = " ".join(word for _, _, word in words)
    made = [Word(start_ms, end_ms, word, 0.9) for start_ms, end_ms, word in words]
    return Utterance(words[0][0], words[-1][1], text, "en", made, -0.2, 0.1, -20.0)


HELLO = said((0, 400, "Hello"), (500, 900, "there,"), (2_000, 2_400, "oh"), (2_500, 3_000, "hi."))


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        pytest.param([], [(None, "Hello there, oh hi.")], id="nobody known"),
        pytest.param([Turn(0, 3_000, "S1")], [("S1", "Hello there, oh hi.")], id="one"),
        pytest.param(
            [Turn(0, 1_000, "S1"), Turn(1_900, 3_000, "S2")], [("S1", "Hello there,"), ("S2", "oh hi.")], id="a change"
        ),
        pytest.param(
            [Turn(0, 2_450, "S1"), Turn(2_450, 3_000, "S2")],
            [("S1", "Hello there, oh"), ("S2", "hi.")],
            id="the pause is too far from the border",
        ),
        pytest.param(
            [Turn(0, 600, "S1"), Turn(600, 3_000, "S2")],
            [("S1", "Hello"), ("S2", "there, oh hi.")],
            id="at a word",
        ),
        pytest.param(
            [Turn(0, 300, "S2"), Turn(300, 3_000, "S1")], [("S2", "Hello"), ("S1", "there, oh hi.")], id="a word alone"
        ),
        pytest.param([Turn(3_500, 4_000, "S1")], [("S1", "Hello there, oh hi.")], id="nobody else is near"),
        pytest.param([Turn(9_000, 9_500, "S1")], [(None, "Hello there, oh hi.")], id="nobody is near"),
    ],
)
def test_words_go_to_who_speaks(turns: list[Turn], expected: list[tuple[str | None, str]]) -> None:
    found = attributed([HELLO], turns)
    assert [(part.speaker, part.text) for part in found] == expected
    assert [word for part in found for word in part.words] == HELLO.words


def test_a_border_moves_to_the_pause_beside_it() -> None:
    spoken = said((0, 300, "So"), (320, 600, "it"), (620, 900, "goes."), (1_200, 1_500, "Does"), (1_520, 1_900, "it?"))
    found = attributed([spoken], [Turn(0, 700, "S1"), Turn(700, 2_000, "S2")])
    assert [(part.speaker, part.text) for part in found] == [("S1", "So it goes."), ("S2", "Does it?")]


def test_a_moment_of_another_speaker_is_an_error_of_the_border() -> None:
    spoken = said((0, 500, "One"), (520, 700, "two"), (720, 1_300, "three"))
    turns = [Turn(0, 510, "S1"), Turn(510, 710, "S2"), Turn(710, 1_300, "S1")]
    assert [part.speaker for part in attributed([spoken], turns)] == ["S1"]


def test_values_of_the_whole_stay_only_with_nearly_all_of_it() -> None:
    marked = replace(
        HELLO,
        emotion=Emotion(0.1, 0.2, "joy", 0.6),
        markers=[Marker("emphasis", 500, 900, 0.5), Marker("question", 2_500, 3_000, 0.5)],
    )
    first, second = attributed([marked], [Turn(0, 1_000, "S1"), Turn(1_900, 3_000, "S2")])
    assert (first.emotion, second.emotion) == (None, None)
    assert [marker.kind for marker in first.markers] == ["emphasis"]
    assert [marker.kind for marker in second.markers] == ["question"]
    assert attributed([marked], [Turn(0, 3_000, "S1")])[0].emotion == marked.emotion


def test_two_at_once() -> None:
    assert attributed([HELLO], [Turn(0, 3_000, "S1"), Turn(1_000, 2_000, "S2")])[0].overlapped
    assert not attributed([HELLO], [Turn(0, 3_000, "S1"), Turn(2_900, 5_000, "S2")])[0].overlapped


def test_text_that_was_written_otherwise_than_its_words() -> None:
    spoken = replace(HELLO, text="something else")
    found = attributed([spoken], [Turn(0, 1_000, "S1"), Turn(1_900, 3_000, "S2")])
    assert [part.text for part in found] == ["Hello there,", "oh hi."]
