"""Sources: from the URI in a message to a local file, and what identifies the file's content."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import uuid
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from filelock import FileLock

from processors.errors import InvalidMedia, InvalidMessage, from_os_error

Fingerprint = tuple[int, int, int]  # size in bytes, time of the last change in ns, inode

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LOCAL_HOSTS: Final = frozenset({"", "localhost"})
# A file that was changed less than this before its digest was noted may have been changed again without a trace: 2 s is
# the coarsest step of time stamps in use (FAT).
_RACY_NS: Final = 2_000_000_000


def scheme_of(uri: str) -> str:
    """The scheme of a URI in lower case; a plain path counts as "file"."""
    found = _SCHEME.match(uri.strip())
    return found.group(1).lower() if found else "file"


def resolve(uri: str, allowed_schemes: frozenset[str], allowed_folders: frozenset[Path] = frozenset()) -> Path:
    """The local file that a URI in a message names. It need not exist.

    Args:
        uri: an absolute path, or a `file:` URI with percent-encoding.
        allowed_schemes: URI schemes that are accepted; a plain path counts as `file`.
        allowed_folders: folders that the file must lie in, behind all links; empty: anywhere.

    Raises:
        InvalidMessage: another scheme, another host, another folder, a relative path, or no path at all.
    """
    uri = uri.strip()
    found = _SCHEME.match(uri)
    scheme = scheme_of(uri)
    if scheme not in allowed_schemes or scheme != "file":
        known = ", ".join(sorted(allowed_schemes)) or "none"
        raise InvalidMessage(
            f"Sources of the kind '{scheme}:' are not accepted; allowed: {known}.",
            "Give the absolute path of a file that every worker can read.",
        )
    raw = os.fsencode(uri)
    if found:
        rest = uri[found.end() :]
        if rest.startswith("//"):
            host, slash, rest = rest[2:].partition("/")
            rest = slash + rest
            if host.lower() not in _LOCAL_HOSTS:
                raise InvalidMessage(f"The source is on another host ('{host}').", "Use file:///path.")
        raw = unquote_to_bytes(rest)
    if b"\0" in raw:
        raise InvalidMessage("The source's path holds a zero byte.")
    path = Path(os.fsdecode(raw))
    if not path.is_absolute():
        raise InvalidMessage(f"The source '{uri[:200]}' is no absolute path.", "Give the whole path, from '/'.")
    return _inside(path, allowed_folders) if allowed_folders else path


def _inside(path: Path, allowed_folders: frozenset[Path]) -> Path:
    """The file behind all links, so that one that is turned elsewhere after this look is not followed."""
    try:
        real = path.resolve()
        folders = [folder.resolve() for folder in allowed_folders]
    except (OSError, RuntimeError) as error:  # links in a circle
        raise InvalidMessage(f"The source '{path}' cannot be followed to a file.") from error
    if not any(real.is_relative_to(folder) for folder in folders):
        raise InvalidMessage(
            f"The source '{path}' is not in a folder that is accepted.", "CLIPSTREAM_ALLOWED_FOLDERS lists those."
        )
    return real


def fingerprint(path: Path) -> Fingerprint:
    """Size, time of the last change (ns) and inode: enough to notice that a file was replaced or written to.

    Raises:
        InvalidMedia: missing, not a regular file, or not to be reached.
        Retryable: the file system failed.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidMedia(f"The file '{path}' does not exist.", "Check the path.") from error
    except PermissionError as error:
        raise InvalidMedia(f"No permission to read '{path}'.", "Check who may read the file.") from error
    except OSError as error:
        raise from_os_error(error, f"looking at '{path.name}'") from error
    if stat.S_ISDIR(status.st_mode):
        raise InvalidMedia(f"'{path.name}' is a folder, not a media file.", "Name the file itself.")
    if not stat.S_ISREG(status.st_mode):  # a pipe would block for ever, a device would never end
        raise InvalidMedia(f"'{path.name}' is not a regular file.")
    return (status.st_size, status.st_mtime_ns, status.st_ino)


def check_unchanged(path: Path, before: Fingerprint) -> None:
    """Refuse results of a file that is not what it was.

    Args:
        path: the file.
        before: its fingerprint when the work on it began.

    Raises:
        InvalidMedia: it was replaced, written to or removed.
    """
    try:
        same = fingerprint(path) == before
    except InvalidMedia as error:
        raise InvalidMedia(
            "The file was removed while it was being processed.", "Leave it where it is until the result is there."
        ) from error
    if not same:
        raise InvalidMedia(
            "The file changed while it was being processed.", "Submit it again once it is written completely."
        )


def source_digest(path: Path, state_dir: Path) -> str:
    """SHA-256 of a file in hex, computed once per host and kept for as long as the file does not change.

    Args:
        path: the file.
        state_dir: folder for what is kept, one small file per source; made when it is missing.

    Raises:
        InvalidMedia: missing, a folder, not readable, or changed while it was read.
        StorageFull, Fatal, Retryable: nothing can be kept in `state_dir`.
    """
    key = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    note = state_dir / f"{key}.json"
    fingerprint(path)  # a missing source leaves nothing behind
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(state_dir / f"{key}.lock"):
            before = fingerprint(path)
            known = _noted(note, before)
            if known is not None:
                return known
            digest = _hash(path)
            check_unchanged(path, before)
            _write(note, json.dumps({"path": str(path), "fingerprint": before, "sha256": digest}))
            return digest
    except OSError as error:
        raise from_os_error(error, "noting a source's digest") from error


def _noted(note: Path, current: Fingerprint) -> str | None:
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
        if tuple(content["fingerprint"]) != current or note.stat().st_mtime_ns - current[1] < _RACY_NS:
            return None
        return str(content["sha256"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # none, or cut short by a crash
        return None


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise InvalidMedia(f"No permission to read '{path}'.", "Check who may read the file.") from error
    except FileNotFoundError as error:
        raise InvalidMedia(f"The file '{path}' does not exist.", "Check the path.") from error


def _write(note: Path, content: str) -> None:
    temporary = note.with_name(f".{note.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(note)
    finally:
        temporary.unlink(missing_ok=True)


__all__ = ["Fingerprint", "check_unchanged", "fingerprint", "resolve", "scheme_of", "source_digest"]
