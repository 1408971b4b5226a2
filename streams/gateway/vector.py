"""Ids of events: how far a reader is in each partition of the topics that the gateway follows.

Two gateways read the partitions in another order, so a number of events would mean nothing to the other one. The next
offset of each partition does: whoever continues from it, on any gateway, gets what is behind it once.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

Vector = tuple[int, ...]
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,400}")
_VERSION: Final = 1
_MAX_OFFSET: Final = 2**63 - 1


def encode(vector: Sequence[int]) -> str:
    """A vector as a short text: variable-length numbers in base64 without padding; 24 young partitions take 35."""
    packed = bytearray([_VERSION])
    for offset in vector:
        rest = offset
        while rest > 0x7F:
            packed.append(0x80 | (rest & 0x7F))
            rest >>= 7
        packed.append(rest)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(text: str, length: int) -> Vector:
    """Back from the text.

    Args:
        text: from `encode`.
        length: how many partitions there are.

    Raises:
        ValueError: it is no id of an event of this system.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("not an event id")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not an event id") from error
    if not packed or packed[0] != _VERSION:
        raise ValueError("not an event id")
    found, value, shift = [], 0, 0
    for byte in packed[1:]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            found.append(value)
            value, shift = 0, 0
    if shift or len(found) != length or max(found, default=0) > _MAX_OFFSET:
        raise ValueError("not an event id")
    return tuple(found)


def later(one: Vector, other: Vector) -> Vector:
    """How far a reader is that has seen what both have."""
    return tuple(max(a, b) for a, b in zip(one, other, strict=True))


def reaches(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether the first has come as far as the second everywhere."""
    return all(a >= b for a, b in zip(one, other, strict=True))


__all__ = ["Vector", "decode", "encode", "later", "reaches"]
