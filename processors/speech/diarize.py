"""Who speaks when, once per video: prints of all chunks in, turns of speakers out.

The voices are found by `clustering`. Then each moment of speech goes to the voice that its prints are nearest to, along
the cheapest path (Viterbi): a change of speaker costs something, less in a pause, so that a single odd print does not
make a turn. A pure function of the prints: a replay gives the same names to the same people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.domain import Speaker, Turn, VoicePrint
from processors.speech.clustering import Floats, voices_of
from processors.speech.enrolment import names_of
from processors.speech.voiceprint import Vectors, decoded

_Turn = tuple[int, int, int]  # start, end, voice
Finder = Callable[[Vectors, NDArray[np.int64]], Vectors]

# Shorter prints are too noisy to found a voice on: one word of one voice and one of another may have a cosine of 0.3.
_FOUNDING_MS: Final = 600
# What a change of speaker costs, in cosine times seconds; two voices differ by about 0.6 in each second. Confusion on
# mixes with many short turns: 0.4 % with these, 0.6 to 0.8 % with 0.15 and more.
_CHANGE: Final = 0.10
_CHANGE_IN_PAUSE: Final = 0.04
_PAUSE_MS: Final = 150
# Two speak at once when a print is nearer to a second voice than the first voice itself is, by this much. Few overlaps
# are found like that: of the windows that hold at least 0.4 of one, 8 %; of those found, 78 % hold at least a quarter.
_BOTH: Final = 0.30
# Silence within a turn up to this length belongs to it, as in an utterance of the transcript.
_BREATH_MS: Final = 700


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when.

    Attributes:
        turns: in time order; those of one speaker do not touch, those of two overlap where both speak.
        speakers: the most speech first.
    """

    turns: list[Turn] = field(default_factory=list)
    speakers: list[Speaker] = field(default_factory=list)


def diarize(
    prints: Sequence[VoicePrint], known: dict[str, Vectors] | None = None, find: Finder = voices_of
) -> Diarization:
    """Find the speakers of a video and their turns.

    Args:
        prints: of all chunks, any order.
        known: name -> prints of enrolled people, shape (n, size); see `enrolment`.
        find: the way in which voices are found; benches compare others.

    Returns:
        Speakers are called S1, S2, ... by how much they speak, or by the name of the enrolled voice that is theirs.
    """
    ordered = sorted(set(prints), key=lambda print_: (print_.start_ms, print_.end_ms, print_.vector))
    if not ordered:
        return Diarization()
    vectors = decoded(ordered)
    own_ms = _own_ms(ordered)
    founding = np.array([print_.end_ms - print_.start_ms >= _FOUNDING_MS for print_ in ordered])
    if not founding.any():
        founding[:] = True
    voices = find(vectors[founding], own_ms[founding])
    atoms = _atoms(ordered)
    scores = _scores(atoms, vectors @ voices.T)
    path = _path(atoms, scores)
    turns = _touching([*_turns(atoms, path), *_overlaps(atoms, path, scores, voices)])
    return _named(turns, names_of(voices, known or {}))


@dataclass(frozen=True, slots=True)
class _Atom:
    """A stretch of speech in which the prints that cover it stay the same ones."""

    start_ms: int
    end_ms: int
    prints: list[int]


def _own_ms(prints: Sequence[VoicePrint]) -> NDArray[np.int64]:
    """How much speech each print stands for: where two overlap, half of it each."""
    own = [print_.end_ms - print_.start_ms for print_ in prints]
    for index, (left, right) in enumerate(pairwise(prints)):
        shared = max(0, min(left.end_ms, right.end_ms) - right.start_ms)
        own[index] -= shared // 2
        own[index + 1] -= shared - shared // 2
    return np.maximum(1, np.array(own, dtype=np.int64))


