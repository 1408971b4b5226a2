"""What a request costs. Prices change: each has its date and where it was read, and a setting overrides it."""

from __future__ import annotations

import math
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Of one language model.

    Attributes:
        usd_in, usd_out: of a million tokens sent and answered.
        as_of: day for which it was read.
        source: page on which it stood.
    """

    usd_in: float
    usd_out: float
    as_of: str
    source: str


_LIST: Final = "https://www.aipricing.guru/openai-pricing/"
_COPILOT: Final = "https://github.com/github/docs, data/tables/copilot/models-and-pricing.yml"
TOKEN_PRICES: Final[dict[str, TokenPrice]] = {
    "gpt-4.1": TokenPrice(2.00, 8.00, "2026-05-07", _LIST),
    "gpt-4.1-mini": TokenPrice(0.40, 1.60, "2026-05-07", _LIST),
    "gpt-4.1-nano": TokenPrice(0.10, 0.40, "2026-05-07", _LIST),
    "gpt-4o": TokenPrice(2.50, 10.00, "2025-04-25", "https://gist.github.com/t3dotgg/a4bb252e590320e223e71c595e60e6be"),
    "gpt-4o-mini": TokenPrice(0.15, 0.60, "2026-05-07", _LIST),
    "gpt-5-mini": TokenPrice(0.25, 2.00, "2026-11-26", _COPILOT),
}
_MILLION: Final = 1_000_000
_DIGITS: Final = 6  # a second of whisper-1 is 0.0001 USD


def usd_per_minute(model: str, override: float | None) -> float | None:
    """Price of a minute of sound; None for a model that is not in the table when nothing overrides it."""
    if override is not None:
        return override
    price = PRICES.get(model)
    return None if price is None else price.usd_per_minute


def token_price(model: str, overrides: Mapping[str, tuple[float, float]]) -> tuple[float, float] | None:
    """Price of a million tokens sent and answered; None for a model that is in neither table."""
    if model in overrides:
        return overrides[model]
    price = TOKEN_PRICES.get(model)
    return None if price is None else (price.usd_in, price.usd_out)


def tokens_usd(sent: int, answered: int, price: tuple[float, float]) -> float:
    """Cost of tokens in USD, to 6 digits; a description of a picture is 0.0003 USD with the cheapest models."""
    return round((sent * price[0] + answered * price[1]) / _MILLION, _DIGITS)


def sound_usd(seconds: float, per_minute: float) -> float:
    """Cost of sound in USD, to 6 digits; counted by started seconds, which is never less than by rounded ones."""
    return round(math.ceil(round(seconds, 3)) * per_minute / 60.0, _DIGITS)


__all__ = [
    "PRICES",
    "TOKEN_PRICES",
    "Price",
    "TokenPrice",
    "sound_usd",
    "token_price",
    "tokens_usd",
    "usd_per_minute",
]
