"""When the text of a decoder is not to be believed. Pure rules over what it wrote.

Whisper always writes something: for noise, music and foreign speech that is invented, for sound without an end it is
the same words over and over. A *bad* decode is tried again in other ways; text that is *refused* in the end is dropped
with its reason, never silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors.speech.wer import normalise
from processors.speech.whisper import Decoded

# Mean log probability per token. Of windows of 5 to 15 s from English clips, tiny.en wrote all but 2 of 42 above -0.8,
# and of German and Spanish ones 17 of 22 below or in a loop; base wrote its right languages above -0.6.
MIN_LOGPROB_SMALL: Final = -0.8  # of a model with a larger one behind it: a cheap second opinion
MIN_LOGPROB: Final = -1.0  # Whisper's own limit
# Refused even as a last try: an English model on other speech (its English was above this), any model on no speech.
UNINTELLIGIBLE_ENGLISH: Final = -1.05
UNINTELLIGIBLE: Final = -1.5
MAX_COMPRESSION: Final = 2.4  # Whisper's own limit; real speech of 30 s reached 1.5
MAX_NO_SPEECH: Final = 0.6  # Whisper's own limit, together with a low log probability
# So many words in a row, so many times one after the other: people repeat themselves, but not that often.
_LOOPS: Final = ((1, 6), (2, 5), (3, 4), (4, 4), (5, 4), (6, 3), (7, 3), (8, 3), (9, 3), (10, 3))


def is_loop(decoded: Decoded) -> bool:
    """Whether the decoder repeated itself, or did not come to an end."""
    return decoded.cut_off or decoded.compression > MAX_COMPRESSION


def is_bad(decoded: Decoded, least_logprob: float = MIN_LOGPROB) -> bool:
    """Whether another try may do better."""
    return is_loop(decoded) or decoded.avg_logprob < least_logprob


def refusal(decoded: Decoded, english_only: bool) -> str | None:
    """Why the text is dropped, or None.

    Args:
        decoded: the best of all tries.
        english_only: the model knows no other language.
    """
    if decoded.no_speech > MAX_NO_SPEECH and decoded.avg_logprob < MIN_LOGPROB:
        return "no speech"
    if is_loop(decoded):
        return "repetition"
    if decoded.avg_logprob < (UNINTELLIGIBLE_ENGLISH if english_only else UNINTELLIGIBLE):
        return "not intelligible"
    return None


def surplus(texts: Sequence[str]) -> tuple[int, int] | None:
    """Find words that repeat themselves in a loop.

    Args:
        texts: words in order.

    Returns:
        (first, after the last) index of the repetitions behind the first saying; None when there is no loop.
    """
    words = ["".join(normalise(text)) or text for text in texts]
    for length, times in _LOOPS:
        for start in range(len(words) - length * times + 1):
            after = start + length
            while words[after : after + length] == words[start : start + length]:
                after += length
            if after - start >= length * times:
                return start + length, after
    return None


__all__ = [
    "MAX_COMPRESSION",
    "MAX_NO_SPEECH",
    "MIN_LOGPROB",
    "MIN_LOGPROB_SMALL",
    "UNINTELLIGIBLE",
    "UNINTELLIGIBLE_ENGLISH",
    "is_bad",
    "is_loop",
    "refusal",
    "surplus",
]
