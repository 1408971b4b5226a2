"""What a JPEG says of itself, read without decoding it."""

from __future__ import annotations

import struct
from typing import Final

_START: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"
# Markers of a frame header (SOF0..SOF15), without those of tables among them: DHT, JPG, DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SIZE_AT: Final = 5  # behind a marker: 2 bytes of length, 1 of depth, then height and width
_PADDING: Final = 16  # bytes that some writers put behind the end


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height by the first frame header; None when this is no JPEG."""
    if not content.startswith(_START):
        return None
    at = len(_START)
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _FRAMES:
            if at + _SIZE_AT + 4 > len(content):
                return None
            height, width = struct.unpack_from(">2H", content, at + _SIZE_AT)
            return width, height
        # one more FF is filling; 01 and RST0..RST7 have no length
        alone = marker == 0x01 or 0xD0 <= marker <= 0xD7
        at += 1 if marker == 0xFF else 2 if alone else 2 + int(struct.unpack_from(">H", content, at + 2)[0])
    return None


def is_whole(content: bytes) -> bool:
    """Whether it ends as a JPEG does; a decoder fills what is missing with grey and says nothing."""
    return _END in content[-_PADDING:]


__all__ = ["is_whole", "jpeg_size"]
