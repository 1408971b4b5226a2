"""How many people speak in one chunk, for the choice of its recogniser: before anything is known of the whole video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors.domain import VoicePrint
from processors.speech.diarize import diarize

# A second voice counts from this much speech on: less may be one person who laughs or shouts.
_LEAST_MS: Final = 2_000


def voices_in(prints: Sequence[VoicePrint]) -> int:
    """Speakers that a chunk alone seems to have, >= 1; rather too few than too many.

    Args:
        prints: of the chunk.
    """
    return max(1, sum(speaker.speech_ms >= _LEAST_MS for speaker in diarize(prints).speakers))


__all__ = ["voices_in"]
