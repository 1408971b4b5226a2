"""The staging store: what was fetched over http(s), once per state folder, under the digest of its content.

::

    <folder>/<key of the URL>.lock
    <folder>/<key>/part, part.json      what is being fetched
    <folder>/<key>/current.json         the newest version: its digest, and what the server said of it
    <folder>/<key>/used                 touched with each use, for `clipstream gc`
    <folder>/<key>/<SHA-256>/<name>     a version; never changed, so work on one goes on when the next one comes
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from processors.errors import from_os_error
from processors.media.fetch import OnProgress, Version, WebRules, fetch
from processors.media.weburl import file_name

_KEY_DIGITS: Final = 32
_LOOK_S: Final = 1.0  # at how far another process is
_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Staged:
    """A source that is here."""

    path: Path
    sha256: str


def stage(
    url: str,
    folder: Path,
    rules: WebRules,
    *,
    wanted: str | None = None,
    refresh: bool = False,
    on_progress: OnProgress | None = None,
) -> Staged:
    """The local file of an http(s) source; fetched when it is not here. Waits while another process fetches it.

    Args:
        url: http(s).
        folder: the store.
        rules: what may be fetched.
        wanted: SHA-256 of the version that is meant, when known; another one is taken only if that is not here.
        refresh: ask the server whether there is a newer version.
        on_progress: see `fetch`; called as well while another process gets on with it.

    Raises:
        InvalidMessage, InvalidMedia, Retryable, StorageFull, Fatal: see `fetch`.
    """
    place = folder / key_of(url)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with _held(place, on_progress):
            place.mkdir(exist_ok=True)  # gc may have been quicker
            (place / "used").touch()
            if wanted is not None and (found := _version(place, wanted)):
                return found
            known = _current(place)
            if known is not None and not refresh:
                return known[0]
            version = fetch(url, place / "part", rules, known[1] if known is not None else None, on_progress)
            if version is None:
                assert known is not None
                return known[0]
            return _kept(place, file_name(url), version)
    except OSError as error:
        raise from_os_error(error, "staging a source") from error


def held(url: str, folder: Path, wanted: str | None = None) -> Path | None:
    """The file of a source that was fetched here before; None when there is none.

    Args:
        url: http(s).
        folder: the store.
        wanted: SHA-256 of a version; the newest one when None.
    """
    place = folder / key_of(url)
    if wanted is not None:
        found = _version(place, wanted)
        return found.path if found is not None else None
    known = _current(place)
    return known[0].path if known is not None else None


def unused(folder: Path, urls_in_use: set[str], older_than_s: float) -> Iterator[tuple[Path, int]]:
    """What may go: (folder of a URL, bytes in it).

    Args:
        folder: the store.
        urls_in_use: of videos that are not through.
        older_than_s: keep what was used later than that many seconds ago.
    """
    in_use = {key_of(url) for url in urls_in_use}
    limit = time.time_ns() / 1e9 - older_than_s
    for place in sorted(path for path in folder.glob("*") if path.is_dir()):
        with suppress(FileNotFoundError):
            if place.name not in in_use and (place / "used").stat().st_mtime <= limit:
                yield place, sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def remove(place: Path) -> None:
    """Remove what `unused` found. Its lock stays: whoever waits for it must meet the next one who comes."""
    with FileLock(_lock(place)):
        shutil.rmtree(place, ignore_errors=True)


def key_of(url: str) -> str:
    """Name of a URL's folder. Says nothing of the URL, which may hold a secret."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:_KEY_DIGITS]


def _lock(place: Path) -> Path:
    return place.with_name(place.name + ".lock")


@contextmanager
def _held(place: Path, on_progress: OnProgress | None) -> Iterator[None]:
    lock = FileLock(_lock(place))
    seen = -1
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_LOOK_S)
        except Timeout:
            with suppress(FileNotFoundError):
                here = (place / "part").stat().st_size
                if here != seen and on_progress is not None:
                    on_progress(here, None)
                seen = here
    try:
        yield
    finally:
        lock.release()


def _version(place: Path, sha256: str) -> Staged | None:
    found = sorted(path for path in (place / _folder_name(sha256)).glob("*") if path.is_file())
    return Staged(found[0], sha256) if found else None


def _folder_name(sha256: str) -> str:
    """A digest as the name of a folder; anything else names a folder that is not there."""
    return sha256 if _SHA256.fullmatch(sha256) else "none"


def _current(place: Path) -> tuple[Staged, Version] | None:
    try:
        noted: dict[str, Any] = json.loads((place / "current.json").read_text(encoding="utf-8"))
        found = _version(place, noted["sha256"])
        return (found, Version(noted["etag"], noted["last_modified"])) if found is not None else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # none, or cut short by a crash
        return None


def _kept(place: Path, name: str, version: Version) -> Staged:
    part = place / "part"
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    staged = _version(place, sha256)
    if staged is None:
        path = place / sha256 / name
        path.parent.mkdir(exist_ok=True)
        staged = Staged(part.replace(path), sha256)
    part.unlink(missing_ok=True)
    (place / "part.json").unlink(missing_ok=True)
    note = {"sha256": sha256, "etag": version.etag, "last_modified": version.last_modified}
    temporary = place / f".{uuid.uuid4().hex}"
    temporary.write_text(json.dumps(note), encoding="utf-8")
    temporary.replace(place / "current.json")
    return staged


__all__ = ["Staged", "held", "key_of", "remove", "stage", "unused"]
