"""Uploads as they lie in the store: parts named by their offset, so that any gateway goes on where another one ended.

::

    <store>/uploads/<id>/info.json     length, name, whose it is
    <store>/uploads/<id>/used.json     when the last bytes came
    <store>/uploads/<id>/<offset>      bytes from there on
    <store>/uploads/<id>/done.json     digest of the whole, once it is a blob; the parts are gone by then

No lock is needed: all parts come from one file of one client, so of two that begin at one offset either will do. How
far an upload is, is a walk from part to part; where the later of two is the shorter one, the walk ends there, and the
client is told to send from there.
"""

from __future__ import annotations

import hashlib
import logging
import re
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import fsspec
import orjson

from processors.blobs import SCHEME, BlobStore
from processors.errors import ClipstreamError, InvalidMessage, from_os_error
from processors.whole_file import write_whole
from streams.clock import Clock
from streams.settings import Settings
from streams.uploaded import safe_name, upload_uri

log = logging.getLogger("clipstream.gateway")

FOLDER: Final = "uploads"
# A part is held in memory while it comes; 50 GB are 6,000 of them, which one listing names.
PART_BYTES: Final = 8 << 20
_HOUR_MS: Final = 3_600_000
_ID: Final = re.compile(r"[0-9a-f]{32}")
_PART: Final = re.compile(r"\d{16}")


class NoUpload(ClipstreamError):
    """There is no such upload, or it is somebody else's."""


class TooMany(ClipstreamError):
    """Too many uploads are not finished."""


@dataclass(frozen=True, slots=True)
class Info:
    """What was said of an upload when it began.

    Attributes:
        metadata: as the client sent it.
        owner: name of the API key.
    """

    length: int
    name: str
    metadata: str
    owner: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """A finished upload as a source."""

    uri: str
    sha256: str


