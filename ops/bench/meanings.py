"""From which cosine on two moments may share an answer: `python -m ops.bench.meanings DIR`, DIR with meetings (QMSum).

False hits are looked for among moments that say different things: all pairs of minutes of all meetings, as they are
sent (`compress`), and all pairs of the passages in `data/paraphrases.json` in one language that are not of each other.
True hits are those passages and their paraphrases, written by us; minutes of meetings of which every tenth word was
heard as another one of the meeting, as two recognisers differ; and minutes whose edges lie one sentence further on.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from ops.bench.excerpts import MOMENT_MS
from ops.bench.machine import describe
from ops.bench.meetings import WORD_MS, Meeting, read_meetings
from processors.content.embedding import MODEL, SentenceEncoder
from processors.domain import Document, Segment, Utterance
from processors.enrichment.moments import moments_of
from processors.models.store import ModelStore
from processors.segments.sentences import split_sentences
from processors.segments.words import tokens_of

THRESHOLDS: Final = (0.7, 0.75, 0.8, 0.85, 0.88, 0.9, 0.95, 0.98)
TOKENS: Final = 300
_MISHEARD: Final = 0.1
_SEED: Final = 0
_BLOCK_ROWS: Final = 512  # rows of a block of the matrix of all pairs

Vectors = NDArray[np.float32]


def run(data: Path, encoder: SentenceEncoder) -> dict[str, Any]:
    """All meetings below a folder, and the passages beside this file."""
    minutes: list[str] = []
    shifted: list[tuple[int, str]] = []
    heard: list[tuple[int, str]] = []
    for meeting in read_meetings(data):
        said, later, misheard = _minutes(meeting)
        for own, other, wrong in zip(said, later, misheard, strict=True):
            if own:
                shifted.append((len(minutes), other))
                heard.append((len(minutes), wrong))
                minutes.append(own)
    passages: list[dict[str, str]] = orjson.loads(files("ops.bench").joinpath("data/paraphrases.json").read_bytes())
    vectors = encoder.embed(minutes)
    texts = encoder.embed([passage["text"] for passage in passages])
    paraphrases = encoder.embed([passage["paraphrase"] for passage in passages])
    unlike = [_unlike(vectors), _between(texts, paraphrases, [passage["language"] for passage in passages])]
    alike = {
        "paraphrases": (texts * paraphrases).sum(axis=1),
        "misheard": _against(vectors, heard, encoder),
        "shifted": _against(vectors, shifted, encoder),
    }
    highest = max(float(pairs.max(initial=THRESHOLDS[0])) for pairs in unlike)
    rows = [
        {
            "item": f"{threshold:.2f}",
            "false_hits_of_minutes": int((unlike[0] >= threshold).sum()),
            "false_hits_of_passages": int((unlike[1] >= threshold).sum()),
            **{f"found_{name}": _share(cosines, threshold) for name, cosines in alike.items()},
        }
        for threshold in (*THRESHOLDS, round(highest + 0.0005, 3))
    ]
    return {
        "bench": "meanings",
        "machine": describe(),
        "encoder": MODEL,
        "minutes": len(minutes),
        "pairs_of_minutes": len(minutes) * (len(minutes) - 1) // 2,
        "passages": len(passages),
        "pairs_of_passages": len(unlike[1]),
        "highest_of_unlike": round(highest, 4),
        "most_alike": _most_alike(vectors, minutes),
        "quantiles_of_paraphrases": [round(float(q), 3) for q in np.quantile(alike["paraphrases"], (0, 0.25, 0.5, 1))],
        "rows": rows,
    }


def _minutes(meeting: Meeting) -> tuple[list[str], list[str], list[str]]:
    """Each minute of a meeting as it is sent; the same with edges one sentence later; and misheard."""
    transcript = _transcript(meeting.sentences)
    end_ms = transcript[-1].end_ms
    words = tokens_of(transcript)
    sentences = split_sentences(words)
    starts = list(range(0, end_ms - MOMENT_MS, MOMENT_MS))
    ends_ms = [sentence.end_ms for sentence in sentences]

    def later(at_ms: int) -> int:
        return next((end for end in ends_ms if end > at_ms), at_ms)

    source = random.Random(f"{_SEED} {meeting.name}")
    vocabulary = [word.text for word in words]
    heard = [
        " ".join(source.choice(vocabulary) if source.random() < _MISHEARD else word for word in sentence.split())
        for sentence in meeting.sentences
    ]
    return (
        _said(transcript, [(at, at + MOMENT_MS) for at in starts]),
        _said(transcript, [(later(at), later(at + MOMENT_MS)) for at in starts]),
        _said(_transcript(heard), [(at, at + MOMENT_MS) for at in starts]),
    )


def _transcript(sentences: Sequence[str]) -> list[Utterance]:
    transcript: list[Utterance] = []
    for sentence in sentences:
        start_ms = transcript[-1].end_ms if transcript else 0
        length_ms = WORD_MS * len(sentence.split())
        transcript.append(Utterance(start_ms, start_ms + length_ms, sentence, "en", [], 0.0, 0.0, None))
    return transcript


def _said(transcript: list[Utterance], spans: Sequence[tuple[int, int]]) -> list[str]:
    segments = [Segment(str(start), 1, start, end, 0.0, 0.0, "", "", [], None) for start, end in spans]
    return [moment.excerpt.said for moment in moments_of(segments, Document(transcript=transcript), TOKENS)]


def _unlike(vectors: Vectors) -> Vectors:
    """Cosines of all pairs above the least threshold; the others are no hit at any of them."""
    kept = []
    for first in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[first : first + _BLOCK_ROWS] @ vectors.T
        rows, columns = np.nonzero(block >= THRESHOLDS[0])
        later = columns > rows + first
        kept.append(block[rows[later], columns[later]])
    return np.concatenate(kept)


def _most_alike(vectors: Vectors, texts: Sequence[str]) -> list[dict[str, Any]]:
    """The pairs of minutes that come nearest to each other, to be read."""
    cosines = np.triu(vectors @ vectors.T, 1)
    best = np.argsort(cosines, axis=None)[::-1][:5]
    pairs = [divmod(int(at), len(vectors)) for at in best]
    return [
        {"cosine": round(float(cosines[a, b]), 4), "one": texts[a][:200], "other": texts[b][:200]} for a, b in pairs
    ]


def _between(texts: Vectors, paraphrases: Vectors, languages: Sequence[str]) -> Vectors:
    """Cosines of passages of one language that say different things."""
    of = np.array(languages)
    different = (of[:, None] == of[None, :]) & ~np.eye(len(of), dtype=bool)
    upper = np.triu(different)
    return np.concatenate([(texts @ texts.T)[upper], (texts @ paraphrases.T)[different]])


def _against(vectors: Vectors, others: Sequence[tuple[int, str]], encoder: SentenceEncoder) -> Vectors:
    told = [(number, text) for number, text in others if text]
    found = encoder.embed([text for _, text in told])
    return np.asarray((vectors[[number for number, _ in told]] * found).sum(axis=1), dtype=np.float32)


def _share(cosines: Vectors, threshold: float) -> float:
    return round(float((cosines >= threshold).mean()), 3)


def main(data: Path) -> None:
    """Print it."""
    store = ModelStore(None, Path.home() / ".cache" / "clipstream", allow_download=True)
    found = run(data, SentenceEncoder(store.path(MODEL)))
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
