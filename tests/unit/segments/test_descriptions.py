from __future__ import annotations

import pytest

from processors.domain import Scene
from processors.segments.descriptions import MAX_CHARACTERS, description_of
from tests.unit.segments.builders import utterance
from tests.unit.segments.passages import passage, spoken, video

TURTLES = [
    utterance("How does a turtle find its beach?", 0),
    utterance("Well, you know.", 5_000),
    utterance("Every beach has a magnetic signature of its own.", 8_000),
    utterance("And it never changes.", 13_000),
    utterance("A baby turtle learns the magnetic signature on its first day.", 16_000),
]


def described(said, title: str = "", **change) -> str:
    of = video(said, **change)
    return description_of(passage(of), of, title)


def test_two_whole_sentences_in_the_order_in_which_they_are_said() -> None:
    text = described(TURTLES, "How does a turtle find its beach?")
    assert text == (
        "Every beach has a magnetic signature of its own. A baby turtle learns the magnetic signature on its first day."
    )


def test_the_title_is_not_said_again() -> None:
    only = [utterance("Every beach has a magnetic signature.", 0)]
    assert described(only, "Every beach has a magnetic signature") == ""
    assert described(only, "Another title") == "Every beach has a magnetic signature."


def test_a_sentence_that_holds_the_title_comes_after_one_that_does_not() -> None:
    said = [
        utterance("The magnetic signature of a beach, as we know, never changes at all.", 0),
        utterance("Turtles come back to this beach after many years.", 9_000),
    ]
    assert described(said, "The magnetic signature of a beach").startswith("Turtles come back")


def test_hesitation_goes_and_fluent_sentences_are_preferred() -> None:
    said = [
        utterance("Um the the reef uh is um the home of coral fish.", 0),
        utterance("Coral fish need the reef for food and shelter.", 9_000),
    ]
    assert "um" not in described(said[:1]).lower().split()
    assert described([said[0]]) == "The reef is the home of coral fish."
    assert described(said).endswith("Coral fish need the reef for food and shelter.")


def test_nothing_that_refers_back_where_there_is_something_else() -> None:
    said = [
        utterance("But they follow the coral reef there.", 0),
        utterance("Sharks follow the coral reef there.", 6_000),
    ]
    assert described(said).startswith(("Sharks", "But they follow the coral reef there. Sharks"))
    assert described([said[1], utterance("And it was so.", 12_000)]) == "Sharks follow the coral reef there."


def test_a_long_sentence_is_cut_at_a_word() -> None:
    text = described([utterance(" ".join(["Whale"] + ["whales"] * 80) + ".", 0)])
    assert len(text) <= MAX_CHARACTERS
    assert text.endswith("whales…")


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("de", ["Jede Küste hat ihr eigenes Magnetfeld.", "Die Schildkröte lernt das Magnetfeld am ersten Tag."]),
        ("es", ["Cada playa tiene su propio campo magnético.", "La tortuga aprende el campo magnético al nacer."]),
        ("ja", ["海岸 には それぞれ 磁場 が あります。", "亀 は 生まれた 日 に 磁場 を 覚えます。"]),
        ("zh", ["每个 海滩 都 有 自己的 磁场。", "小 海龟 第一天 就 记住 磁场。"]),
    ],
)
def test_many_languages(language: str, sentences: list[str]) -> None:
    said = [spoken(text, 10_000 * at, language) for at, text in enumerate(sentences)]
    text = described(said)
    blank = "" if language in ("ja", "zh") else " "
    whole = [each.replace(" ", "") if language in ("ja", "zh") else each for each in sentences]
    assert text == blank.join(whole)


def scene(description: str, text: tuple[str, ...] = (), start_ms: int = 0) -> Scene:
    return Scene(0, start_ms, start_ms + 5_000, description, [], list(text), ["local"])


def test_without_words_the_picture_is_described() -> None:
    seen = [scene("A turtle swims over a reef."), scene("A turtle swims over a reef."), scene("Fish hide in coral.")]
    assert described([], scenes=seen) == "A turtle swims over a reef. Fish hide in coral."
    assert (
        described([], scenes=[scene("people, car, bright"), scene("car, tree")]) == "In the picture: people, car, tree."
    )
    assert described([], scenes=[scene("", ("EXIT", "Room 4"))]) == "On screen: EXIT · Room 4"
    assert described([]) == ""
