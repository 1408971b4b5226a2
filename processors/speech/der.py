"""Diarization error rate: how much of the speech is given to nobody, to the wrong one, or invented.

As in NIST's md-eval and pyannote.metrics: names of the hypothesis are mapped to names of the reference so that the time
on which both agree is the longest (Hungarian algorithm), and around each border of the reference a collar is left out.
Overlapping speech counts once for each speaker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.domain import Turn

DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class DiarizationErrors:
    """Errors in milliseconds of speech; `a + b` pools files.

    Args:
        speech_ms: of the reference outside collars, overlaps counted for each speaker.
        missed_ms: somebody speaks and nobody, or not enough people, are found.
        false_ms: somebody is found where nobody, or fewer people, speak.
        confused_ms: given to the wrong speaker.
    """

    speech_ms: int = 0
    missed_ms: int = 0
    false_ms: int = 0
    confused_ms: int = 0

    @property
    def rate(self) -> float:
        """The error rate, >= 0; 0 without speech and errors, 1 for false alarms alone."""
        wrong = self.missed_ms + self.false_ms + self.confused_ms
        return wrong / self.speech_ms if self.speech_ms else float(wrong > 0)

    def __add__(self, other: DiarizationErrors) -> DiarizationErrors:
        return DiarizationErrors(
            self.speech_ms + other.speech_ms,
            self.missed_ms + other.missed_ms,
            self.false_ms + other.false_ms,
            self.confused_ms + other.confused_ms,
        )

    def to_dict(self) -> dict[str, float]:
        """The rate and its three parts as shares of the speech."""
        speech = max(self.speech_ms, 1)
        return {
            "der": round(self.rate, DECIMALS),
            "missed": round(self.missed_ms / speech, DECIMALS),
            "false_alarm": round(self.false_ms / speech, DECIMALS),
            "confusion": round(self.confused_ms / speech, DECIMALS),
        }


def diarization_errors(reference: Iterable[Turn], found: Iterable[Turn], collar_ms: int = 0) -> DiarizationErrors:
    """Compare who spoke when.

    Args:
        reference: the truth.
        found: the hypothesis; its names need not be those of the truth.
        collar_ms: left out on each side of each border of the reference: 250 is usual.

    Returns:
        The errors under the best mapping of names.
    """
    truth, guess = _merged(reference), _merged(found)
    pieces = _pieces(truth, guess, collar_ms)
    agreed: Counter[tuple[str, str]] = Counter()
    for length_ms, speaking, heard in pieces:
        for pair in ((left, right) for left in speaking for right in heard):
            agreed[pair] += length_ms
    mapping = best_mapping(agreed)
    total = DiarizationErrors()
    for length_ms, speaking, heard in pieces:
        right = len(speaking & {mapping.get(name, "") for name in heard})
        both = min(len(speaking), len(heard))
        total += DiarizationErrors(
            speech_ms=length_ms * len(speaking),
            missed_ms=length_ms * (len(speaking) - both),
            false_ms=length_ms * (len(heard) - both),
            confused_ms=length_ms * (both - right),
        )
    return total


def best_mapping(agreed: dict[tuple[str, str], int]) -> dict[str, str]:
    """Name of the hypothesis -> name of the reference, one to one, so that the agreed time is the longest.

    Args:
        agreed: (name in the reference, name in the hypothesis) -> milliseconds.
    """
    names = sorted({left for left, _ in agreed})
    others = sorted({right for _, right in agreed})
    size = max(len(names), len(others))
    costs = np.zeros((size, size))
    for (left, right), length_ms in agreed.items():
        costs[others.index(right), names.index(left)] = -length_ms
    return {
        others[row]: names[column]
        for row, column in enumerate(assignment(costs))
        if row < len(others) and column < len(names) and costs[row, column] < 0
    }


def assignment(costs: NDArray[np.float64]) -> list[int]:
    """Column of each row so that the sum of costs is least: Hungarian algorithm with potentials, O(n^3).

    Args:
        costs: shape (n, n), finite.
    """
    size = len(costs)
    rows, columns = np.zeros(size + 1), np.zeros(size + 1)
    row_of = [0] * (size + 1)  # row of each column, both from 1; 0 for none
    for row in range(1, size + 1):
        row_of[0] = row
        least, came_from, done = [float("inf")] * (size + 1), [0] * (size + 1), [False] * (size + 1)
        column = 0
        while row_of[column]:
            done[column] = True
            current = row_of[column]
            following, delta = 0, float("inf")
            for candidate in range(1, size + 1):
                if done[candidate]:
                    continue
                slack = costs[current - 1, candidate - 1] - rows[current] - columns[candidate]
                if slack < least[candidate]:
                    least[candidate], came_from[candidate] = slack, column
                if least[candidate] < delta:
                    following, delta = candidate, least[candidate]
            for candidate in range(size + 1):
                if done[candidate]:
                    rows[row_of[candidate]] += delta
                    columns[candidate] -= delta
                else:
                    least[candidate] -= delta
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    chosen = [0] * size
    for column in range(1, size + 1):
        chosen[row_of[column] - 1] = column - 1
    return chosen


def _merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns in time order, those of one speaker that touch or overlap as one."""
    merged: list[Turn] = []
    last: dict[str, int] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start_ms, turn.end_ms, turn.speaker)):
        at = last.get(turn.speaker)
        if turn.end_ms <= turn.start_ms:
            continue
        if at is not None and turn.start_ms <= merged[at].end_ms:
            merged[at] = replace(merged[at], end_ms=max(merged[at].end_ms, turn.end_ms))
        else:
            last[turn.speaker] = len(merged)
            merged.append(turn)
    return merged


def _pieces(
    truth: Sequence[Turn], guess: Sequence[Turn], collar_ms: int
) -> list[tuple[int, frozenset[str], frozenset[str]]]:
    """(milliseconds, who speaks, who is found) for each piece of time in which neither changes, without collars."""
    changes: dict[int, list[tuple[int, str, int]]] = {}
    for kind, turns in enumerate((truth, guess)):
        for turn in turns:
            changes.setdefault(turn.start_ms, []).append((kind, turn.speaker, 1))
            changes.setdefault(turn.end_ms, []).append((kind, turn.speaker, -1))
    if collar_ms:
        for border_ms in (border for turn in truth for border in (turn.start_ms, turn.end_ms)):
            changes.setdefault(border_ms - collar_ms, []).append((2, "", 1))
            changes.setdefault(border_ms + collar_ms, []).append((2, "", -1))
    active: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    pieces = []
    times = sorted(changes)
    for now_ms, next_ms in pairwise(times):
        for kind, speaker, step in changes[now_ms]:
            active[kind][speaker] += step
        speaking, heard = (frozenset(name for name, count in who.items() if count) for who in active[:2])
        if not active[2][""] and (speaking or heard):
            pieces.append((next_ms - now_ms, speaking, heard))
    return pieces


__all__ = ["DiarizationErrors", "assignment", "best_mapping", "diarization_errors"]
