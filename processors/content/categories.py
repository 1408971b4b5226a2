"""Into which category of a set a topic falls: the label whose description lies nearest, or "other".

No classifier is trained: each label has some describing phrases, and a topic belongs to the label with the phrase
nearest to it by sentence embedding (zero-shot classification by label embeddings, Veeranna et al. 2016). Any set of
labels with descriptions works, in any of the encoder's 16 languages, whatever language the video is in. A label
"other" has no description: it is what is near to none.

The cosines become probabilities by a softmax. Its temperature was fitted on half of the texts of
`ops/bench/data/category_texts.json`, for which see docs/quality.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from processors.content.phrases import Language

OTHER: Final = "other"
# Each label with what is said about such things; a semicolon between the descriptions.
CATEGORIES: Final = {
    "business": "companies, profits and the stock market; founding a start-up and selling products to customers; "
    "inflation, interest rates and the economy; project meetings, budgets and marketing",
    "comedy": "a comedian tells jokes and the audience laughs; a funny sketch or prank; satire and humour",
    "education": "how to learn and study at school or university; a lesson for students with homework and exams; "
    "teachers and their pupils; mathematics explained step by step",
    "fashion": "clothes, style and designers; make-up, hair and beauty products; what to wear this season",
    "film": "a film and its director, actors and scenes; television series and their characters; "
    "a review of a movie in the cinema",
    "food": "a recipe and how to cook it; ingredients, baking and spices; restaurants, meals and how they taste",
    "games": "video games, consoles and levels; how to beat the boss in a game; board games and how they are played",
    "health": "illness, symptoms and treatment by doctors; vaccines, hospitals and patients; "
    "healthy eating, sleep and mental health; exercises against back pain",
    "history": "ancient empires, kings and archaeology; what happened in the war a century ago; "
    "the history of a city and of its people",
    "home": "repairing and building things in the house; gardening, planting and furniture; "
    "tools, paint and do it yourself; raising children and family life",
    "music": "a song, its melody and its singer; a band, concerts and albums; playing the guitar or the piano",
    "nature": "wild animals and where they live; forests, oceans and climate change; plants, birds and insects; pets",
    "news": "an accident, a fire or a crime that the police investigate; the weather forecast; "
    "an earthquake or a flood and its victims; breaking news from our correspondent",
    "politics": "the government, parliament and new laws; elections, parties and candidates; "
    "a minister answers questions about policy; diplomacy between states",
    "religion": "God, prayer and faith; the church, the mosque and the temple; a sermon about the Bible or the Koran",
    "science": "an experiment and what researchers found out; physics, chemistry and biology; "
    "planets, stars and space missions; genes, cells and evolution",
    "sport": "a football match and its goals; athletes, training and championships; "
    "tennis, cycling, swimming and the Olympic games",
    "technology": "computers, software and programming; artificial intelligence and data; "
    "a new smartphone and its features; electronic devices and how they work",
    "travel": "holidays in a foreign country, sights and hotels; a journey by train or plane; tips for tourists",
    "vehicles": "a car, its engine and how it drives; motorcycles, lorries and electric cars; "
    "repairing the brakes of a vehicle",
}
# The likeliest on half of these texts is 0.02, where 97 % of the answers are right and nearly all are sure; real speech
# is less to the point than texts that were written for a category, hence half as sure again.
TEMPERATURE: Final = 0.03
# "Other" counts as a label that lies this near: 5 % of those texts are farther from their label, and five of eight
# pieces without a subject in four languages ("can you hear me"; not "bon, alors, on y va") are farther from all labels.
OTHER_COSINE: Final = 0.16
DECIMALS: Final = 4


class Categories:
    """A set of categories, embedded once.

    Args:
        described: label -> descriptions, with semicolons between them; `CATEGORIES` when empty.
        language: the sentence encoder.
    """

    def __init__(self, described: Mapping[str, str], language: Language) -> None:
        described = described or CATEGORIES
        self._labels = sorted(set(described) - {OTHER})
        phrases = [[part.strip() for part in described[label].split(";") if part.strip()] for label in self._labels]
        phrases = [parts or [label] for parts, label in zip(phrases, self._labels, strict=True)]
        self._vectors = language.embed([part for parts in phrases for part in parts])
        self._firsts = np.cumsum([0, *(len(parts) for parts in phrases)])[:-1]

    def probabilities(self, vectors: NDArray[np.float32], weights: Sequence[float]) -> dict[str, float]:
        """How probable each label, and "other", is for sentences that belong together; the sum is 1.

        Args:
            vectors: float32 of shape (sentences, dimensions), at least one.
            weights: of the sentences, >= 0.
        """
        near = np.maximum.reduceat(self._vectors @ _mean(vectors, weights), self._firsts)
        cosines = np.append(near.astype(np.float64), OTHER_COSINE)
        powers = np.exp((cosines - cosines.max()) / TEMPERATURE)
        return dict(zip([*self._labels, OTHER], (powers / powers.sum()).tolist(), strict=True))

    def classify(self, vectors: NDArray[np.float32], weights: Sequence[float]) -> tuple[str, float]:
        """The most probable label, or "other", and its probability."""
        probable = self.probabilities(vectors, weights)
        label = min(probable, key=lambda label: (-round(probable[label], DECIMALS), label))
        return label, round(probable[label], DECIMALS)


def _mean(vectors: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """The direction of the weighted mean."""
    mean = np.asarray(weights, dtype=np.float32) @ vectors
    length = math.sqrt(float(mean @ mean))
    return np.asarray(mean / max(length, 1e-9), dtype=np.float32)


__all__ = ["CATEGORIES", "OTHER", "Categories"]
