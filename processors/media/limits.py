"""How large a media file may be: what is refused before any of it is decoded, and again where a header lied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from processors.errors import InvalidMedia

_REMEDY: Final = "Whoever runs clipstream can raise {}."
# Coded pictures are padded to whole blocks (at most 128 pixels in AV1), which the decoder counts and the header not.
_PADDING: Final = 128
_TICKS_PER_MS: Final = 1000  # of a container's duration, which FFmpeg counts in microseconds


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a source.

    Args:
        max_bytes: size of the file.
        max_duration_ms: length on the timeline.
        max_frame_pixels: width times height of a picture as stored.
        max_streams: tracks of any kind.
    """

    max_bytes: int = 200_000_000_000  # 24 h at 18 Mbit/s
    max_duration_ms: int = 86_400_000
    max_frame_pixels: int = 8192 * 8192  # 8K, upright or wide; 200 MB as a picture of 10 bits
    max_streams: int = 64  # films with every language have some 40

    def check_size(self, name: str, size_bytes: int) -> None:
        """Refuse a file by its size.

        Raises:
            InvalidMedia: above `max_bytes`.
        """
        if size_bytes > self.max_bytes:
            raise InvalidMedia(
                f"'{name}' has {size_bytes:,} bytes; the limit is {self.max_bytes:,}.",
                _REMEDY.format("CLIPSTREAM_MAX_SOURCE_BYTES"),
            )

    def check_length(self, reached_ms: int) -> None:
        """Refuse a file by a time on its timeline, declared or read.

        Raises:
            InvalidMedia: above `max_duration_ms`.
        """
        if reached_ms > self.max_duration_ms:
            raise InvalidMedia(
                f"The video is longer than the limit: {reached_ms / 3_600_000:.1f} h, "
                f"allowed {self.max_duration_ms / 3_600_000:.1f} h.",
                _REMEDY.format("CLIPSTREAM_MAX_DURATION_S"),
            )

    def check_container(self, path: Path, container: Any) -> None:
        """Refuse an open container by what it declares, and tell its decoders the limit of a picture.

        A stream may change its resolution on the way: the decoder refuses such pictures, which then count as damaged.

        Args:
            path: the file, for the message.
            container: an open PyAV container; nothing of it was decoded yet.

        Raises:
            InvalidMedia: too many streams, too long, or pictures that are too large.
        """
        if len(container.streams) > self.max_streams:
            raise InvalidMedia(
                f"'{path.name}' has {len(container.streams)} tracks; the limit is {self.max_streams}.",
                _REMEDY.format("CLIPSTREAM_MAX_STREAMS"),
            )
        self.check_length(_declared_ms(container))
        for stream in container.streams:
            context = stream.codec_context
            if stream.type != "video" or context is None:
                continue
            width, height = context.width or 0, context.height or 0
            if width * height > self.max_frame_pixels:
                raise InvalidMedia(
                    f"'{path.name}' has pictures of {width} x {height}; the limit is {self.max_frame_pixels:,} pixels.",
                    _REMEDY.format("CLIPSTREAM_MAX_FRAME_PIXELS"),
                )
            side = max(width, height) + _PADDING
            context.options = {"max_pixels": str(self.max_frame_pixels + _PADDING * side)}


def _declared_ms(container: Any) -> int:
    ends = [stream.duration * stream.time_base * 1000 for stream in container.streams if stream.duration]
    return int(max([*ends, (container.duration or 0) / _TICKS_PER_MS]))


DEFAULTS: Final = Limits()

__all__ = ["DEFAULTS", "Limits"]
