"""What a service said of pictures, kept in the result cache: the same or a near-same picture is not paid for twice.

Under the digest of a stored picture lies its answer; under its perceptual hash and the text that the local models read
in it, since slides that differ in a word look alike, lies the digest with a thumbnail, which is compared before two
pictures are taken for one. An answer is put there as soon as it is in, so what a killed worker paid for is not lost:
the batch that paid finds the cost with it, and counts it then; for every other batch it was free.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from processors.cache import DiskTier, MemoryTier, RedisTier, ResultCache, Tier
from processors.service.config import HostedVision, Paid, ScenesPlace
from processors.service.kept import Kept
from processors.versions import PROMPT_VERSION
from processors.vision.hosted_answer import Seen
from processors.vision.likeness import Likeness

_STAGE: Final = "scenes"
_VERSION: Final = 1  # of the form in which answers are kept


@dataclass(frozen=True, slots=True)
class Appearance:
    """What decides whether pictures are near-same.

    Attributes:
        likeness: of the picture.
        text: digest of its text; None for a picture that may only share with its equals: it has one tone, or text that
            could not be read.
    """

    likeness: Likeness
    text: str | None


_KEPT: Final = TypeAdapter(Kept[Seen])


class SceneCache:
    """Answers of one model, by picture.

    Args:
        cache: holds them.
        service: model and address; answers of others are not found.
        same: least cosine of pictures that share an answer; above 1 only equal files do.
    """

    def __init__(self, cache: ResultCache, service: str, same: float) -> None:
        self._cache, self._service, self._same = cache, service, same

    def find(self, uri: str, look: Appearance) -> tuple[Kept[Seen], bool] | None:
        """The answer for a picture, and whether it was given for this very file or for a near-same picture.

        Args:
            uri: of the stored picture, which holds its digest.
            look: of it.
        """
        found = self._answer(uri)
        if found is not None:
            return found, True
        if look.text is None or self._same > 1.0:
            return None
        for address in look.likeness.addresses():
            if (found := self._near(address, look)) is not None:
                return found, False
        return None

    def keep(self, uri: str, look: Appearance, answer: Kept[Seen]) -> None:
        """Keep the answer for a picture; of pictures with one hash and one text, the first is compared with."""
        self._cache.put(_STAGE, self._key("answer", uri), [orjson.dumps(asdict(answer))])
        if look.text is not None and self._same <= 1.0 and self._near(look.likeness.address, look) is None:
            near = {"uri": uri, **look.likeness.to_json()}
            self._cache.put(_STAGE, self._key("near", look.likeness.address, look.text), [orjson.dumps(near)])

    def same(self, one: Appearance, other: Appearance) -> bool:
        """Whether two pictures share an answer."""
        return one.text is not None and one.text == other.text and one.likeness.cosine(other.likeness) >= self._same

    def _near(self, address: str, look: Appearance) -> Kept[Seen] | None:
        for near in self._load("near", address, look.text or ""):
            try:
                if Likeness.from_json(near).cosine(look.likeness) >= self._same:
                    return self._answer(str(near["uri"]))
            except (ValueError, KeyError, TypeError):  # of another form: as if it were not there
                continue
        return None

    def _answer(self, uri: str) -> Kept[Seen] | None:
        for value in self._load("answer", uri):
            try:
                return _KEPT.validate_python(value)
            except ValidationError:  # of another form, put there by somebody else: as if it were not there
                return None
        return None

    def _load(self, *name: str) -> list[dict[str, Any]]:
        bodies = self._cache.get(_STAGE, self._key(*name)) or []
        try:
            return [value for value in map(orjson.loads, bodies) if isinstance(value, dict)]
        except orjson.JSONDecodeError:
            return []

    def _key(self, *name: str) -> str:
        parts = [_STAGE, _VERSION, self._service, PROMPT_VERSION, *name]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def scenes_of(hosted: HostedVision) -> SceneCache:
    """The cache for a service: its tiers are opened once per process."""
    return SceneCache(cache_of(hosted), service_of(hosted), hosted.same)


def cache_of(hosted: HostedVision) -> ResultCache:
    """Where answers of a service are kept; without tiers where none are."""
    return cache_at(hosted.scenes)


def cache_at(place: ScenesPlace | None) -> ResultCache:
    """The tiers of a place, opened once per process; without tiers where there is none."""
    return _opened(place) if place is not None else ResultCache((), time.monotonic)


def service_of(hosted: Paid) -> str:
    """Model and address: answers of another one are no answers of this one."""
    return f"{hosted.model} at {hosted.service.base_url}"


@lru_cache(maxsize=4)
def _opened(place: ScenesPlace) -> ResultCache:
    tiers: list[Tier] = [MemoryTier(place.items)]
    if place.redis_url:
        tiers.append(RedisTier(place.redis_url, place.ttl_s))
    return ResultCache([*tiers, DiskTier(Path(place.folder))], time.monotonic)


def appearance_of(likeness: Likeness, text: Sequence[str], readable: bool) -> Appearance:
    """The appearance of a picture.

    Args:
        likeness: of it.
        text: lines that the local models read in it.
        readable: whether they would have read what is there.
    """
    if likeness.plain or not readable:
        return Appearance(likeness, None)
    letters = "".join(letter for line in text for letter in line.casefold() if letter.isalnum())
    return Appearance(likeness, hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()[:16])


__all__ = ["Appearance", "SceneCache", "appearance_of", "cache_at", "cache_of", "scenes_of", "service_of"]
