"""Words to speakers: each word to who speaks while it is said, utterances parted where the speaker changes.

A word's times are right to some 100 ms and a turn's borders to some 300, so single words at a border come out wrong
now and then. A run that is so short that a border explains it goes to its neighbours, and a border between two people
moves to the longest pause between words near it, since people seldom change within a phrase.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from processors.domain import Turn, Utterance, Word

_NEAR_MS: Final = 1_000  # a word outside all turns belongs to one that is no farther away
_SHORT_RUN_MS: Final = 400  # of one speaker between words of another: shorter than most whole words said alone
_SNAP_MS: Final = 300  # length of the words that a border may move over
_SNAP_PAUSE_MS: Final = 80  # to a pause that is longer by this much than the one where it was
_OVERLAP_MS: Final = 300  # of another speaker within an utterance: both speak
# The values of voice and emotion are of the whole utterance: the part that holds nearly all of it keeps them.
_NEARLY_ALL: Final = 0.8


def attributed(transcript: Sequence[Utterance], turns: Sequence[Turn]) -> list[Utterance]:
    """Give every utterance a speaker.

    Args:
        transcript: in time order.
        turns: in time order.

    Returns:
        Utterances in time order. One during which the speaker changes becomes several; the values that hold for the
        whole (voice, emotion) stay with a part that has nearly all of it. Without turns nothing changes.
    """
    if not turns:
        return list(transcript)
    index = _Turns(turns)
    found = []
    for utterance in transcript:
        if not utterance.words:
            found.append(replace(utterance, speaker=index.speaker(utterance.start_ms, utterance.end_ms)))
        else:
            found += _parts(utterance, index)
    return [_overlap(utterance, index) for utterance in found]


class _Turns:
    """Turns that can be asked for by time."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = sorted(turns)
        self._starts = np.array([turn.start_ms for turn in self._turns])
        # the end of the longest reach so far: turns before it may still overlap
        self._reach = np.maximum.accumulate([turn.end_ms for turn in self._turns])

    def shares(self, start_ms: int, end_ms: int) -> Counter[str]:
        """Milliseconds of each speaker within a span."""
        low = int(np.searchsorted(self._reach, start_ms, side="right"))
        high = int(np.searchsorted(self._starts, end_ms, side="left"))
        shares: Counter[str] = Counter()
        for turn in self._turns[low:high]:
            shared = min(turn.end_ms, end_ms) - max(turn.start_ms, start_ms)
            if shared > 0:
                shares[turn.speaker] += shared
        return shares

    def speaker(self, start_ms: int, end_ms: int) -> str | None:
        """Who speaks most within a span; who is nearest when nobody does; None when nobody is near."""
        shares = self.shares(start_ms, end_ms)
        if shares:
            return min(shares, key=lambda name: (-shares[name], name))
        at = int(np.searchsorted(self._starts, start_ms, side="right"))
        near = [
            (max(turn.start_ms - end_ms, start_ms - turn.end_ms, 0), turn)
            for turn in self._turns[max(0, at - 2) : at + 1]
        ]
        distance, turn = min(near)
        return turn.speaker if distance <= _NEAR_MS else None


def _parts(utterance: Utterance, turns: _Turns) -> list[Utterance]:
    names = [turns.speaker(word.start_ms, word.end_ms) for word in utterance.words]
    known = Counter(name for name in names if name is not None)
    if not known:
        return [utterance]
    usual = min(known, key=lambda name: (-known[name], name))
    speakers = _snapped(utterance.words, _smoothed(utterance.words, [name or usual for name in names]))
    borders = [0, *(n for n in range(1, len(speakers)) if speakers[n] != speakers[n - 1]), len(speakers)]
    if len(borders) == 2:
        return [replace(utterance, speaker=speakers[0])]
    texts = _texts(utterance, borders)
    return [
        _part(utterance, utterance.words[first:after], text, speakers[first])
        for (first, after), text in zip(pairwise(borders), texts, strict=True)
    ]


def _smoothed(words: Sequence[Word], speakers: list[str]) -> list[str]:
    """Runs too short to be a turn go to the speaker on both sides of them, or to the longer side at an end."""
    smooth = list(speakers)
    changed = True
    while changed:
        changed = False
        borders = [0, *(n for n in range(1, len(smooth)) if smooth[n] != smooth[n - 1]), len(smooth)]
        runs = list(pairwise(borders))
        for position, (first, after) in enumerate(runs):
            if words[after - 1].end_ms - words[first].start_ms >= _SHORT_RUN_MS or len(runs) == 1:
                continue
            sides = [runs[n] for n in (position - 1, position + 1) if 0 <= n < len(runs)]
            if len(sides) == 2 and smooth[sides[0][0]] != smooth[sides[1][0]]:
                continue
            smooth[first:after] = [smooth[sides[0][0]]] * (after - first)
            changed = True
            break
    return smooth


def _snapped(words: Sequence[Word], speakers: list[str]) -> list[str]:
    """Borders moved to the longest pause close by."""
    moved = list(speakers)
    for border in [n for n in range(1, len(speakers)) if speakers[n] != speakers[n - 1]]:
        near = [n for n in range(1, len(words)) if _may_move(words, speakers, border, n)]
        pauses = {n: words[n].start_ms - words[n - 1].end_ms for n in near}
        best = max(near, key=lambda n: (pauses[n], -abs(n - border), -n), default=border)
        if pauses.get(best, 0) < pauses.get(border, 0) + _SNAP_PAUSE_MS:
            continue
        for n in range(min(best, border), max(best, border)):
            moved[n] = speakers[border] if best < border else speakers[border - 1]
    return moved


def _may_move(words: Sequence[Word], speakers: Sequence[str], border: int, to: int) -> bool:
    """Whether few enough words lie between, all of one speaker."""
    if border == to:
        return True
    low, high = min(border, to), max(border, to)
    return words[high - 1].end_ms - words[low].start_ms <= _SNAP_MS and len(set(speakers[low:high])) == 1


def _texts(utterance: Utterance, borders: Sequence[int]) -> list[str]:
    """The text of each part, cut out of the utterance's where its words are found there."""
    cuts, position = [0], 0
    for number, word in enumerate(utterance.words):
        at = utterance.text.find(word.text, position)
        if at < 0:  # the text was normalised differently from its words
            return [" ".join(word.text for word in utterance.words[first:after]) for first, after in pairwise(borders)]
        if number in borders[1:-1]:
            cuts.append(at)
        position = at + len(word.text)
    cuts.append(len(utterance.text))
    return [utterance.text[first:after].strip() for first, after in pairwise(cuts)]


def _part(utterance: Utterance, words: list[Word], text: str, speaker: str) -> Utterance:
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    whole = end_ms - start_ms >= _NEARLY_ALL * (utterance.end_ms - utterance.start_ms)
    return replace(
        utterance,
        start_ms=start_ms,
        end_ms=end_ms,
        text=text,
        words=words,
        speaker=speaker,
        voice=utterance.voice if whole else None,
        emotion=utterance.emotion if whole else None,
        markers=[marker for marker in utterance.markers if start_ms <= marker.start_ms < end_ms],
    )


def _overlap(utterance: Utterance, turns: _Turns) -> Utterance:
    shares = turns.shares(utterance.start_ms, utterance.end_ms)
    # speakers follow each other within rounding of borders; what goes beyond the length is said at the same time
    beyond = sum(shares.values()) - (utterance.end_ms - utterance.start_ms)
    both = len(shares) > 1 and beyond >= _OVERLAP_MS
    return replace(utterance, overlapped=True) if both else utterance


__all__ = ["attributed"]
