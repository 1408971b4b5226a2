"""What a request costs. Prices change: each has its date and where it was read, and a setting overrides it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Price:
    """Of one model.

    Attributes:
        usd_per_minute: of sound.
        as_of: day on which it was read.
        source: page on which it stood.
    """

    usd_per_minute: float
    as_of: str
    source: str


# Only models whose price and answers we know. `gpt-4o-transcribe` and its kin give no times of words.
PRICES: Final[dict[str, Price]] = {
    "whisper-1": Price(0.006, "2026-11-25", "https://developers.openai.com/api/docs/models/whisper-1"),
}
_DIGITS: Final = 6  # a second of whisper-1 is 0.0001 USD


def usd_per_minute(model: str, override: float | None) -> float | None:
    """Price of a minute of sound; None for a model that is not in the table when nothing overrides it."""
    if override is not None:
        return override
    price = PRICES.get(model)
    return None if price is None else price.usd_per_minute


def sound_usd(seconds: float, per_minute: float) -> float:
    """Cost of sound in USD, to 6 digits; counted by started seconds, which is never less than by rounded ones."""
    return round(math.ceil(round(seconds, 3)) * per_minute / 60.0, _DIGITS)


__all__ = ["PRICES", "Price", "sound_usd", "usd_per_minute"]
