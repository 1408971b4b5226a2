"""What a service said of moments, kept in the result cache: what was asked once is not paid for twice.

An answer lies under all that was shown: the digests of the pictures, the words, title and language; and under model,
address and version of the prompt. It is put there as soon as it is in, so what a killed worker paid for is not lost:
the look that paid finds the cost with it, and counts it then; for every other look it was free.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Final, Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from processors.cache import ResultCache
from processors.service.kept import Kept

T = TypeVar("T")

_VERSION: Final = 1  # of the form in which answers are kept


class Answers(Generic[T]):
    """Answers of one model to one kind of question.

    Args:
        cache: holds them.
        service: model and address; answers of others are not found.
        kind: of question, a name.
        version: of what is asked.
        form: of an answer.
    """

    def __init__(self, cache: ResultCache, service: str, kind: str, version: str, form: TypeAdapter[Kept[T]]) -> None:
        self._cache, self._service, self._kind, self._version, self._form = cache, service, kind, version, form

    def find(self, shown: str) -> Kept[T] | None:
        """The answer for a moment.

        Args:
            shown: digest of all that was shown of it.
        """
        for body in self._cache.get(self._kind, self._key(shown)) or []:
            try:
                return self._form.validate_json(body)
            except ValidationError:  # of another form, put there by somebody else: as if it were not there
                return None
        return None

    def keep(self, shown: str, answer: Kept[T]) -> None:
        """Keep the answer for a moment."""
        self._cache.put(self._kind, self._key(shown), [orjson.dumps(asdict(answer))])

    def _key(self, shown: str) -> str:
        named = [self._kind, _VERSION, self._service, self._version, shown]
        return hashlib.sha256(orjson.dumps(named)).hexdigest()


__all__ = ["Answers"]
