"""An answer that was paid for, as it is kept for whoever asks the same again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """An answer and its price.

    Attributes:
        seen: what the service said; None when it declined.
        refusal: what it said then.
        tokens, cost_usd: that it was charged with.
        payer: the item of work that paid; for every other one it was free.
    """

    seen: T | None
    refusal: str | None
    tokens: int
    cost_usd: float
    payer: str


__all__ = ["Kept"]
