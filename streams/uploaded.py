"""Sources that were uploaded: `blob:<sha256>/<name>`, media in the blob store, which every worker can read.

The media library opens files, so a worker links the blob, or fetches it where the store is no folder, to a file of that
name among the staged sources, once per host.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from filelock import FileLock

from processors.blobs import SCHEME, BlobStore
from processors.errors import InvalidMedia, InvalidMessage, from_os_error
from processors.media.staging import key_of
from streams.settings import Settings

_URI: Final = re.compile(r"blob:([0-9a-f]{64})(?:/([^/?#\s]{1,400}))?")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_NAME_CHARS: Final = 60  # 255 bytes are allowed, a character has up to 4
_PIECE: Final = 1 << 22


def upload_uri(sha256: str, name: str) -> str:
    """The source of an upload."""
    return f"{SCHEME}{sha256}/{quote(safe_name(name), safe='')}"


def safe_name(name: str) -> str:
    """A name as one of a file: no folders, no control characters, not too long."""
    return _UNSAFE.sub("_", name).strip(". ")[-_NAME_CHARS:].lstrip(". ") or "video"


def is_uploaded(uri: str) -> bool:
    """Whether a source is in the blob store."""
    return uri.startswith(SCHEME)


def digest_in(uri: str) -> str:
    """SHA-256 of an uploaded source.

    Raises:
        InvalidMessage: it is none.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise InvalidMessage(f"'{uri[:100]}' is no uploaded source.")
    return found[1]


def name_in(uri: str) -> str:
    """The name under which it was uploaded."""
    found = _URI.fullmatch(uri)
    return safe_name(unquote(found[2], errors="replace")) if found is not None and found[2] else "video"


def local_file(uri: str, settings: Settings) -> tuple[Path, str]:
    """The file of an uploaded source on this host, and its SHA-256. Blocks.

    Raises:
        InvalidMedia: it is no longer in the store, or too large.
        Retryable, Fatal: the store or the disk failed.
    """
    digest, blobs = digest_in(uri), BlobStore(settings.store)
    place = settings.staging_dir / key_of(uri)
    path = place / digest / name_in(uri)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_name(place.name + ".lock")):
            path.parent.mkdir(parents=True, exist_ok=True)
            (place / "used").touch()
            if not path.exists():
                _bring(blobs, SCHEME + digest, path)
    except OSError as error:
        raise from_os_error(error, "staging an upload") from error
    settings.limits.check_size(path.name, path.stat().st_size)
    return path, digest


def _bring(blobs: BlobStore, uri: str, path: Path) -> None:
    if not blobs.exists(uri):
        raise InvalidMedia("The upload is no longer in the blob store.", "Upload the file again.")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        held = blobs.local_path(uri)
        if held is not None:
            with suppress(OSError):  # another file system, or one without links
                os.link(held, temporary)
        if held is None or not temporary.exists():
            _copy(blobs, uri, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(blobs: BlobStore, uri: str, target: Path) -> None:
    held = blobs.local_path(uri)
    if held is not None:
        shutil.copyfile(held, target)
        return
    size = blobs.size(uri)
    with target.open("wb") as file:
        for start in range(0, size, _PIECE):
            file.write(blobs.read(uri, start, min(size, start + _PIECE)))


__all__ = ["digest_in", "is_uploaded", "local_file", "name_in", "safe_name", "upload_uri"]
