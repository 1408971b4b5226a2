"""Train `processors/content/intent.py`: `python -m ops.models.train_intent` measures, `--write` stores the weights too.

The sentences of `data/intent_sentences.json` were written for this: eight intents, four languages, the same subjects
in all of them, so that the subject tells nothing. Many are translations of each other, and the encoder puts
translations side by side; so folds are made of meanings: all languages of a sentence are in the same fold. Leaving a
language out leaves out the meanings that are tested too.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from processors.content.embedding import MODEL, SentenceEncoder, Vectors
from processors.content.intent import NAMES, Weights, probabilities
from processors.models.store import ModelStore
from streams.settings import Settings

DATA: Final = Path(__file__).parent / "data" / "intent_sentences.json"
WEIGHTS: Final = Path(__file__).parents[2] / "processors" / "content" / "data" / "intent.json"
FOLDS: Final = 5
# Pull of the weights towards 0, in units of the mean loss. Between 0.00001 and 0.001 as many answers are right over
# folds (85 to 86 %); a smaller one is surer than it is right, a larger one much less sure (0.57 at 0.001).
PENALTY: Final = 0.00003
# Gradient descent with momentum on a convex loss; three times as many change no figure by more than 0.001.
_STEPS: Final = 1_000
_RATE: Final = 4.0
_MOMENTUM: Final = 0.9
DECIMALS: Final = 4
Rows = NDArray[np.int64]


class Sentence(BaseModel):
    """One sentence; those with one `meaning` are translations of each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: str
    language: str
    meaning: int
    text: str


class _File(BaseModel):
    origin: str
    sentences: list[Sentence]


@dataclass(frozen=True)
class Examples:
    """Sentences with their vectors, in the order of the file."""

    sentences: list[Sentence]
    vectors: Vectors

    @property
    def intents(self) -> Rows:
        """Positions in `NAMES`."""
        return np.array([NAMES.index(sentence.intent) for sentence in self.sentences])

    @property
    def folds(self) -> Rows:
        """The fold of each sentence: meanings are dealt out in turn within each intent."""
        order: dict[tuple[str, int], int] = {}
        counts: Counter[str] = Counter()
        for sentence in self.sentences:
            if (sentence.intent, sentence.meaning) not in order:
                order[sentence.intent, sentence.meaning] = counts[sentence.intent] % FOLDS
                counts[sentence.intent] += 1
        return np.array([order[sentence.intent, sentence.meaning] for sentence in self.sentences])

    @property
    def languages(self) -> NDArray[np.str_]:
        """Codes."""
        return np.array([sentence.language for sentence in self.sentences])


def sentences() -> list[Sentence]:
    """All of the data file."""
    return _File.model_validate_json(DATA.read_bytes()).sentences


def examples(encoder: SentenceEncoder) -> Examples:
    """The sentences of the file and their vectors."""
    found = sentences()
    return Examples(found, encoder.embed([sentence.text for sentence in found]))


def fit(vectors: Vectors, intents: Rows, penalty: float = PENALTY) -> Weights:
    """Multinomial logistic regression with an L2 penalty on all but the bias; each intent counts as much as another."""
    inputs = vectors.astype(np.float64)
    wanted = np.eye(len(NAMES))[intents]
    counts = wanted.sum(axis=0)
    share = (1.0 / np.maximum(counts, 1))[intents][:, None] / (counts > 0).sum()
    matrix, bias = np.zeros((len(NAMES), inputs.shape[1])), np.zeros(len(NAMES))
    towards, towards_bias = np.zeros_like(matrix), np.zeros_like(bias)
    for _ in range(_STEPS):
        wrong = (probabilities(vectors, Weights(matrix, bias)) - wanted) * share
        towards = _MOMENTUM * towards - _RATE * (wrong.T @ inputs + penalty * matrix)
        towards_bias = _MOMENTUM * towards_bias - _RATE * wrong.sum(axis=0)
        matrix, bias = matrix + towards, bias + towards_bias
    return Weights(matrix, bias)


