"""TextTiling as it was published (Hearst 1997, "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages"):
the baseline of topic boundaries.

Words without stop words, cut to their stems, in pseudo-sentences of w = 20; blocks of k = 10 of these left and right of
each gap are compared by the cosine of their counts; the scores are smoothed once over a width of 3; a gap's depth is
how far its score lies below the peaks on both sides; boundaries are the gaps deeper than mean - deviation / 2, with at
least three pseudo-sentences between them, moved to the nearest paragraph break (here: the start of a turn).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

PSEUDO_SENTENCE: Final = 20
BLOCK: Final = 10
SMOOTHING: Final = 3
MIN_BETWEEN: Final = 3

# The paper removes the words of a list and reduces the others to their roots; this is the usual short one, and endings.
_LISTED: Final = """
    a about above after again against all am an and any are as at be because been before being below between both
    but by can could did do does doing don down during each few for from further had has have having he her here
    hers herself him himself his how i if in into is it its itself just me more most my myself no nor not now of
    off on once only or other our ours ourselves out over own re s same she should so some such t than that the
    their theirs them themselves then there these they this those through to too under until up ve very was we
    were what when where which while who whom why will with would you your yours yourself yourselves ll m d
"""
STOP_WORDS: Final = frozenset(_LISTED.split())
_ENDINGS: Final = re.compile(r"(ingly|edly|ing|ed|es|s|ly)$")


def text_tiling(sentences: Sequence[str], paragraphs: Sequence[int]) -> list[int]:
    """Where topics start.

    Args:
        sentences: in order.
        paragraphs: of each sentence the number of its paragraph, not decreasing.

    Returns:
        Positions of the sentences with which new topics start, without the first; each starts a paragraph.
    """
    words = [
        (_root(word), position)
        for position, text in enumerate(sentences)
        for word in re.findall(r"[a-z]+", text.lower())
    ]
    groups = [words[at : at + PSEUDO_SENTENCE] for at in range(0, len(words), PSEUDO_SENTENCE)]
    counts = [Counter(word for word, _ in group if word not in STOP_WORDS) for group in groups]
    breaks = [at for at in range(1, len(paragraphs)) if paragraphs[at] != paragraphs[at - 1]]
    if len(groups) < 3 or not breaks:
        return []
    depths = _depths(_smoothed(_scores(counts)))
    limit = float(np.mean(depths) - np.std(depths) / 2)
    chosen: list[int] = []
    for gap in sorted(range(len(depths)), key=lambda gap: (-depths[gap], gap)):
        if depths[gap] > max(limit, 0.0) and all(abs(gap - other) > MIN_BETWEEN for other in chosen):
            chosen.append(gap)
    at_words = [groups[gap + 1][0][1] for gap in chosen]
    return sorted({min(breaks, key=lambda at: (abs(at - wanted), at)) for wanted in at_words})


def _root(word: str) -> str:
    return word if word in STOP_WORDS or len(word) < 5 else _ENDINGS.sub("", word)


def _scores(counts: Sequence[Counter[str]]) -> list[float]:
    """Similarity of the blocks left and right of each gap between pseudo-sentences."""
    scores = []
    for gap in range(1, len(counts)):
        size = min(BLOCK, gap, len(counts) - gap)
        left = sum(counts[gap - size : gap], Counter[str]())
        right = sum(counts[gap : gap + size], Counter[str]())
        shared = sum(count * right[word] for word, count in left.items())
        norm = math.sqrt(sum(c * c for c in left.values()) * sum(c * c for c in right.values()))
        scores.append(shared / norm if norm else 0.0)
    return scores


def _smoothed(scores: Sequence[float]) -> list[float]:
    half = SMOOTHING // 2
    return [float(np.mean(scores[max(0, at - half) : at + half + 1])) for at in range(len(scores))]


def _depths(scores: Sequence[float]) -> list[float]:
    """How far each score lies below the peaks that one comes to by climbing left and right from it."""
    depths = []
    for at, score in enumerate(scores):
        left = right = at
        while left > 0 and scores[left - 1] >= scores[left]:
            left -= 1
        while right < len(scores) - 1 and scores[right + 1] >= scores[right]:
            right += 1
        depths.append(scores[left] - score + scores[right] - score)
    return depths


__all__ = ["text_tiling"]
