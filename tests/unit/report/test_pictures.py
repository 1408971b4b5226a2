from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from processors.report import pictures
from processors.report.pictures import Pictures, inlined


def jpeg(width: int = 1280, height: int = 720, kind: str = "JPEG", colour: tuple[int, ...] = (200, 30, 30)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB" if len(colour) == 3 else "RGBA", (width, height), colour).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (jpeg(), (480, 270)),
        (jpeg(320, 180), (320, 180)),
        (jpeg(720, 1280), (480, 853)),
        (jpeg(640, 360, "PNG", (1, 2, 3, 0)), (480, 270)),
    ],
    ids=["large", "small stays", "portrait", "png with transparency"],
)
def test_inlined(content: bytes, size: tuple[int, int]) -> None:
    found = inlined(content, 480)
    assert found is not None
    uri, width, height = found
    assert (width, height) == size
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))) as opened:
        assert opened.size == size
        assert opened.format == "JPEG"


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg onload='x'/>", jpeg()[:200], b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, b"GIF89a" + b"\x00" * 20],
    ids=["empty", "svg", "cut off", "broken png", "another format"],
)
def test_what_is_no_picture_gives_none(content: bytes) -> None:
    assert inlined(content, 480) is None


def test_a_picture_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    assert inlined(jpeg(10, 10), 480) is not None
    assert inlined(jpeg(11, 10), 480) is None


def test_each_picture_is_loaded_once_for_each_size() -> None:
    asked: list[str] = []

    def image(uri: str) -> bytes | None:
        asked.append(uri)
        return jpeg() if uri == "there" else None

    found = Pictures(image)
    first, again = found.get("there", 480, "one"), found.get("there", 480, "two")
    assert first is not None
    assert again is not None
    assert (first.uri, first.alt, again.alt) == (again.uri, "one", "two")
    assert found.get("gone", 480, "") is None
    assert found.get("gone", 480, "") is None
    assert found.get(None, 480, "") is None
    assert found.get("", 480, "") is None
    assert asked == ["there", "gone"]
