from __future__ import annotations

import json
import re
from importlib.resources import files

import numpy as np
import pytest

from processors.content.categories import CATEGORIES, OTHER, Categories

SMALL_TALK = [
    "Hello, can you hear me? Yes, I can hear you. Let's wait a minute until everybody is here.",
    "Okay. Yeah. Hmm. All right. So, yeah. Mm-hmm.",
    "Was meinst du? Ich weiß nicht genau. Na gut, dann machen wir das so.",
    "What do you think about that? I don't know, maybe. I think so too. Let's do it.",
]


@pytest.fixture(scope="session")
def usual(encoder) -> Categories:
    return Categories({}, encoder)


def classify(encoder, categories, text: str) -> tuple[str, float]:
    parts = re.split(r"(?<=[.!?]) ", text)
    return categories.classify(encoder.embed(parts), [len(part.split()) for part in parts])


def test_texts_with_a_known_category_in_four_languages(encoder, usual):
    texts = json.loads(files("ops.bench").joinpath("data/category_texts.json").read_bytes())
    assert {text["label"] for text in texts} == set(CATEGORIES)
    right: dict[str, list[bool]] = {}
    for text in texts:
        found, confidence = classify(encoder, usual, text["text"])
        right.setdefault(text["language"], []).append(found == text["label"])
        assert 0 < confidence <= 1
    assert {language: len(each) for language, each in right.items()} == dict.fromkeys(("en", "es", "fr", "de"), 20)
    assert min(np.mean(each) for each in right.values()) >= 0.85


@pytest.mark.parametrize("text", SMALL_TALK)
def test_small_talk_is_other(encoder, usual, text):
    label, confidence = classify(encoder, usual, text)
    assert label == OTHER
    assert confidence > 0.3


def test_probabilities_sum_to_one(encoder, usual):
    probable = usual.probabilities(encoder.embed(["She won the final in three sets."]), [1.0])
    assert set(probable) == {*CATEGORIES, OTHER}
    assert sum(probable.values()) == pytest.approx(1.0)


def test_another_set_replaces_the_usual_one(encoder):
    own = Categories(
        {
            "bees": "beekeeping, honey and hives",
            "trains": "railways and their stations; a locomotive pulls a train",
            "other": "x",
        },
        encoder,
    )
    assert classify(encoder, own, "The queen lays her eggs in the hive and the honey is ripe.")[0] == "bees"
    assert classify(encoder, own, "Die Lokomotive zieht zwölf Waggons über den Berg.")[0] == "trains"
    assert classify(encoder, own, "I don't know, maybe. I think so too.")[0] == OTHER


def test_a_label_without_description_describes_itself(encoder):
    assert (
        classify(encoder, Categories({"football": " ; "}, encoder), "The goalkeeper played football.")[0] == "football"
    )
