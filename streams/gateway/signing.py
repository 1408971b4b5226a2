"""Signatures of webhooks, as in Standard Webhooks: HMAC-SHA256 over id, time and body.

A receiver computes the same over the headers `webhook-id`, `webhook-timestamp` and the bytes of the body, compares it
with `webhook-signature` in constant time, and refuses a time that is more than five minutes away.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = (24, 64)  # of the specification


def check_secret(secret: str) -> None:
    """Refuse a secret that is none.

    Raises:
        ValueError: wrong prefix, no base64, too short or too long; empty is no secret, and fine.
    """
    if secret:
        secret_bytes(secret)


def secret_bytes(secret: str) -> bytes:
    """The key in a `whsec_...` secret.

    Raises:
        ValueError: see `check_secret`.
    """
    low, high = _SECRET_BYTES
    hint = f"it is '{PREFIX}' and base64 of {low} to {high} random bytes"
    if not secret.startswith(PREFIX):
        raise ValueError(hint)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(hint) from None
    if not low <= len(key) <= high:
        raise ValueError(hint)
    return key


def signed_headers(secret: str, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery.

    Args:
        secret: `whsec_...`.
        message_id: the same for every try.
        at_s: seconds since 1970, of this try.
        body: as it is sent.
    """
    content = f"{message_id}.{at_s}.".encode() + body
    signature = base64.b64encode(hmac.new(secret_bytes(secret), content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{signature}"}


__all__ = ["PREFIX", "check_secret", "secret_bytes", "signed_headers"]
