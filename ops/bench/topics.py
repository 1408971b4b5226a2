"""Topic boundaries in meetings with known topics: Pk and WindowDiff, ours against four simple ways.

Meetings with even numbers, in the order of files and lines, are those on which parameters were tuned; what counts
(`pooled`) are the others. Three of the baselines are told the true number of topics, ours is not.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.bench import alone
from ops.bench.machine import describe
from ops.bench.meetings import Meeting, read_meetings
from ops.bench.texttiling import text_tiling
from processors.content.boundaries import pk, window_diff
from processors.content.embedding import DIMENSIONS, MODEL, SentenceEncoder
from processors.content.phrases import words_of
from processors.content.segmentation import topic_starts
from processors.content.understanding import vector_of
from processors.content.vectors import decoded
from processors.domain import Utterance
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.segments.words import tokens_of
from streams.reading import load_settings
from streams.settings import Settings

RANDOM_ROUNDS: Final = 200
DECIMALS: Final = 4
OnMeeting = Callable[[int, int], None]


def run_alone(data: Path, settings: Settings) -> dict[str, Any]:
    """`run` in a process of its own with one thread.

    Raises:
        InvalidMessage: there are no such meetings.
        ClipstreamError: what `run` raises, or that process died.
    """
    if not any(data.rglob("*.jsonl")):
        raise InvalidMessage(f"There are no meetings with topics (*.jsonl) in {data}.")
    return alone.run_alone(__name__, [str(data.absolute())], settings)


def _measure() -> dict[str, Any]:
    settings = load_settings()
    return run(Path(sys.argv[1]), ModelStore(settings.models_dir, settings.cache_dir, not settings.offline))


def run(data: Path, models: ModelStore, on_meeting: OnMeeting = lambda done, total: None) -> dict[str, Any]:
    """Segment all meetings of a folder.

    Args:
        data: folder with `*.jsonl` of QMSum's form, in it or below.
        models: for the sentence encoder.
        on_meeting: told how many meetings are done, and how many there are.

    Raises:
        InvalidMessage: there are no such meetings, or one cannot be read.
        ModelUnavailable: the sentence encoder cannot be had.
    """
    meetings = read_meetings(data)
    if not meetings:
        raise InvalidMessage(f"There are no meetings with topics (*.jsonl) in {data}.")
    encoder = SentenceEncoder(models.path(MODEL))
    rows = []
    for number, meeting in enumerate(meetings):
        rows.append(_row(number, meeting, ours(meeting, encoder)))
        on_meeting(number + 1, len(meetings))
    held = [(meeting, row) for meeting, row in zip(meetings, rows, strict=True) if row["half"] == "reported"]
    held = held or list(zip(meetings, rows, strict=True))
    return {
        "bench": "topics",
        "machine": describe(),
        "model": MODEL,
        "rows": rows,
        "pooled": {
            "meetings": len(held),
            **_means([row for _, row in held]),
            "tuned": _means([row for row in rows if row["half"] == "tuned"]),
        },
        "baselines": {
            "even": _baseline([meeting for meeting, _ in held], even),
            "random": _baseline([meeting for meeting, _ in held], at_random, RANDOM_ROUNDS),
            "texttiling": _baseline(
                [meeting for meeting, _ in held], lambda meeting, _: text_tiling(meeting.sentences, meeting.turns)
            ),
            "none": _baseline([meeting for meeting, _ in held], lambda meeting, _: []),
        },
    }


def ours(meeting: Meeting, encoder: SentenceEncoder) -> list[int]:
    """The pipeline's boundaries, without the first start."""
    words = []
    for sentence in meeting.sentences:
        spoken = Utterance(0, 1_000, sentence, "en", [], 0.0, 0.0, None)
        words.append(words_of(tokens_of([spoken])))
    vectors = decoded([vector_of(sentence, encoder) for sentence in meeting.sentences], DIMENSIONS)
    return topic_starts(vectors, words)[1:]


def even(meeting: Meeting, _: random.Random) -> list[int]:
    """As many topics as there are, of one length."""
    count, topics = len(meeting.sentences), len(meeting.starts) + 1
    return sorted({round(count * index / topics) for index in range(1, topics)})


def at_random(meeting: Meeting, source: random.Random) -> list[int]:
    """As many boundaries as there are, anywhere."""
    return sorted(source.sample(range(1, len(meeting.sentences)), len(meeting.starts)))


def _row(number: int, meeting: Meeting, found: list[int]) -> dict[str, Any]:
    count = len(meeting.sentences)
    return {
        "item": meeting.name,
        "half": "tuned" if number % 2 == 0 else "reported",
        "sentences": count,
        "true_boundaries": len(meeting.starts),
        "boundaries": len(found),
        "pk": round(pk(meeting.starts, found, count), DECIMALS),
        "window_diff": round(window_diff(meeting.starts, found, count), DECIMALS),
    }


def _means(rows: list[dict[str, Any]]) -> dict[str, float]:
    names = ("pk", "window_diff", "boundaries", "true_boundaries")
    return {name: round(float(np.mean([row[name] for row in rows])), DECIMALS) for name in names} if rows else {}


def _baseline(
    meetings: list[Meeting], way: Callable[[Meeting, random.Random], list[int]], rounds: int = 1
) -> dict[str, float]:
    source = random.Random(0)
    return _means([_row(0, meeting, way(meeting, source)) for meeting in meetings for _ in range(rounds)])


if __name__ == "__main__":
    sys.exit(alone.answer(_measure))

__all__ = ["run", "run_alone"]
