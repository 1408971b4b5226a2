"""What a service said of moments, kept in the result cache: what was asked once is not paid for twice.

An answer lies under all that was shown: the digests of the pictures, the words, title and language; and under model,
address and version of the prompt. It is put there as soon as it is in, so what a killed worker paid for is not lost:
the look that paid finds the cost with it, and counts it then; for every other look it was free.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError

from processors.cache import ResultCache
from processors.enrichment.answer import Grasped
from processors.service.kept import Kept
from processors.versions import MOMENTS_VERSION

_STAGE: Final = "moments"
_VERSION: Final = 1  # of the form in which answers are kept


_KEPT: Final = TypeAdapter(Kept[Grasped])


class Answers:
    """Answers of one model.

    Args:
        cache: holds them.
        service: model and address; answers of others are not found.
    """

    def __init__(self, cache: ResultCache, service: str) -> None:
        self._cache, self._service = cache, service

    def find(self, shown: str) -> Kept[Grasped] | None:
        """The answer for a moment.

        Args:
            shown: digest of all that was shown of it.
        """
        for body in self._cache.get(_STAGE, self._key(shown)) or []:
            try:
                return _KEPT.validate_json(body)
            except ValidationError:  # of another form, put there by somebody else: as if it were not there
                return None
        return None

    def keep(self, shown: str, answer: Kept[Grasped]) -> None:
        """Keep the answer for a moment."""
        self._cache.put(_STAGE, self._key(shown), [orjson.dumps(asdict(answer))])

    def _key(self, shown: str) -> str:
        return hashlib.sha256(orjson.dumps([_STAGE, _VERSION, self._service, MOMENTS_VERSION, shown])).hexdigest()


__all__ = ["Answers"]
