"""API keys: a file that holds only their hashes, so that who reads it cannot send them.

They suffice to make cookies that read for an hour (`sessions.py`), so only its owner may read the file all the same.
A key is 256 random bits, so a plain SHA-256 of it cannot be turned back; a slow hash is for what people make up.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from processors.errors import ClipstreamError, Fatal, InvalidMessage, from_os_error
from streams.settings import Settings

Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
PREFIX: Final = "clip_"  # so that scanners of repositories know one when they see it
FILE: Final = "gateway-keys.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept.

    Attributes:
        name: who has it.
        sha256: of the key, hex.
        scopes: what it may.
    """

    name: str
    sha256: str
    scopes: tuple[Scope, ...]
    created_at_ms: int

    def may(self, scope: Scope) -> bool:
        """Whether it has a scope; `admin` has all, `write` can also read."""
        return scope in self.scopes or "admin" in self.scopes or (scope == "read" and "write" in self.scopes)


@dataclass(slots=True)
class KeyRing:
    """The keys of a file, read anew when it changes.

    Args:
        path: of the file; it need not be there.
    """

    path: Path
    _state: tuple[int, int, int] | None = None
    _keys: list[ApiKey] = field(default_factory=list)
    _seen: bool = False

    def keys(self) -> list[ApiKey]:
        """All keys.

        Raises:
            Fatal: the file cannot be read, which must not open the gateway to everybody.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._state, self._keys = None, []
            return self._keys
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        if state != self._state:
            self._keys = _read(self.path)
            self._state, self._seen = state, True
        return self._keys

    def asked_for(self) -> bool:
        """Whether a key is needed: not where there never was one. The last one that is revoked opens nothing, and
        neither does a file that is gone, to a process that has seen it.

        Raises:
            Fatal: the file cannot be read.
        """
        self.keys()
        return self._seen

    def find(self, token: str) -> ApiKey | None:
        """The key that a token is; compared in constant time with every one."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        found = None
        for key in self.keys():
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def by_name(self, name: str) -> ApiKey | None:
        """The key of somebody."""
        return next((key for key in self.keys() if key.name == name), None)


def keys_path(settings: Settings) -> Path:
    """Where the hashes are."""
    return settings.gateway_keys_file or settings.data_dir / FILE


def create_key(path: Path, name: str, scopes: tuple[Scope, ...], now_ms: int) -> str:
    """Make a key; what is returned is shown once and kept nowhere.

    Raises:
        InvalidMessage: the name is taken or not valid, or there is no scope.
    """
    if not _NAME.fullmatch(name):
        raise InvalidMessage(
            f"'{name[:80]}' is no name for a key.", "Up to 64 letters, digits, '.', '_' and '-', no sign first."
        )
    if not scopes:
        raise InvalidMessage(
            "A key needs a scope.", "--scope read, --scope write or --scope admin; repeat for several."
        )
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    with _changing(path) as keys:
        if any(key.name == name for key in keys):
            raise InvalidMessage(f"There is a key '{name}' already.", f"`clipstream keys revoke {name}` removes it.")
        ordered = tuple(scope for scope in SCOPES if scope in scopes)
        keys.append(ApiKey(name, hashlib.sha256(token.encode()).hexdigest(), ordered, now_ms))
    return token


def revoke_key(path: Path, name: str) -> None:
    """Remove a key; gateways that run refuse it from their next request on.

    Raises:
        ClipstreamError: there is none of that name.
    """
    with _changing(path) as keys:
        kept = [key for key in keys if key.name != name]
        if len(kept) == len(keys):
            raise ClipstreamError(f"There is no key '{name}'.", "`clipstream keys list` shows all.")
        keys[:] = kept


@contextmanager
def _changing(path: Path) -> Iterator[list[ApiKey]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(path.name + ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = _read(path) if path.exists() else []
            yield keys
            _write(path, keys)
    except OSError as error:
        raise from_os_error(error, f"writing {path}") from error


def _write(path: Path, keys: list[ApiKey]) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump({"keys": [asdict(key) for key in keys]}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> list[ApiKey]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["keys"]
        found = [ApiKey(key["name"], key["sha256"], tuple(key["scopes"]), key["created_at_ms"]) for key in kept]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fatal(
            f"The file of API keys {path} cannot be read: {type(error).__name__}.", "Mend or remove it."
        ) from error
    return found


__all__ = ["SCOPES", "ApiKey", "KeyRing", "Scope", "create_key", "keys_path", "revoke_key"]
