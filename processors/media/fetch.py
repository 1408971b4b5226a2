"""Fetches a source over http(s) into a file: whole or not at all, resumed where it was cut, each redirect checked.

Nothing of it is media yet: the file is opened by `processors.media.container` like any other.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urljoin

from processors.errors import InvalidMedia, InvalidMessage, Retryable, from_os_error
from processors.media.hosts import PinnedConnection, Resolver, check_host, checked_addresses, lookup
from processors.media.limits import DEFAULTS, Limits
from processors.media.watching import TOO_SLOW, Watch
from processors.media.weburl import SCHEMES, WebUrl, parse, shown

MAX_REDIRECTS: Final = 5
BLOCK_BYTES: Final = 1 << 18
# A cut connection is taken up again at once, unless it brought less than this three times in a row.
_PROGRESS_BYTES: Final = 1 << 20
_MAX_CUTS: Final = 3
_CHECK_BYTES: Final = 1 << 26  # between two looks at the room on the disk
_RESERVE_BYTES: Final = 1 << 28  # stays free on the disk for blobs and state
_SNIFF_BYTES: Final = 512
_WEB_PAGE: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|script|\?xml)\b", re.I | re.S)
_RANGE: Final = re.compile(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19}|\*)")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class WebRules:
    """From where sources may be fetched, and how much.

    Args:
        schemes: "http", "https" or both.
        allowed_hosts: see `processors.media.hosts.check_host`.
        allow_private_hosts: also addresses that are not public.
        limits: `max_bytes` of a source.
        resolver: how names become addresses.
    """

    schemes: frozenset[str] = SCHEMES
    allowed_hosts: frozenset[str] = frozenset()
    allow_private_hosts: bool = False
    limits: Limits = DEFAULTS
    resolver: Resolver = lookup


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of the state of a file; both None when it says nothing."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def for_range(self) -> str | None:
        """What makes a server send the rest of a file only if it is still the same; weak tags do not."""
        strong = self.etag if self.etag is not None and not self.etag.startswith("W/") else None
        return strong or self.last_modified


OnProgress = Callable[[int, int | None], None]  # bytes that are here, bytes in all where known


class _Cut(Exception):
    """The connection ended before the file did."""


def fetch(
    url: str, part: Path, rules: WebRules, known: Version | None = None, on_progress: OnProgress | None = None
) -> Version | None:
    """Fetch a URL into a file, from where an earlier try left it.

    Args:
        url: http(s).
        part: the file; its state lies beside it with the suffix `.json`. Not shared: the caller holds a lock.
        rules: what may be fetched.
        known: the version that the caller has; nothing is fetched when it is still that one.
        on_progress: called after each block.

    Returns:
        The version that `part` now holds, or None when `known` is current.

    Raises:
        InvalidMessage: the URL, a host, an address or a redirect is not allowed.
        InvalidMedia: the server has no such file, it is too large, or it is a web page.
        Retryable: the server cannot be reached, or fails, or the disk has no room for it.
        StorageFull, Fatal: nothing can be written.
    """
    cuts = 0
    while True:
        before = _size(part)
        try:
            with Watch() as watch:
                version = _Fetch(url, part, rules, watch, on_progress).run(known)
            if watch.cut:  # what ends without having said how long it is seems to be whole
                raise _Cut("")
            return version
        except (_Cut, OSError, http.client.HTTPException) as error:
            if isinstance(error, ssl.SSLCertVerificationError):
                raise InvalidMedia(f"'{shown(url)}' cannot be trusted: {error.verify_message}.") from error
            cuts = 0 if _size(part) - before >= _PROGRESS_BYTES else cuts + 1
            if cuts == _MAX_CUTS:
                text = TOO_SLOW if watch.cut else _text(error)
                raise Retryable(f"'{shown(url)}' cannot be fetched: {text}.") from error


class _Fetch:
    """One try."""

    def __init__(self, url: str, part: Path, rules: WebRules, watch: Watch, on_progress: OnProgress | None) -> None:
        self._url, self._part, self._rules, self._watch = url, part, rules, watch
        self._state = part.with_name(part.name + ".json")
        self._on_progress = on_progress

    def run(self, known: Version | None) -> Version | None:
        held, have = self._held()
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "clipstream"}
        if have and held.for_range is not None:
            headers |= {"Range": f"bytes={have}-", "If-Range": held.for_range}
        else:
            have = 0
            if known is not None and known.etag is not None:
                headers["If-None-Match"] = known.etag
            elif known is not None and known.last_modified is not None:
                headers["If-Modified-Since"] = known.last_modified
        connection, answer = self._opened(headers)
        try:
            if answer.status == http.client.NOT_MODIFIED and known is not None:
                return None
            if answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                if answer.headers.get("Content-Range") == f"bytes */{have}":
                    return held  # a crash came between the last byte and the use of it
                self._forget()
                raise _Cut("the rest of the file is not to be had")
            self._judge(answer.status, answer.reason)
            return self._receive(answer, have)
        finally:
            answer.close()
            connection.close()

    def _opened(self, headers: dict[str, str]) -> tuple[PinnedConnection, http.client.HTTPResponse]:
        """The answer behind all redirects."""
        first = parse(self._url)
        url, at = self._url, first
        for _ in range(MAX_REDIRECTS + 1):
            connection = self._watch.connection = self._connection(at)
            # credentials are for whom they were given
            secret = first.authorization if at.origin == first.origin else at.authorization
            own = {"Authorization": secret} if secret is not None else {}
            try:
                connection.request("GET", at.target, headers={**headers, **own})
                answer = connection.getresponse()
            except BaseException:
                connection.close()
                raise
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return connection, answer
            answer.close()
            connection.close()
            try:
                url = urljoin(url, location)
            except ValueError:
                raise InvalidMessage(f"'{shown(self._url)}' leads to an address that is not valid.") from None
            at = parse(url)
            if at.scheme == "http" and first.scheme == "https":
                raise InvalidMessage(f"'{shown(self._url)}' leads from https to http, where anyone can change it.")
        raise InvalidMessage(f"'{shown(self._url)}' leads through more than {MAX_REDIRECTS} redirects.")

    def _connection(self, at: WebUrl) -> PinnedConnection:
        if at.scheme not in self._rules.schemes:
            raise InvalidMessage(f"Sources of the kind '{at.scheme}:' are not accepted.")
        check_host(at.host, self._rules.allowed_hosts)
        addresses = checked_addresses(
            at.host, at.port, allow_private=self._rules.allow_private_hosts, resolver=self._rules.resolver
        )
        context = ssl.create_default_context() if at.scheme == "https" else None
        return PinnedConnection(at.host, at.port, addresses, context)

    def _judge(self, status: int, reason: str) -> None:
        if status in (http.client.OK, http.client.PARTIAL_CONTENT):
            return
        said = f"The server answered {status} ({reason or 'without a reason'}) for '{shown(self._url)}'."
        if status in _TRY_AGAIN:
            raise Retryable(said)
        raise InvalidMedia(said, "Is the URL right, and may anyone read it?")

    def _receive(self, answer: http.client.HTTPResponse, have: int) -> Version:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise InvalidMedia(f"'{shown(self._url)}' comes compressed, although that was not asked for.")
        version = Version(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        total = answer.length
        if answer.status == http.client.PARTIAL_CONTENT:
            found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != have:
                self._forget()
                raise _Cut("the server sent another part of the file than was asked for")
            total = None if found[2] == "*" else int(found[2])
        else:
            have = 0  # whatever was here: the server sends it from the start
        self._check_size(total or have, total)
        try:
            self._state.write_text(json.dumps([version.etag, version.last_modified]), encoding="utf-8")
            out = self._part.open("r+b" if have else "wb")
        except OSError as error:
            raise from_os_error(error, "storing a source") from error
        with out:
            have = self._copy(answer, out, have, total)
        if total is not None and have != total:
            raise _Cut(f"the connection ended at {have:,} of {total:,} bytes")
        return version

    def _copy(self, answer: http.client.HTTPResponse, out: BinaryIO, have: int, total: int | None) -> int:
        out.seek(have)
        checked = have
        while block := answer.read1(BLOCK_BYTES):
            if have == 0 and _WEB_PAGE.match(block[:_SNIFF_BYTES]):
                self._refuse(InvalidMedia(f"'{shown(self._url)}' is a web page, not a media file.", "Name the file."))
            try:
                out.write(block)
            except OSError as error:
                raise from_os_error(error, "storing a source") from error
            have += len(block)
            self._watch.received += len(block)
            if self._on_progress is not None:
                self._on_progress(have, total)
            if have > checked + _CHECK_BYTES or have > self._rules.limits.max_bytes:
                self._check_size(have, total)
                checked = have
        try:
            out.flush()
            os.fsync(out.fileno())
        except OSError as error:
            raise from_os_error(error, "storing a source") from error
        return have

    def _check_size(self, size: int, total: int | None) -> None:
        try:
            self._rules.limits.check_size(shown(self._url), size)
        except InvalidMedia as error:
            self._refuse(error)
        here = _size(self._part)
        free = shutil.disk_usage(self._part.parent).free
        if (total or here) - here + _RESERVE_BYTES > free:
            self._refuse(
                Retryable(
                    f"There is no room for '{shown(self._url)}' ({size:,} bytes); {free:,} bytes are free.",
                    "`clipstream gc` removes what nothing refers to.",
                )
            )

    def _refuse(self, error: InvalidMedia | Retryable) -> None:
        self._forget()
        raise error

    def _held(self) -> tuple[Version, int]:
        """Version and size of what an earlier try left."""
        try:
            etag, last_modified = json.loads(self._state.read_text(encoding="utf-8"))
            return Version(etag, last_modified), _size(self._part)
        except (OSError, ValueError, TypeError):  # none, or cut short by a crash
            return Version(), 0

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _text(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


__all__ = ["MAX_REDIRECTS", "OnProgress", "Version", "WebRules", "fetch"]
