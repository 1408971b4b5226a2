"""Short-lived cookies for what a browser loads by itself (`<video src>`, `<img src>`), which cannot send a header.

A cookie holds the name of the key, its end and an HMAC under the stored hash of that key: every gateway that has the
file of keys can check it, and a key that is revoked takes its cookies with it. It serves reads alone, and browsers send
it with requests of the gateway's own pages alone (`SameSite=Strict`). Who reads the file of keys can make such cookies,
so one that claims to serve longer than any that is made is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from streams.gateway.keys import ApiKey, KeyRing

COOKIE: Final = "clipstream_session"
LIFE_S: Final = 3_600  # a page asks for the next one in time
_SKEW_S: Final = 60  # the clock of the gateway that made it may be ahead by so much


def make_session(key: ApiKey, now_ms: int) -> str:
    """The value of a cookie for a key."""
    ends_s = now_ms // 1000 + LIFE_S
    return f"{key.name}~{ends_s}~{_mac(key, ends_s)}"


def open_session(value: str, keys: KeyRing, now_ms: int) -> ApiKey | None:
    """The key whose cookie it is; None when it is nobody's, or over."""
    name, _, rest = value.partition("~")
    ends, _, mac = rest.partition("~")
    key = keys.by_name(name)
    if key is None or not ends.isascii() or not ends.isdigit() or len(ends) > 12:
        return None
    valid = hmac.compare_digest(mac.encode("latin-1", "replace"), _mac(key, int(ends)).encode())
    timely = now_ms < int(ends) * 1000 <= now_ms + (LIFE_S + _SKEW_S) * 1000
    return key if valid and timely and key.may("read") else None


def _mac(key: ApiKey, ends_s: int) -> str:
    return hmac.new(key.sha256.encode(), f"session {key.name} {ends_s}".encode(), hashlib.sha256).hexdigest()


__all__ = ["COOKIE", "LIFE_S", "make_session", "open_session"]