def _atoms(prints: Sequence[VoicePrint]) -> list[_Atom]:
    borders = sorted({border for print_ in prints for border in (print_.start_ms, print_.end_ms)})
    starts = np.array([print_.start_ms for print_ in prints])
    atoms = []
    first = 0
    for start_ms, end_ms in pairwise(borders):
        while first < len(prints) and prints[first].end_ms <= start_ms:
            first += 1
        last = int(np.searchsorted(starts, start_ms, side="right"))
        covering = [index for index in range(first, last) if prints[index].end_ms > start_ms]
        if covering:
            atoms.append(_Atom(start_ms, end_ms, covering))
    return atoms


def _scores(atoms: Sequence[_Atom], alike: NDArray[np.float32]) -> Floats:
    return np.stack([alike[atom.prints].mean(axis=0, dtype=np.float64) for atom in atoms])


def _path(atoms: Sequence[_Atom], scores: Floats) -> list[int]:
    """The voice of each atom along the path with the highest sum of cosine times seconds, less what changes cost."""
    best = scores[0] * _seconds(atoms[0])
    came_from = []
    for index in range(1, len(atoms)):
        pause_ms = atoms[index].start_ms - atoms[index - 1].end_ms
        stay, top = best, int(np.argmax(best))
        change = best[top] - (_CHANGE if pause_ms < _PAUSE_MS else _CHANGE_IN_PAUSE)
        came_from.append(np.where(stay >= change, np.arange(len(best)), top))
        best = np.maximum(stay, change) + scores[index] * _seconds(atoms[index])
    path = [int(np.argmax(best))]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]


def _seconds(atom: _Atom) -> float:
    return (atom.end_ms - atom.start_ms) / 1000


def _turns(atoms: Sequence[_Atom], path: Sequence[int]) -> list[_Turn]:
    found: list[_Turn] = []
    for atom, voice in zip(atoms, path, strict=True):
        if found and found[-1][2] == voice and atom.start_ms - found[-1][1] <= _BREATH_MS:
            found[-1] = (found[-1][0], atom.end_ms, voice)
        else:
            found.append((atom.start_ms, atom.end_ms, voice))
    return found


def _overlaps(atoms: Sequence[_Atom], path: Sequence[int], scores: Floats, voices: Vectors) -> list[_Turn]:
    """Turns of a second voice during those of the first."""
    alike = voices.astype(np.float64) @ voices.T
    found = []
    for atom, voice, score in zip(atoms, path, scores, strict=True):
        beyond = score - score[voice] * alike[voice]
        beyond[voice] = -1.0
        second = int(np.argmax(beyond))
        if beyond[second] > _BOTH:
            found.append((atom.start_ms, atom.end_ms, second))
    return found


def _touching(turns: Sequence[_Turn]) -> list[_Turn]:
    """Turns in time order, those of one voice that touch or overlap as one."""
    found: list[_Turn] = []
    last: dict[int, int] = {}
    for start_ms, end_ms, voice in sorted(turns):
        at = last.get(voice)
        if at is not None and start_ms <= found[at][1]:
            found[at] = (found[at][0], max(found[at][1], end_ms), voice)
        else:
            last[voice] = len(found)
            found.append((start_ms, end_ms, voice))
    return found


def _named(turns: Sequence[_Turn], known: dict[int, str]) -> Diarization:
    spoken: Counter[int] = Counter()
    first: dict[int, int] = {}
    for start_ms, end_ms, voice in turns:
        spoken[voice] += end_ms - start_ms
        first.setdefault(voice, start_ms)
    order = sorted(spoken, key=lambda voice: (-spoken[voice], first[voice], voice))
    taken = frozenset(known.values())  # somebody may be enrolled as "S1"
    labels = (label for number in count(1) if (label := f"S{number}") not in taken)
    names = {voice: known.get(voice) or label for voice, label in zip(order, labels, strict=False)}
    speakers = [Speaker(names[voice], spoken[voice], voice in known) for voice in order]
    return Diarization([Turn(start_ms, end_ms, names[voice]) for start_ms, end_ms, voice in turns], speakers)


__all__ = ["Diarization", "diarize"]
