"""Words for pictures: what the networks say, and which of it is said."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from processors.errors import ModelUnavailable
from processors.models.store import ModelStore
from processors.vision.kinds import KIND_MODEL, PictureClassifier
from processors.vision.naming import MAX_WORDS, name
from processors.vision.things import SIDE, THING_MODEL, ThingFinder, squared
from processors.vision.words import CLASSIFIED, DETECTED
from tests.unit.vision.helpers import Image, scenery

CLASSES = Path(__file__).parents[3] / "processors" / "models" / "files" / KIND_MODEL / "classes.txt"


def things(**confidences: float) -> NDArray[np.float32]:
    found = np.zeros(len(DETECTED), np.float32)
    for word, confidence in confidences.items():
        found[DETECTED.index(word.replace("_", " "))] = confidence
    return found


def kinds(*probabilities: tuple[int, float]) -> NDArray[np.float32]:
    found = np.zeros(1000, np.float32)
    for number, probability in probabilities:
        found[number] = probability
    return found


RETRIEVER, COLLIE, WHEEL, CAB, PHONE = 207, 231, 479, 468, 487


@pytest.mark.parametrize(
    ("seen", "classified", "words"),
    [
        pytest.param(things(), kinds(), [], id="nothing"),
        pytest.param(things(car=0.61), kinds(), ["car"], id="a vehicle above its threshold"),
        pytest.param(things(car=0.59), kinds(), [], id="and below it"),
        pytest.param(things(kite=0.64), kinds(), [], id="another thing has to be surer"),
        pytest.param(things(kite=0.66), kinds(), ["kite"], id="as this one is"),
        pytest.param(things(), kinds((RETRIEVER, 0.4), (COLLIE, 0.31)), ["dog"], id="breeds are one word"),
        pytest.param(things(), kinds((RETRIEVER, 0.4), (COLLIE, 0.29)), [], id="an unlikely dog"),
        pytest.param(things(car=0.5), kinds((CAB, 0.3), (WHEEL, 0.11)), ["car"], id="two that support each other"),
        pytest.param(things(car=0.5), kinds((CAB, 0.39)), [], id="two of which one is noise"),
        pytest.param(things(airplane=0.81), kinds(), [], id="a mountain against the sky"),
        pytest.param(things(airplane=0.6), kinds((404, 0.5)), ["airplane"], id="an airliner"),
        pytest.param(things(car=0.41), kinds((CAB, 0.41)), [], id="two weak ones"),
        pytest.param(things(phone=0.55), kinds((PHONE, 0.36)), [], id="a car from above that is no phone"),
        pytest.param(
            things(person=0.7, dog=0.66), kinds((RETRIEVER, 0.9)), ["dog", "person"], id="the surest comes first"
        ),
    ],
)
def test_words(seen: NDArray[np.float32], classified: NDArray[np.float32], words: list[str]):
    assert [label.name for label in name(seen, classified)] == words


def test_the_confidence_of_two_is_that_of_either_being_right():
    (label,) = name(things(dog=0.5), kinds((RETRIEVER, 0.5)))
    assert label.confidence == 0.75


def test_a_thing_that_is_seen_keeps_its_own_confidence():
    (label,) = name(things(dog=0.66), kinds((RETRIEVER, 0.2)))
    assert label.confidence == 0.66


def test_a_picture_full_of_things_has_a_few_words():
    assert len(name(np.full(len(DETECTED), 0.9, np.float32), kinds())) == MAX_WORDS


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(79,\)"):
        name(np.zeros(79, np.float32), kinds())


# ------------------------------------------------------------------------------------------------ the table


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("dog", {"Chihuahua", "golden retriever", "collie", "Mexican hairless"}),
        ("cat", {"tabby", "Egyptian cat"}),
        ("bird", {"cock", "bald eagle", "king penguin", "black swan", "albatross"}),
        ("insect", {"tiger beetle", "dragonfly", "ladybug", "bee"}),
        ("monkey", {"orangutan", "baboon", "indri"}),
        ("car", {"cab", "minivan", "sports car", "jeep", "car wheel"}),
        ("boat", {"canoe", "speedboat", "schooner", "aircraft carrier"}),
        ("airplane", {"airliner", "warplane"}),
        ("historic building", {"castle", "church", "mosque", "palace", "stupa"}),
        ("coast", {"seashore", "lakeside", "breakwater"}),
        ("document", {"web site", "menu", "crossword puzzle"}),
        ("musical instrument", {"grand piano", "violin", "acoustic guitar", "drum"}),
        ("fruit", {"banana", "strawberry", "pomegranate"}),
        ("phone", {"cellular telephone", "dial telephone"}),
    ],
)
def test_words_stand_for_the_classes_that_are_meant(word: str, names: set[str]):
    classes = [line.partition(",")[0] for line in CLASSES.read_text(encoding="utf-8").splitlines()]
    assert len(classes) == 1000
    assert names <= {classes[number] for first, last in CLASSIFIED[word] for number in range(first, last + 1)}


def test_no_class_has_two_words():
    rows = sorted(row for rows in CLASSIFIED.values() for row in rows)
    assert all(first <= last for first, last in rows)
    assert all(before[1] < after[0] for before, after in pairwise(rows))
    assert rows[0][0] >= 0
    assert rows[-1][1] < 1000


def test_words_are_words():
    for word in {*DETECTED, *CLASSIFIED}:
        assert word == word.lower().strip() != ""


# --------------------------------------------------------------------------------------------- the networks


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (64, 64), (2000, 10)])
def test_pictures_are_squared_without_being_drawn_out(size: tuple[int, int]):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    square = squared(image)
    assert square.shape == (SIDE, SIDE, 3)
    rows, columns = np.nonzero((square == 0).all(axis=2))
    width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert max(width, height) == SIDE
    assert min(width, height) == max(1, round(SIDE * min(size) / max(size)))


def _photograph() -> Image:
    """A daisy, drawn: white petals around a yellow middle on dark green."""
    image = scenery(3, (640, 640)) // 8
    image[..., 1] += 40
    for angle in range(0, 360, 18):
        cv2.ellipse(image, (320, 320), (210, 34), angle, 0, 180, (245, 245, 245), -1, cv2.LINE_AA)
    cv2.circle(image, (320, 320), 80, (30, 190, 240), -1, cv2.LINE_AA)
    return image


def test_the_classifier_sees_a_drawn_daisy(tmp_path: Path):
    store = ModelStore(None, tmp_path, allow_download=False)
    classifier = PictureClassifier(store.path(KIND_MODEL), 1)
    found = classifier.classify(_photograph())
    assert found.shape == (1000,)
    assert float(found.sum()) == pytest.approx(1.0, abs=1e-4)
    assert int(found.argmax()) == 985  # daisy
    assert classifier.classify(_photograph()[..., ::-1])[985] < found[985]  # colours are the right way round


def test_the_detector_answers_for_all_things(tmp_path: Path):
    finder = ThingFinder(ModelStore(None, tmp_path, allow_download=False).path(THING_MODEL), 1)
    found = finder.find(scenery(1, (321, 181)))
    assert found.shape == (80,)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found == finder.find(scenery(1, (321, 181)))).all()


@pytest.mark.parametrize("kind", [ThingFinder, PictureClassifier])
def test_a_broken_network_is_fatal(tmp_path: Path, kind: type[ThingFinder] | type[PictureClassifier]):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(ModelUnavailable, match=r"model\.onnx cannot be read"):
        kind(broken, 1)
