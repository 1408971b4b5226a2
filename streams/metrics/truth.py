"""Word error rate where there is a truth to compare with, and whether a replay gives what was there before.

An error rate without a reference cannot be known. A second pass by another model on a sample of chunks says how far two
recognisers agree, and they fail alike: on the same noise, on the same names. So it tells least where errors are, at the
price of computing twice. What is told instead: the recogniser's own probability of its words, under that name, and the
true rate of videos whose words somebody wrote down: canaries, sent through like any other.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from processors.blobs import BlobStore
from processors.speech.wer import normalise, word_errors
from schemas.messages import Segments
from streams.metrics.catalogue import REPLAYED, WORD_ERROR_RATE
from streams.results import document_of

# The alignment takes the product of both lengths: 3,000 words each are 9 million steps, some 4 s of one core.
MAX_WORDS: Final = 3_000
MAX_BYTES: Final = 1_000_000
_HELD: Final = 10_000  # videos under replay at a time of which the segments before are kept, 1 kB each
log = logging.getLogger("clipstream.truth")


def observe_errors(result: Segments, truth_dir: Path, blobs: BlobStore) -> float | None:
    """Compare a result's words with `VIDEO_ID.txt` in a folder; returns the error rate, None without a truth.

    Takes seconds for long ones: not for an event loop.
    """
    path = truth_dir / f"{result.video_id}.txt"
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        reference = normalise(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        log.warning("the truth of %s cannot be read: %s", result.video_id, error)
        return None
    found = normalise(" ".join(one.text for one in document_of(result, blobs).transcript))
    if not reference or max(len(reference), len(found)) > MAX_WORDS:
        log.warning("the truth of %s has no words, or one of both texts more than %d", result.video_id, MAX_WORDS)
        return None
    rate = word_errors(reference, found).rate
    WORD_ERROR_RATE.observe(rate)
    return rate


class Consistency:
    """Compares the segments of a replay's final result with those of the generation before it."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, frozenset[str]]] = {}  # video -> generation and its segments

    def note(self, result: Segments, held: tuple[int, list[str]] | None) -> None:
        """A result is about to be published.

        Args:
            result: that one.
            held: generation and ids of segments of the newest one that is published; None where none is.
        """
        if held is not None and held[0] < result.generation and len(self._before) < _HELD:
            self._before[result.video_id] = (held[0], frozenset(held[1]))
        if result.status == "provisional":
            return
        before = self._before.pop(result.video_id, None)
        if before is not None and before[0] < result.generation and result.status == "final":
            same = before[1] == {segment.segment_id for segment in result.segments}
            REPLAYED.labels("same" if same else "changed").inc()


__all__ = ["MAX_WORDS", "Consistency", "observe_errors"]
