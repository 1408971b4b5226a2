"""What every request passes before any route: limits, names and origins, who it is, how often it may ask.

Without API keys the gateway is for this machine alone: it binds loopback only, and still a page on the web could ask
it through the user's browser. So the Host header must be a name of this machine (a page whose name turns to 127.0.0.1,
DNS rebinding, brings its own name), and an Origin must be the gateway's own (cross-site requests).
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from processors.errors import ClipstreamError
from streams.addresses import is_loopback
from streams.clock import Clock
from streams.gateway.keys import ApiKey, KeyRing, Scope
from streams.gateway.problems import MEDIA_TYPE, Problem, problem_of
from streams.gateway.rates import Buckets, Verdict
from streams.gateway.sessions import COOKIE, open_session
from streams.metrics import GATEWAY_REQUESTS, GATEWAY_SECONDS
from streams.settings import Settings

log = logging.getLogger("clipstream.gateway")

Scope_ = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope_, Receive, Send], Awaitable[None]]

MAX_TARGET_BYTES: Final = 8_192
MAX_HEADER_BYTES: Final = 32_768
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROTECTED: Final = ("/v1", "/metrics")
_UPLOADS: Final = "/v1/uploads/"
_DRAIN_BYTES: Final = 4 << 20
_DRAIN_S: Final = 2.0
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Others count as one: a client may name any, and each name would be a series that is kept.
_COUNTED: Final = _SAFE | {"POST", "PATCH", "DELETE", "PUT"}
# The page loads only what the gateway has; `blob:` is for media that was fetched with a key.
PAGE_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; sandbox"
_CORS_METHODS: Final = b"GET, HEAD, POST, PATCH, DELETE"
_CORS_ASKS: Final = (
    b"authorization, content-type, idempotency-key, last-event-id, range, if-none-match, tus-resumable, upload-length, "
    b"upload-offset, upload-metadata"
)
_CORS_SHOWS: Final = (
    b"location, retry-after, ratelimit, ratelimit-policy, x-request-id, last-event-id, upload-offset, upload-length, "
    b"tus-resumable, etag, content-range, accept-ranges"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: of the key; empty where there are no keys.
        key: None where there are none.
    """

    name: str = ""
    key: ApiKey | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it has a scope; everybody on this machine has all where there are no keys."""
        return self.key is None or self.key.may(scope)


class Guard:
    """An ASGI middleware.

    Args:
        app: what is behind it.
        settings: limits, names, origins.
        keys: who may ask.
        clock: monotonic time.
    """

    def __init__(self, app: App, settings: Settings, keys: KeyRing, clock: Clock) -> None:
        self._app = app
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._exposed = not is_loopback(settings.gateway_host)
        self._buckets = Buckets(settings.gateway_requests_per_minute, settings.gateway_request_burst)

    async def __call__(self, scope: Scope_, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        await _Passage(self, scope, receive, send).run()

    async def go_on(self, passage: _Passage) -> None:
        """Check a request and hand it on.

        Raises:
            Problem: it is refused.
        """
        _check_size(passage.scope)
        keys = self._keys.asked_for() or self._exposed
        host = passage.header(b"host")
        self._check_host(host, keys)
        origin = passage.header(b"origin")
        passage.cors = origin if origin in self._settings.gateway_cors_origins else ""
        if passage.method == "OPTIONS" and origin and passage.header(b"access-control-request-method"):
            await self._preflight(passage)
            return
        own = _is_own(origin, host) and passage.header(b"sec-fetch-site") not in ("cross-site", "same-site")
        foreign = origin != "" and not own and not passage.cors
        if foreign and (not keys or passage.method not in _SAFE):
            raise Problem(
                403, f"Pages of {origin[:200]} may not ask this gateway.",
                "CLIPSTREAM_GATEWAY_CORS_ORIGINS lists the origins that may.", kind="origin-refused",
            )  # fmt: skip
        caller = Caller()
        if passage.path.startswith(_PROTECTED):
            caller = self._caller(passage) if keys else caller
            passage.verdict = self._buckets.take(caller.name, self._clock.monotonic_s())
            if not passage.verdict.passes:
                wait = passage.verdict.wait_s
                raise Problem(
                    429, f"More than {self._settings.gateway_requests_per_minute:g} requests a minute.",
                    f"Wait for {wait} s, or ask for more at a time.", headers={"Retry-After": str(wait)},
                )  # fmt: skip
        passage.caller = passage.scope.setdefault("state", {})["caller"] = caller
        self._limit_body(passage)
        await self._app(passage.scope, passage.receive, passage.send)

    def rate_headers(self, verdict: Verdict) -> list[tuple[bytes, bytes]]:
        """`RateLimit` headers of an answer (draft-ietf-httpapi-ratelimit-headers-10)."""
        if not self._buckets.per_minute:
            return []
        window = round(self._buckets.burst * 60 / self._buckets.per_minute) or 1
        return [
            (b"ratelimit-policy", f'"default";q={self._buckets.burst};w={window}'.encode()),
            (b"ratelimit", f'"default";r={verdict.left};t={verdict.refill_s}'.encode()),
        ]

    def _check_host(self, host: str, with_keys: bool) -> None:
        name = (host.rpartition(":")[0] if re.search(r":\d*$", host) else host).lower()
        known = {one.lower() for one in self._settings.gateway_hosts}
        # with keys a page of another name can do nothing without one
        if not (with_keys and not known) and name not in known | _LOOPBACK_NAMES:
            raise Problem(
                421, f"This is not the host '{host[:200]}'.",
                "Ask under its own name; CLIPSTREAM_GATEWAY_HOSTS lists more of them.", kind="wrong-host",
            )  # fmt: skip

    def _caller(self, passage: _Passage) -> Caller:
        scheme, _, token = passage.header(b"authorization").partition(" ")
        if scheme.lower() == "bearer" and token:
            key = self._keys.find(token.strip())
        elif scheme == "" and passage.method in _SAFE:
            # the page's pictures and videos: elements that cannot send a header
            key = open_session(passage.cookie(COOKIE), self._keys, self._clock.now_ms())
        else:
            key = None
        if key is None:
            raise Problem(
                401,
                "The API key is not known." if token else "An API key is needed.",
                "Send `Authorization: Bearer KEY`; `clipstream keys create` makes one.",
                headers={"WWW-Authenticate": 'Bearer realm="clipstream"'},
            )
        return Caller(key.name, key)

    async def _preflight(self, passage: _Passage) -> None:
        if not passage.cors:
            raise Problem(
                403, "Pages of other origins may not ask this gateway.", "See CLIPSTREAM_GATEWAY_CORS_ORIGINS."
            )
        headers = [
            (b"access-control-allow-methods", _CORS_METHODS),
            (b"access-control-allow-headers", _CORS_ASKS),
            (b"access-control-max-age", b"600"),
        ]
        await passage.send({"type": "http.response.start", "status": 204, "headers": headers})
        await passage.send({"type": "http.response.body", "body": b""})

    def _limit_body(self, passage: _Passage) -> None:
        settings = self._settings
        uploads = passage.path.startswith(_UPLOADS)
        passage.body_limit = settings.gateway_upload_max_bytes if uploads else settings.gateway_max_body_bytes
        declared = passage.header(b"content-length")
        if declared.isdigit() and int(declared[:20]) > passage.body_limit:
            raise _too_large(passage.body_limit)


class _Passage:
    """One request on its way."""

    def __init__(self, guard: Guard, scope: Scope_, receive: Receive, send: Send) -> None:
        self._guard, self._receive, self._send = guard, receive, send
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.caller = Caller()
        self.cors = ""
        self.verdict: Verdict | None = None
        self.body_limit = 0
        self._received = 0
        self._status = 0
        override = self.header(b"x-http-method-override").upper()
        if self.method == "POST" and self.path.startswith(_UPLOADS) and override in ("PATCH", "DELETE"):
            self.method = scope["method"] = override  # tus, for clients that know only GET and POST
        wanted = self.header(b"x-request-id")
        self.request_id = wanted if _REQUEST_ID.fullmatch(wanted) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.request_id

    def header(self, name: bytes) -> str:
        """The first header of that name; empty without one."""
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), "")

    def cookie(self, name: str) -> str:
        """A cookie's value; empty without it."""
        for part in self.header(b"cookie").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""

    async def run(self) -> None:
        """Let it pass, or answer why not."""
        started = self._guard._clock.monotonic_s()
        try:
            await self._guard.go_on(self)
        except Problem as problem:
            await self._refuse(problem)
        except ClipstreamError as error:
            await self._refuse(problem_of(error))
        finally:
            took = self._guard._clock.monotonic_s() - started
            route = getattr(self.scope.get("route"), "path", "") or "none"
            GATEWAY_REQUESTS.labels(route, self.method if self.method in _COUNTED else "other", str(self._status)).inc()
            GATEWAY_SECONDS.labels(route).observe(took)
            # the path only: a query may hold what nobody else should read
            log.info(
                "%s %s %s %d %.0f ms %s",
                self.request_id, self.method, self.path[:300].encode("unicode_escape").decode(), self._status,
                took * 1000, self.caller.name or "-",
            )  # fmt: skip

    async def receive(self) -> MutableMapping[str, Any]:
        """The next part of the body, as long as there is not too much of it."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self.body_limit:
                await self._drain(message.get("more_body", False))
                raise _too_large(self.body_limit)
        return message

    async def _drain(self, more: bool) -> None:
        """Take some of what is too much and drop it: a connection that is closed at once loses the answer, too."""
        left = _DRAIN_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                while more and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    more = message["type"] == "http.request" and message.get("more_body", False)

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of the answer, with the headers that all answers have."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": self._headers(list(message.get("headers", [])))}
        await self._send(message)

    async def _refuse(self, problem: Problem) -> None:
        if self._status:  # the answer has begun
            return
        if problem.status == 413 and not self._received:
            await self._drain(more=True)
        body = b"" if self.method == "HEAD" else problem.body(self.request_id)
        headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        if problem.status == 413:
            headers.append((b"connection", b"close"))  # the rest of the body is not read
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def _headers(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        added = [(b"x-request-id", self.request_id.encode()), *_HEADERS]
        api = self.path.startswith(("/v1", "/metrics", "/openapi.json", "/healthz"))
        added.append((b"content-security-policy", _API_POLICY if api else PAGE_POLICY.encode()))
        if api and b"cache-control" not in present:
            added.append((b"cache-control", b"no-store"))
        if not self.cors:
            added.append((b"cross-origin-resource-policy", b"same-origin"))
        else:
            added += [
                (b"access-control-allow-origin", self.cors.encode("latin-1")),
                (b"access-control-expose-headers", _CORS_SHOWS),
            ]
        if self._guard._settings.gateway_cors_origins:
            added.append((b"vary", b"Origin"))
        if self.verdict is not None:
            added += self._guard.rate_headers(self.verdict)
        return headers + [(name, value) for name, value in added if name not in present or name == b"vary"]


def _check_size(scope: Scope_) -> None:
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if target > MAX_TARGET_BYTES:
        raise Problem(414, f"The address has more than {MAX_TARGET_BYTES:,} bytes.", "Ask for less at a time.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise Problem(431, f"The headers have more than {MAX_HEADER_BYTES:,} bytes.", "Send fewer or shorter ones.")


def _is_own(origin: str, host: str) -> bool:
    """Whether an Origin is the host that was asked; an absent one is a program's or a plain link's."""
    return origin == "" or (urlsplit(origin).scheme in ("http", "https") and origin.partition("://")[2] == host)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body has more than {limit:,} bytes.", "Send less; media goes through /v1/uploads.")


__all__ = ["MAX_HEADER_BYTES", "MAX_TARGET_BYTES", "PAGE_POLICY", "Caller", "Guard"]
