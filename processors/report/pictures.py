"""Pictures inside the report: scaled down and written into the page, so that the file needs nothing beside it."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

# Width of a card's picture on a desktop; larger ones only make the file heavy.
CARD_WIDTH: Final = 480
# Width of a picture of the strip above the timeline.
STRIP_WIDTH: Final = 176
# JPEG quality: artefacts stay invisible at this size; a card's picture of the bundled sample takes 15 to 51 kB.
QUALITY: Final = 80
# 8k video has 33 million pixels; more is a broken or hostile picture.
MAX_PIXELS: Final = 40_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the page.

    Args:
        uri: `data:image/jpeg;base64,...`.
        width, height: in pixels, so that the page does not jump while it is laid out.
        alt: what it shows, in words.
    """

    uri: str
    width: int
    height: int
    alt: str


class Pictures:
    """Loads and scales pictures, each size once.

    Args:
        image: bytes of a picture by its URI, None when it is not there.
    """

    def __init__(self, image: Callable[[str], bytes | None]) -> None:
        self._image = image
        self._made: dict[tuple[str, int], tuple[str, int, int] | None] = {}

    def get(self, uri: str | None, width: int, alt: str) -> Picture | None:
        """The picture at most `width` pixels wide; None when it is not there or no picture."""
        if not uri:
            return None
        key = (uri, width)
        if key not in self._made:
            content = self._image(uri)
            self._made[key] = None if content is None else inlined(content, width)
        made = self._made[key]
        return None if made is None else Picture(*made, alt)


def inlined(content: bytes, width: int) -> tuple[str, int, int] | None:
    """A picture as a data URI of a JPEG at most `width` pixels wide, with its size; None when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    return None
                opened.draft("RGB", (width, width))  # JPEG decodes straight to about the size wanted
                picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture.thumbnail((width, 4 * width))
        written = io.BytesIO()
        picture.save(written, "JPEG", quality=QUALITY, optimize=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None  # Pillow raises SyntaxError for broken PNG; a report without one picture beats none
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii"), *picture.size


__all__ = ["CARD_WIDTH", "STRIP_WIDTH", "Picture", "Pictures", "inlined"]