class Uploads:
    """All uploads of a store. Every method blocks.

    Args:
        settings: the store, limits.
        clock: wall time.
        blobs: where finished ones go.
    """

    def __init__(self, settings: Settings, clock: Clock, blobs: BlobStore) -> None:
        self._settings = settings
        self._clock = clock
        self._blobs = blobs
        self._fs, root = fsspec.core.url_to_fs(settings.store)
        self._root = f"{root}/{FOLDER}"
        self._local = blobs.local_path("blob:" + "0" * 64) is not None
        self._over: frozenset[str] = frozenset()  # finished ones as far as they were looked at: they stay that

    def create(self, length: int, name: str, metadata: str, owner: str) -> str:
        """Begin an upload; returns its id.

        Raises:
            TooMany: too many are open.
            StorageFull, Retryable, Fatal: the store failed.
        """
        if self._open() >= self._settings.gateway_uploads_open:
            raise TooMany("Too many uploads are not finished.", "Finish or end some, or wait until old ones expire.")
        upload = uuid.uuid4().hex
        now = self._clock.now_ms()
        self._put(upload, "used.json", orjson.dumps({"at_ms": now}))
        self._put(upload, "info.json", orjson.dumps(asdict(Info(length, safe_name(name), metadata, owner, now))))
        return upload

    def info(self, upload: str, owner: str | None) -> Info:
        """What it is.

        Args:
            upload: its id.
            owner: who asks; None for somebody who may see all.

        Raises:
            NoUpload: there is none, or it is another's.
        """
        found = self._json(upload, "info.json") if _ID.fullmatch(upload) else None
        if found is None or owner not in (None, found["owner"]):
            raise NoUpload(f"There is no upload '{upload[:64]}'.", "POST /v1/uploads begins one.")
        return Info(**found)

    def offset(self, upload: str, length: int) -> int:
        """How many bytes of it are here, from the first on."""
        if self.done(upload) is not None:
            return length
        parts, at = self._parts(upload), 0
        while parts.get(at):
            at += parts[at]
        return min(at, length)

    def put(self, upload: str, offset: int, content: bytes) -> None:
        """Keep a part."""
        self._put(upload, f"{offset:016d}", content)
        self._put(upload, "used.json", orjson.dumps({"at_ms": self._clock.now_ms()}))

    def expires_at_ms(self, upload: str) -> int:
        """When it is collected unless more comes."""
        used = self._json(upload, "used.json") or {"at_ms": 0}
        return int(used["at_ms"]) + round(self._settings.gateway_upload_hours * _HOUR_MS)

    def done(self, upload: str) -> Done | None:
        """The source it has become; None as long as it is none."""
        found = self._json(upload, "done.json")
        return None if found is None else Done(found["uri"], found["sha256"])

    def finished(self, upload: str, owner: str | None) -> Done:
        """The source it is, made now where all bytes are here.

        Raises:
            NoUpload: there is none, or what it had become was erased.
            InvalidMessage: bytes are missing.
            StorageFull, Retryable, Fatal: the store failed.
        """
        done = self._finished(upload, self.info(upload, owner))
        # touched, since a message is to name it: an erasure that runs, or gc, then spares the bytes
        if not self._blobs.touch(f"{SCHEME}{done.sha256}"):
            raise NoUpload(f"The bytes of the upload {upload} are no longer kept.", "Upload the file again.")
        return done

    def _finished(self, upload: str, info: Info) -> Done:
        try:
            return self.done(upload) or self._put_together(upload, info)
        except (OSError, ClipstreamError) as error:
            # another one may have finished it meanwhile, and taken the parts away
            if (done := self.done(upload)) is not None:
                return done
            if isinstance(error, OSError):
                raise from_os_error(error, "finishing an upload") from error
            raise

    def _put_together(self, upload: str, info: Info) -> Done:
        offset = self.offset(upload, info.length)
        if offset < info.length:
            raise InvalidMessage(
                f"The upload {upload} has {offset:,} of {info.length:,} bytes.",
                f"Go on with it: PATCH /v1/uploads/{upload}.",
            )
        digest = hashlib.sha256()
        for piece in self._pieces(upload, info.length):
            digest.update(piece)
        sha256 = digest.hexdigest()
        self._blobs.put_pieces(sha256, self._pieces(upload, info.length))
        done = Done(upload_uri(sha256, info.name), sha256)
        self._put(upload, "done.json", orjson.dumps(asdict(done)))
        try:
            for start in self._parts(upload):
                self._remove(upload, f"{start:016d}")
        except (OSError, ClipstreamError) as error:  # it is finished all the same; they go with the rest of it
            log.warning("The parts of the upload %s cannot be removed: %s", upload, error)
        return done

    def end(self, upload: str) -> None:
        """Remove an upload; what it has become stays.

        Raises:
            Retryable, Fatal: the store failed.
        """
        try:
            self._fs.rm(f"{self._root}/{upload}", recursive=True)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise from_os_error(error, "removing an upload") from error

    def forget(self, sources: Collection[str]) -> int:
        """Remove the uploads that have become one of these sources; returns how many.

        Raises:
            Retryable, Fatal: the store failed.
        """
        gone = [one for one in self._ids() if (done := self.done(one)) is not None and done.uri in sources]
        for upload in gone:
            self.end(upload)
        return len(gone)

    def collect(self) -> int:
        """Remove those that have expired, finished or not; returns how many. One that cannot be removed is passed over.

        Raises:
            Retryable, Fatal: they cannot be listed.
        """
        now, gone = self._clock.now_ms(), 0
        for upload in self._ids():
            try:
                if self.expires_at_ms(upload) < now:
                    self.end(upload)
                    gone += 1
            except ClipstreamError as error:
                log.warning("The old upload %s cannot be removed: %s", upload, error)
        return gone

    def _open(self) -> int:
        """How many are not finished; of each that is, this is asked once."""
        ids = self._ids()
        self._over = frozenset(one for one in ids if one in self._over or self._fs.exists(self._path(one, "done.json")))
        return len(ids) - len(self._over)

    def _pieces(self, upload: str, length: int) -> Iterator[bytes]:
        parts, at = self._parts(upload), 0
        while at < length:
            content = bytes(self._fs.cat_file(self._path(upload, f"{at:016d}")))
            if not content or len(content) != parts.get(at):
                raise InvalidMessage("The upload changed while it was put together.", "Ask for its offset, and go on.")
            yield content[: length - at]
            at += len(content)

    def _parts(self, upload: str) -> dict[int, int]:
        """Bytes of each part by its offset."""
        return {
            int(name): int(entry["size"])
            for entry in self._listed(f"{self._root}/{upload}")
            if _PART.fullmatch(name := str(entry["name"]).rstrip("/").rpartition("/")[2])
        }

    def _ids(self) -> list[str]:
        names = (str(entry["name"]).rstrip("/").rpartition("/")[2] for entry in self._listed(self._root))
        return [name for name in names if _ID.fullmatch(name)]

    def _listed(self, folder: str) -> list[Any]:
        self._fs.invalidate_cache()  # another gateway writes here, too
        try:
            return list(self._fs.ls(folder, detail=True))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise from_os_error(error, "looking at an upload") from error

    def _json(self, upload: str, name: str) -> Any:
        try:
            return orjson.loads(self._fs.cat_file(self._path(upload, name)))
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        except OSError as error:
            raise from_os_error(error, "reading an upload") from error

    def _put(self, upload: str, name: str, content: bytes) -> None:
        path = self._path(upload, name)
        try:
            if self._local:
                write_whole(Path(path), (content,))
            else:
                self._fs.pipe_file(path, content)
        except OSError as error:
            raise from_os_error(error, "writing an upload") from error

    def _remove(self, upload: str, name: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._path(upload, name))

    def _path(self, upload: str, name: str) -> str:
        return f"{self._root}/{upload}/{name}"


__all__ = ["FOLDER", "PART_BYTES", "Done", "Info", "NoUpload", "TooMany", "Uploads"]
