"""Content-addressed blobs: media pieces and long documents, which never travel through Kafka (claim check).

A blob lies at `<store>/<sha256[:2]>/<sha256>` behind fsspec: a local folder by default, any S3-compatible store by its
URL. In messages it is named `blob:<sha256>`, which says nothing about hosts, so results compare equal everywhere.
Writing is atomic and idempotent: to a temporary name, fsync, rename; a blob that is there already is not written again.
Its time is set anew instead, so that `clipstream gc` sees in it when the blob was last needed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import fsspec

from processors.errors import ClipstreamError, Fatal, InvalidMessage, from_os_error
from processors.media.weburl import shown
from processors.whole_file import write_whole

SCHEME: Final = "blob:"
_PROBE: Final = b"clipstream"
_PROBE_BYTES: Final = 64 * 1024  # a full disk still takes a few bytes into a block that it has given out
_URI = re.compile(r"blob:([0-9a-f]{64})")


class BlobMissing(InvalidMessage):
    """A message names a blob that is not in the store (collected, or another store)."""


class StoreUnusable(Fatal):
    """There is no blob store at the address in the settings."""


class BlobStore:
    """Puts and gets immutable bytes by their SHA-256.

    Args:
        url: folder path, or a URL that fsspec understands (`file:///...`, `s3://bucket/prefix`).

    Raises:
        StoreUnusable: nothing here understands the URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except Exception as error:  # each kind of store raises its own
            raise _unusable(url, error) from error
        protocol: Any = self._fs.protocol
        self._local = "file" in ((protocol,) if isinstance(protocol, str) else tuple(protocol))

    def check(self) -> None:
        """Write a small blob and read it back. In a folder it is a new one each time, which does not stay.

        Raises:
            StorageFull: no room.
            StoreUnusable: it does not take or give.
        """
        probe = _PROBE + os.urandom(_PROBE_BYTES) if self._local else _PROBE  # an object store is never full
        try:
            uri = self.put(probe)
            try:
                if self.get(uri) != probe:
                    raise ValueError("it does not give back what was written")
            finally:
                if (path := self.local_path(uri)) is not None:
                    path.unlink(missing_ok=True)
        except Fatal:
            raise
        except Exception as error:
            raise _unusable(self.url, error) from error

    def put(self, content: bytes) -> str:
        """Store bytes; returns their `blob:` URI.

        Raises:
            StorageFull: no room or a read-only store.
            Retryable: another failure of the store.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            if self._touched(path):
                return SCHEME + digest
            if self._local:
                write_whole(Path(path), (content,))
            else:
                self._fs.pipe_file(path, content)  # object stores publish a whole object at once
        except OSError as error:
            raise from_os_error(error, "writing a blob") from error
        return SCHEME + digest

    def put_pieces(self, digest: str, pieces: Iterable[bytes]) -> str:
        """Store what is too long for memory; returns its `blob:` URI.

        Args:
            digest: SHA-256 of all pieces together, in hex.
            pieces: the content, in order.

        Raises:
            InvalidMessage: the pieces have another digest.
            StorageFull: no room or a read-only store.
            Retryable: another failure of the store.
        """
        path = self._path(digest_of(SCHEME + digest))
        try:
            if not self._touched(path):
                if self._local:
                    write_whole(Path(path), _checked(digest, pieces))
                else:
                    with self._fs.open(path, "wb") as file:  # published when it is closed, and not when that fails
                        for piece in _checked(digest, pieces):
                            file.write(piece)
        except OSError as error:
            raise from_os_error(error, "writing a blob") from error
        return SCHEME + digest

    def get(self, uri: str) -> bytes:
        """Read a blob back.

        Raises:
            BlobMissing: it is not there, or `uri` is not a blob URI.
            Retryable: the store failed.
        """
        try:
            return bytes(self._fs.cat_file(self._path(digest_of(uri))))
        except FileNotFoundError as error:
            raise _missing(uri, self.url) from error
        except OSError as error:
            raise from_os_error(error, "reading a blob") from error

    def size(self, uri: str) -> int:
        """Bytes of a blob.

        Raises:
            BlobMissing: it is not there, or `uri` is not a blob URI.
            Retryable: the store failed.
        """
        try:
            return int(self._fs.info(self._path(digest_of(uri)))["size"])
        except FileNotFoundError as error:
            raise _missing(uri, self.url) from error
        except OSError as error:
            raise from_os_error(error, "looking at a blob") from error

    def read(self, uri: str, start: int, end: int) -> bytes:
        """Bytes of a blob from `start` up to `end`, without that one.

        Raises:
            BlobMissing: it is not there, or `uri` is not a blob URI.
            Retryable: the store failed.
        """
        try:
            return bytes(self._fs.cat_file(self._path(digest_of(uri)), start=start, end=end))
        except FileNotFoundError as error:
            raise _missing(uri, self.url) from error
        except OSError as error:
            raise from_os_error(error, "reading a blob") from error

    def local_path(self, uri: str) -> Path | None:
        """Where a blob lies, or would lie, in a store that is a folder; None in others."""
        return Path(self._path(digest_of(uri))) if self._local else None

    def is_there(self) -> bool:
        """Whether the store has anything but what `check` writes: a folder that is not mounted is absent, or empty.

        Raises:
            Retryable: the store failed.
        """
        try:
            if self._local:
                probe = hashlib.sha256(_PROBE).hexdigest()
                return any(path.name != probe for path in Path(self._root).glob("*/*"))
            return bool(self._fs.exists(self._root))
        except OSError as error:
            raise from_os_error(error, "looking at the blob store") from error

    def exists(self, uri: str) -> bool:
        """Whether the blob is there."""
        return bool(self._fs.exists(self._path(digest_of(uri))))

    def touch(self, uri: str) -> bool:
        """Whether the blob is there; if so it is as young as one that was put just now. Costs what `exists` costs."""
        return self._touched(self._path(digest_of(uri)))

    def location(self, uri: str) -> str:
        """A URL that other programs can open: `file:///...` or `s3://...`."""
        path = self._path(digest_of(uri))
        return Path(path).absolute().as_uri() if self._local else str(self._fs.unstrip_protocol(path))

    def _touched(self, path: str) -> bool:
        if not self._local:
            return bool(self._fs.exists(path))  # object stores expire by their own rules
        try:
            os.utime(path)  # one call: gc cannot come between the look and the touch
        except FileNotFoundError:
            return False
        except OSError:  # another user's, or a store that is only read here
            return Path(path).exists()
        return True

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def digest_of(uri: str) -> str:
    """The SHA-256 in a blob URI. The strict form keeps every path inside the store.

    Raises:
        BlobMissing: `uri` is not of the form `blob:<64 hex digits>`.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise BlobMissing(f"'{uri[:100]}' is not a blob URI.")
    return match.group(1)


def _missing(uri: str, store: str) -> BlobMissing:
    return BlobMissing(f"The blob {uri} is not in the store {store}.", "Was it collected by gc?")


def _unusable(url: str, error: Exception) -> StoreUnusable:
    why = error.reason if isinstance(error, ClipstreamError) else str(error) or type(error).__name__
    remedy = "Check CLIPSTREAM_STORE_URL; left empty, blobs are in the data folder."
    if isinstance(error, ImportError):
        remedy = f"Install that package beside clipstream (for s3:// `pip install s3fs`). {remedy}"
    return StoreUnusable(f"The blob store {shown(url)} cannot be used: {why.rstrip('.')}.", remedy)


def _checked(digest: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
        yield piece
    if found.hexdigest() != digest:
        raise InvalidMessage(f"The content is not that of {SCHEME}{digest}.")


__all__ = ["SCHEME", "BlobMissing", "BlobStore", "StoreUnusable", "digest_of"]
