from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Label, Topic
from processors.segments.hashtags import LEAST, MAX_CHARACTERS, MOST, hashtags_of, tag_of
from tests.unit.segments.builders import frame
from tests.unit.segments.passages import passage, spoken, video


def tags(text: str = "", phrases=(), topics=(), language: str = "en", frames=(), category: str = "other"):
    said = [spoken(text, 0, language)] if text else []
    about = [Topic(0, 60_000, list(topics), category, 0.9)]
    of = video(said, frames, topics=about, duration_ms=60_000)
    return hashtags_of(passage(of, topics=list(topics)), phrases)


@pytest.mark.parametrize(
    ("phrase", "tag"),
    [
        ("climate change", "ClimateChange"),
        ("reef", "Reef"),
        ("NASA probe", "NASAProbe"),
        ("iPhone", "iPhone"),
        ("Peter's house", "PetersHouse"),
        ("on-off switch", "OnOffSwitch"),
        ("L_C_D_", "L_C_D_"),
        ("Bundesverfassungsgericht", "Bundesverfassungsgericht"),
        ("niño", "Niño"),
        ("磁场", "磁场"),
        ("海", ""),  # too short even there
        ("हिन्दी", "हिन्दी"),  # marks stay
        ("2024", ""),
        ("ab", ""),
        ("a b c d", ""),
        ("x" * (MAX_CHARACTERS + 1), ""),
        ("!?", ""),
        ("", ""),
    ],
)
def test_one_word_of_a_phrase(phrase: str, tag: str) -> None:
    assert tag_of(phrase) == tag


@given(st.text(max_size=60))
def test_a_tag_is_one_word_of_letters_and_digits(phrase: str) -> None:
    tag = tag_of(phrase)
    assert len(tag) <= MAX_CHARACTERS
    assert not any(character.isspace() or character in "#.,!?-'\"" for character in tag)
    assert tag == "" or not tag.isdigit()


def test_what_is_said_again_or_named_comes_before_what_is_around() -> None:
    said = "The reef is old and the reef is large near Port Douglas as sailors from Port Douglas know."
    found = tags(said, phrases=["reef", "sailors", "old stone"], topics=["volcano", "lava"])
    assert found == ["Reef", "OldStone", "PortDouglas"]  # "sailors" is said once, the volcano elsewhere


def test_fewer_than_three_are_filled_from_around_and_no_further() -> None:
    found = tags(
        "The reef is the reef.", phrases=["reef", "tide"], topics=["volcano", "lava", "ash"], category="nature"
    )
    assert found == ["Reef", "Tide", "Volcano"]
    assert len(found) == LEAST
    assert tags("The reef is the reef.", phrases=["reef"], category="nature") == ["Reef", "Nature"]


def test_words_that_say_nothing_are_left_out() -> None:
    assert tags("So roughly yeah.", phrases=["roughly", "yeah", "really nice", "fuel a voice"]) == []
    assert tags("Wirklich gut.", phrases=["wirklich"], language="de") == []


def test_forms_of_one_word_are_one_tag() -> None:
    said = "Corals and coral and coral reefs and coral reefs and reefs."
    assert tags(said, phrases=["coral reefs", "coral", "corals", "reefs", "coral fish"]) == ["CoralReefs", "CoralFish"]


def test_german_nouns_are_no_names() -> None:
    said = "Wir sahen das Haus und noch ein Haus und dann das Haus."
    assert tags(said, language="de") == []
    assert tags("Das brennende Haus.", phrases=["brennende", "Haus"], language="de") == ["Haus"]  # an adjective
    assert tags("We saw the House and then the House again.", language="en") == ["House"]


def test_what_is_seen_where_nothing_is_said() -> None:
    frames = [
        frame(at, labels=[Label("turtle", 0.9), Label("person", 0.9), Label("bright", 0.9), Label("boat", 0.5)])
        for at in (1_000, 2_000)
    ]
    assert tags(frames=[*frames, frame(3_000, labels=[Label("sea urchin", 0.8)])]) == ["Turtle", "SeaUrchin"]


def test_no_more_than_most_and_the_same_every_time() -> None:
    phrases = [f"word{chr(97 + at)} thing{chr(97 + at)}x" for at in range(20)]
    found = tags("Hello there.", phrases=phrases)
    assert len(found) == MOST
    assert found == tags("Hello there.", phrases=phrases)


@pytest.mark.parametrize(
    ("language", "text", "phrases", "expected"),
    [
        ("zh", "海龟 记住 磁场 因为 磁场 不变。", ["磁场", "海龟"], ["磁场", "海龟"]),
        ("ja", "亀 は 磁場 を 覚え 磁場 で 帰ります。", ["磁場"], ["磁場"]),
        ("ru", "Черепаха помнит пляж, и черепаха вернётся.", ["черепаха"], ["Черепаха"]),
        ("ar", "السلحفاة تعود و السلحفاة تتذكر", ["السلحفاة"], ["السلحفاة"]),
    ],
)
def test_many_languages(language: str, text: str, phrases: list[str], expected: list[str]) -> None:
    assert tags(text, phrases=phrases, language=language) == expected
