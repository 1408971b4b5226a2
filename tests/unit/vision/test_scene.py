"""Scene, labels and score: each row says what was measured and what it is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.domain import Face, Label
from processors.vision.colour import Colour
from processors.vision.ocr import TextLine
from processors.vision.scene import MIN_LABEL_CONFIDENCE, Seen, labels_of, scene_of, score_of

ORDINARY = Colour(brightness=0.45, contrast=0.4, colourfulness=0.3, saturation=0.3, peak=0.9, flatness=0.3)
BLACK = Colour(brightness=0.0, contrast=0.0, colourfulness=0.0, saturation=0.0, peak=0.0, flatness=1.0)
FLAT = replace(ORDINARY, flatness=0.85)
NIGHT = replace(ORDINARY, flatness=0.85, brightness=0.05)


def face(height: float = 0.2, confidence: float = 0.9) -> Face:
    return Face(x=0.4, y=0.2, width=height * 0.6, height=height, confidence=confidence)


def line(height: float = 0.04, width: float = 0.4, confidence: float = 0.95) -> TextLine:
    return TextLine("text", confidence, 0.5, 0.3, width, height)


def seen(
    colour: Colour = ORDINARY,
    faces: list[Face] | None = None,
    lines: list[TextLine] | None = None,
    sharpness: float = 200.0,
    motion: float = 0.004,
    unread: int = 0,
) -> Seen:
    lines = lines or []
    return Seen(colour, faces or [], lines, [each.height for each in lines] + [0.03] * unread, sharpness, motion)


def names(one: Seen) -> list[str]:
    return [label.name for label in labels_of(one)]


@pytest.mark.parametrize(
    ("one", "scene"),
    [
        pytest.param(seen(BLACK), "black", id="black"),
        pytest.param(seen(), "other", id="other"),
        pytest.param(seen(FLAT), "graphic", id="flat"),
        pytest.param(seen(NIGHT), "other", id="night is no graphic"),
        pytest.param(seen(faces=[face()]), "people", id="a face"),
        pytest.param(seen(faces=[face()], lines=[line()]), "people", id="a face and a subtitle"),
        pytest.param(seen(FLAT, lines=[line(0.1), line(0.06)]), "title", id="two large lines on a flat ground"),
        pytest.param(seen(lines=[line(0.12, 0.8)]), "title", id="huge line on a picture"),
        pytest.param(seen(lines=[line(0.05)]), "other", id="subtitle"),
        pytest.param(seen(FLAT, faces=[face()], lines=[line(0.1)]), "people", id="a presenter on a title"),
        pytest.param(seen(FLAT, lines=[line()] * 6), "text", id="slide"),
        pytest.param(seen(FLAT, lines=[line()], unread=8), "text", id="slide that could hardly be read"),
        pytest.param(seen(FLAT, faces=[face(0.03)], lines=[line()] * 6), "text", id="slide with a small group photo"),
        pytest.param(seen(faces=[face(0.03)]), "people", id="small faces"),
        pytest.param(replace(seen(), named=[Label("person", 0.7)]), "people", id="a person from behind"),
        pytest.param(replace(seen(), named=[Label("dog", 0.9)]), "other", id="a dog"),
        pytest.param(replace(seen(FLAT, lines=[line()] * 6), named=[Label("person", 0.8)]), "text", id="on a slide"),
        pytest.param(seen(unread=8), "other", id="texture that looks like text"),
    ],
)
def test_scene(one: Seen, scene: str):
    assert scene_of(one) == scene


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(seen(), [], id="nothing special"),
        pytest.param(seen(BLACK), ["black", "dark"], id="black is not black and white"),
        pytest.param(seen(replace(ORDINARY, brightness=0.1)), ["dark"], id="dark"),
        pytest.param(seen(replace(ORDINARY, brightness=0.8)), ["bright"], id="bright"),
        pytest.param(seen(replace(ORDINARY, colourfulness=0.6)), ["colourful"], id="colourful"),
        pytest.param(seen(replace(ORDINARY, saturation=0.004)), ["black and white"], id="black and white"),
        pytest.param(seen(replace(ORDINARY, saturation=0.012)), [], id="a grey street in colour"),
        pytest.param(seen(motion=0.0), ["still"], id="still"),
        pytest.param(seen(motion=0.04), ["moving"], id="moving"),
        pytest.param(seen(lines=[line()]), ["text"], id="text"),
        pytest.param(seen(faces=[face()]), ["face"], id="face"),
        pytest.param(seen(faces=[face(0.4)]), ["close-up", "face"], id="close-up"),
        pytest.param(seen(faces=[face(), face(confidence=0.7)]), ["face", "two faces"], id="two"),
        pytest.param(seen(faces=[face()] * 3), ["face", "three faces"], id="three"),
        pytest.param(seen(faces=[face()] * 9), ["face", "many faces"], id="many"),
    ],
)
def test_labels(one: Seen, expected: list[str]):
    assert names(one) == expected


def test_labels_are_as_sure_as_what_they_stand_on():
    labels = {label.name: label.confidence for label in labels_of(seen(faces=[face(), face(confidence=0.65)]))}
    assert labels == {"face": 0.9, "two faces": 0.65}
    assert all(MIN_LABEL_CONFIDENCE <= confidence <= 1 for confidence in labels.values())


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(seen(sharpness=400), seen(sharpness=20), id="sharp"),
        pytest.param(seen(faces=[face()]), seen(), id="face"),
        pytest.param(seen(lines=[line()]), seen(), id="text"),
        pytest.param(seen(faces=[face()]), seen(lines=[line()]), id="face before text"),
        pytest.param(seen(motion=0.0), seen(motion=0.1), id="still"),
        pytest.param(seen(), seen(replace(ORDINARY, brightness=0.05)), id="exposed"),
        pytest.param(seen(sharpness=1, motion=1.0), seen(BLACK), id="anything before black"),
    ],
)
def test_score_prefers(better: Seen, worse: Seen):
    assert 1 >= score_of(better) > score_of(worse) >= 0


def test_black_scores_nothing():
    assert score_of(seen(BLACK, sharpness=900)) == 0


def test_words_are_labels_among_the_others():
    assert names(replace(seen(faces=[face(confidence=0.8)]), named=[Label("dog", 0.9), Label("cat", 0.61)])) == [
        "dog",
        "face",
        "cat",
    ]


@pytest.mark.parametrize(
    ("one", "word", "confidence"),
    [
        pytest.param(replace(seen(), still_ms=3_000), "frozen", 0.5, id="three seconds without any change"),
        pytest.param(replace(seen(), still_ms=9_000), "frozen", 1.0, id="nine seconds"),
        pytest.param(replace(seen(), still_ms=2_900), "frozen", None, id="less"),
        pytest.param(seen(BLACK), "black", 1.0, id="black"),
        pytest.param(seen(replace(BLACK, peak=30 / 255)), "black", 0.562, id="nearly black"),
        pytest.param(seen(replace(BLACK, peak=40 / 255)), "black", None, id="dark"),
        pytest.param(seen(FLAT, lines=[line(0.045)]), "title", 0.5, id="a small title"),
        pytest.param(seen(FLAT, lines=[line(0.09)]), "title", 0.95, id="a large one"),
        pytest.param(seen(lines=[line(0.05)]), "title", None, id="a subtitle"),
        pytest.param(seen(FLAT, lines=[line()] * 6), "title", None, id="a slide"),
    ],
)
def test_black_frozen_and_title(one: Seen, word: str, confidence: float | None):
    assert {label.name: label.confidence for label in labels_of(one)}.get(word) == confidence