def splits(known: Examples, language: str | None) -> Iterator[tuple[Rows, Rows]]:
    """What is learned from and what is tested, once for each fold; all of them together test everything once.

    Args:
        known: all sentences.
        language: left out of what is learned, and the only one that is tested; None for all.
    """
    folds, languages = known.folds, known.languages
    for fold in range(FOLDS):
        inside = folds == fold
        if language is None:
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
        else:
            yield np.flatnonzero(~inside & (languages != language)), np.flatnonzero(inside & (languages == language))


def unseen(known: Examples, language: str | None = None, penalty: float = PENALTY) -> tuple[Rows, NDArray[np.float64]]:
    """Which sentences were tested, and their probabilities by weights that had not seen them."""
    rows, found = [], []
    for learned, asked in splits(known, language):
        weights = fit(known.vectors[learned], known.intents[learned], penalty)
        rows.append(asked)
        found.append(probabilities(known.vectors[asked], weights))
    return np.concatenate(rows), np.concatenate(found)


def figures(known: Examples, rows: Rows, probable: NDArray[np.float64]) -> dict[str, Any]:
    """How often the likeliest intent is right, and how good the probabilities are."""
    right, best = known.intents[rows], probable.argmax(axis=1)
    sure = probable.max(axis=1)
    f1 = {}
    for number, name in enumerate(NAMES):
        hits = int(((best == number) & (right == number)).sum())
        said, there = int((best == number).sum()), int((right == number).sum())
        f1[name] = {
            "precision": hits / max(1, said),
            "recall": hits / max(1, there),
            "f1": 2 * hits / max(1, said + there),
        }
    return {
        "sentences": len(rows),
        "right": float((best == right).mean()),
        "macro_f1": float(np.mean([one["f1"] for one in f1.values()])),
        "log_loss": float(-np.log(probable[np.arange(len(rows)), right]).mean()),
        "mean_probability": float(sure.mean()),
        "by_intent": f1,
    }


def report(known: Examples) -> dict[str, Any]:
    """All figures of docs/quality.md."""
    rows, probable = unseen(known)
    by_language = {
        language: float((probable.argmax(axis=1) == known.intents[rows])[known.languages[rows] == language].mean())
        for language in sorted(set(known.languages.tolist()))
    }
    best = probable.argmax(axis=1)
    confused = Counter(
        (NAMES[int(known.intents[row])], NAMES[int(answer)]) for row, answer in zip(rows, best, strict=True)
    )
    return {
        "sentences": len(known.sentences),
        "meanings": len({sentence.meaning for sentence in known.sentences}),
        "folds_of_meanings": figures(known, rows, probable),
        "right_by_language": by_language,
        "language_left_out": {
            language: _in_short(figures(known, *unseen(known, language))) for language in by_language
        },
        "most_confused": [
            {"is": one, "taken_for": other, "times": times}
            for (one, other), times in confused.most_common()
            if one != other
        ][:8],
    }  # fmt: skip


def _in_short(found: dict[str, Any]) -> dict[str, Any]:
    return {key: figure for key, figure in found.items() if key != "by_intent"}


def stored(weights: Weights) -> bytes:
    """The file that the package has."""
    return orjson.dumps(
        {
            "origin": "ops/models/train_intent.py, from sentences written for this project; CC0 1.0",
            "encoder": MODEL,
            "bias": {name: round(float(value), DECIMALS) for name, value in zip(NAMES, weights.bias, strict=True)},
            "weights": {
                name: [round(float(value), DECIMALS) for value in row]
                for name, row in zip(NAMES, weights.matrix, strict=True)
            },
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; with --write also train on everything and store the weights."""
    parser = argparse.ArgumentParser(prog="python -m ops.models.train_intent", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"also write {WEIGHTS.name}")
    given = parser.parse_args(arguments)
    known = examples(SentenceEncoder(ModelStore(None, Settings().cache_dir).path(MODEL)))
    sys.stdout.write(orjson.dumps(report(known), option=orjson.OPT_INDENT_2).decode() + "\n")
    if given.write:
        WEIGHTS.parent.mkdir(exist_ok=True)
        WEIGHTS.write_bytes(stored(fit(known.vectors, known.intents)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
