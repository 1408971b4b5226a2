"""What a JPEG says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from processors.vision.jpeg import is_whole, jpeg_size
from tests.hostile import corners, jpeg, png, turned_jpeg

PIC = corners((50, 30))


@pytest.mark.parametrize(
    "content",
    [
        jpeg(PIC),
        jpeg(PIC, "CMYK"),
        jpeg(PIC, "L"),
        jpeg(PIC, progressive=True),
        turned_jpeg(PIC, 6),
        jpeg(PIC, comment=b"\xff\xc0\0\x0b\x08\0\1\0\1"),  # a header within a comment is none
        jpeg(PIC)[:2] + b"\xff\xff\xff" + jpeg(PIC)[2:],  # filling
    ],
)
def test_size(content: bytes):
    assert jpeg_size(content) == (50, 30)
    assert is_whole(content)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", png(PIC), jpeg(PIC)[2:], jpeg(PIC)[:100], b"\xff\xd8\xff\xc0\0\x0b\x08\0"]
)
def test_no_size(content: bytes):
    assert jpeg_size(content) is None


def test_every_beginning_is_read_without_an_error():
    content = jpeg(np.ascontiguousarray(PIC))
    sizes = {jpeg_size(content[:length]) for length in range(len(content))}
    assert sizes == {None, (50, 30)}
    assert not any(is_whole(content[:length]) for length in range(len(content) - 16))
