"""What one look has been given so far, kept as soon as it is in, and what it paid before it was cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Generic, TypeVar

import orjson

from processors.enrichment.answers import Answers
from processors.service.kept import Kept
from processors.vision.hosted_result import Given

T = TypeVar("T")


class Paid(Generic[T]):
    """Answers of one look by the number of what was asked about.

    Args:
        answers: kept ones, of this look and of others.
        keys: digest of all that is shown, by number.

    Attributes:
        given: what is known so far.
        usd: paid on an earlier try of this look.
    """

    def __init__(self, answers: Answers[T], keys: Sequence[str]) -> None:
        self.given: dict[int, Given[T]] = {}
        self.usd = 0.0
        self._answers, self._keys = answers, keys
        self._payer = hashlib.sha256(orjson.dumps(list(keys))).hexdigest()[:32]

    def keep(self, number: int, given: Given[T], alone: bool) -> None:
        """Keep an answer at once; not a refusal in company, of which one may be innocent."""
        self.given[number] = given
        if given.seen is not None or alone:
            kept = Kept(given.seen, given.refusal, given.tokens, given.cost_usd, self._payer)
            self._answers.keep(self._keys[number], kept)

    def remembers(self, number: int) -> bool:
        """Take what was answered before. What this very look paid, before it was cut off, counts as its own."""
        kept = self._answers.find(self._keys[number])
        if kept is None:
            return False
        given: Given[T] = Given(kept.seen, kept.refusal, kept.tokens, kept.cost_usd)
        if kept.payer == self._payer:
            self.usd += kept.cost_usd
            self.given[number] = given
        else:
            self.given[number] = given.again()
        return True


__all__ = ["Paid"]
