"""What a sentence is for: to teach, to tell a story, to give an opinion or advice, to ask, to joke, to announce.

Zero-shot, as in `categories.py`: each intent has sentences that are for it, and one that is spoken belongs to the
intent with the sentence nearest to it by embedding, or to "other" where none is near. The examples' vectors lie in
`data/intents.json`, made by `ops/models/embed_intents.py`, so nothing but the sentence's own vector is needed. It knows
a form of words, no more: it was not measured on sentences that people have labelled.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from processors.content.vectors import Vectors, decoded

OTHER: Final = "other"
# Sentences of each intent; the file has their vectors.
EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "advise": (
        "You should always check this before you begin.",
        "My advice is to start small and never give up.",
        "If I were you I would do it differently.",
        "Make sure that you do not make this mistake.",
    ),
    "announce": (
        "Today we are launching something new.",
        "I am happy to announce that it will be available next week.",
        "Coming up in this episode we will talk to our guest.",
        "Subscribe to the channel and join us next time.",
    ),
    "ask": (
        "What do you think about this?",
        "How did you do that?",
        "Why is this happening?",
        "Can you tell us more about it?",
    ),
    "joke": (
        "A man walks into a bar, and the bartender laughs.",
        "That is so funny, I could not stop laughing.",
        "I was only kidding, it was a joke.",
        "My wife says I never listen, or something like that.",
    ),
    "opinion": (
        "I think that this is a really bad idea.",
        "In my opinion they are wrong about this.",
        "I believe it is the best thing that we have ever had.",
        "I do not agree with that at all.",
    ),
    "story": (
        "One day when I was a child, something happened to me.",
        "So we went there that night, and suddenly the door opened.",
        "I will never forget the moment when he told me.",
        "Years later she came back and found him again.",
    ),
    "teach": (
        "Let me explain how this works.",
        "The reason for this is that the pressure rises with the temperature.",
        "First you do this, and then the next step is the following.",
        "This is called a function, and it takes two numbers.",
    ),
}
NAMES: Final = (*sorted(EXAMPLES), OTHER)
# As sure as the categories of topics are (see there): both are cosines of the same encoder.
TEMPERATURE: Final = 0.03
# "Other" counts as an example that lies this near; of sentences about nothing in particular the nearest example lies
# nearer than that of categories, since examples are whole sentences of small words as they are.
OTHER_COSINE: Final = 0.3
DECIMALS: Final = 4


def intents(vectors: Vectors) -> list[tuple[str, float]]:
    """The most probable intent of each sentence and its probability.

    Args:
        vectors: float32 of shape (sentences, 512), of length 1.
    """
    if not len(vectors):
        return []
    examples, firsts = _examples(vectors.shape[1])
    near = np.maximum.reduceat(vectors @ examples.T, firsts, axis=1).astype(np.float64)
    cosines = np.concatenate([near, np.full((len(vectors), 1), OTHER_COSINE)], axis=1)
    powers = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / TEMPERATURE)
    probable = np.round(powers / powers.sum(axis=1, keepdims=True), DECIMALS)
    best = probable.argmax(axis=1)  # of equals the first by name
    return [(NAMES[index], float(row[index])) for row, index in zip(probable, best.tolist(), strict=True)]


@cache
def _examples(dimensions: int) -> tuple[Vectors, NDArray[np.int64]]:
    """The vectors of all examples, and where those of each intent begin."""
    stored: dict[str, list[str]] = orjson.loads(files("processors.content").joinpath("data/intents.json").read_bytes())
    texts = [stored[name] for name in sorted(EXAMPLES)]
    firsts = np.cumsum([0, *(len(parts) for parts in texts)])[:-1]
    return decoded([text for parts in texts for text in parts], dimensions), firsts


__all__ = ["EXAMPLES", "NAMES", "OTHER", "intents"]
