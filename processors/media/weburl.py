"""http(s) URLs: taken apart strictly, and shown without what may be a secret in them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from processors.errors import InvalidMessage

SCHEMES: Final = frozenset({"http", "https"})
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9._:-]{1,253}")  # after IDNA; with `:` addresses of IPv6
_PATH_SAFE: Final = "/%:@!$&'()*+,;=-._~"
_WEB: Final = re.compile(r"\s*https?://", re.IGNORECASE)
_WITHIN: Final = re.compile(r"https?:(?://|\\/\\/)[^\s\"'<>]+", re.IGNORECASE)  # some write JSON with `\/` for `/`
_NAME_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\]")
_MAX_NAME_CHARS: Final = 60  # of a file: 255 bytes are allowed, a character has up to 4


@dataclass(frozen=True, slots=True)
class WebUrl:
    """A valid http(s) URL.

    Args:
        scheme: "http" or "https".
        host: lower case, ASCII; an IPv6 address without brackets.
        port: 1..65535.
        target: path and query as they are requested.
        authorization: value of the header for a user and password in the URL, or None.
    """

    scheme: str
    host: str
    port: int
    target: str
    authorization: str | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """To whom credentials may be told."""
        return (self.scheme, self.host, self.port)


def parse(url: str) -> WebUrl:
    """Take a URL apart.

    Raises:
        InvalidMessage: not http(s), or not a valid URL.
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        port = parts.port or _PORTS[scheme]
    except (KeyError, ValueError) as error:  # UnicodeError is one
        raise InvalidMessage(f"'{shown(url)}' is no valid URL of a source.") from error
    # a backslash is the end of the host to some readers, and part of it to others
    if not _HOST.fullmatch(host) or any(char.isspace() or char == "\\" or not char.isprintable() for char in url):
        raise InvalidMessage(f"'{shown(url)}' is no valid URL of a source.")
    target = quote(parts.path or "/", safe=_PATH_SAFE)
    if parts.query:
        target += "?" + quote(parts.query, safe=_PATH_SAFE + "?")
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    return WebUrl(scheme, host, port, target, authorization)


def shown(url: str) -> str:
    """A URL for messages and logs: without user, password and query, where keys and signatures stand."""
    return _bare(url)[:200]


def public(uri: str) -> str:
    """A source as others may see it: a web address without what may be a secret, a path as it is and whole."""
    return _bare(uri) if _WEB.match(uri) else uri


def public_text(text: str) -> str:
    """A text, be it JSON, in which each web address is without what may be a secret."""
    return _WITHIN.sub(lambda found: _bare(found[0].replace("\\/", "/")), text)


def _bare(url: str) -> str:
    without_user = re.sub(r"(?<=://)[^/?#]*@", "", url)
    return re.split(r"[?#]", without_user, maxsplit=1)[0]


def file_name(url: str) -> str:
    """A name for the content of a URL: the last part of its path, without what a file system may take amiss."""
    last = unquote(urlsplit(url).path.rsplit("/", 1)[-1], errors="replace")
    return _NAME_UNSAFE.sub("_", last).strip(". ")[-_MAX_NAME_CHARS:].lstrip(". ") or "video"


__all__ = ["SCHEMES", "WebUrl", "file_name", "parse", "public", "public_text", "shown"]
