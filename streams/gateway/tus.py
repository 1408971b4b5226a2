"""The headers of tus 1.0.0, taken apart and written; pure."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from email.utils import format_datetime
from typing import Final

from streams.gateway.problems import Problem

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,termination"
BODY: Final = "application/offset+octet-stream"
# Pairs of a key and a value in base64, with commas between them.
METADATA: Final = r"^([A-Za-z_]{1,60} ([A-Za-z0-9+/]{4}){0,100}(,[A-Za-z_]{1,60} ([A-Za-z0-9+/]{4}){0,100}){0,9})?$"
_MAX_METADATA: Final = 4_096
_MAX_DIGITS: Final = 16


def check_version(header: str | None) -> None:
    """Refuse another version of the protocol.

    Raises:
        Problem: 412, with the version that is spoken.
    """
    if header != VERSION:
        raise Problem(
            412, f"tus {VERSION} is spoken here.", f"Send `Tus-Resumable: {VERSION}`.", headers={"Tus-Version": VERSION}
        )


def number(header: str | None, name: str) -> int:
    """A count of bytes in a header.

    Raises:
        Problem: it is none.
    """
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > _MAX_DIGITS:
        raise Problem(400, f"The header {name} is no number of bytes.", f"Send `{name}: 1048576`.")
    return int(header)


def name_in(metadata: str) -> str:
    """The file's name in an `Upload-Metadata` header; `video` without one.

    Raises:
        Problem: the header is not valid.
    """
    if len(metadata) > _MAX_METADATA:
        raise Problem(400, f"Upload-Metadata has more than {_MAX_METADATA:,} characters.", "Send less.")
    found = {}
    for pair in metadata.split(",") if metadata.strip() else ():
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise Problem(
                400, "Upload-Metadata is not valid.", "It is `filename BASE64`, pairs with commas between them."
            ) from None
        if not key or not key.isascii() or not key.isprintable():
            raise Problem(400, "Upload-Metadata has a key that is none.", "Keys are ASCII without blanks.")
    return found.get("filename") or found.get("name") or "video"


def http_date(at_ms: int) -> str:
    """A time as in `Upload-Expires`."""
    return format_datetime(dt.datetime.fromtimestamp(at_ms // 1000, dt.UTC), usegmt=True)


__all__ = ["BODY", "EXTENSIONS", "VERSION", "check_version", "http_date", "name_in", "number"]
