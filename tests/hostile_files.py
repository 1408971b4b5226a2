"""The files of `tests/unit/vision/test_hostile.py`: how each is made, and what has to come of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.stream import Disposition

from tests import media
from tests.hostile import (
    FAST,
    ONE_CLOCK,
    SIZE,
    UPRIGHT,
    Rgb,
    animated,
    corners,
    film,
    jpeg,
    jpeg_of_size,
    png,
    png_header,
    stills,
    turned_jpeg,
)

HOUR_MS: Final = 3_600_000
NO_PICTURES = "pictures are not"
NOT_MEDIA = "is not a media file"
NOTHING_DECODED = "no picture of the video track could be decoded"
PIC: Final = corners()
MIRRORED: Final = corners()[:, ::-1]


@dataclass(frozen=True)
class Hostile:
    """A file and what comes of it.

    Attributes:
        make: writes the file to the path that it is given, whose ending is that of the name.
        refused: what the `InvalidMedia` says; empty when the file is taken.
        seen: corners of every picture, by `seen_corners`; None where the pictures have none.
        size: of every picture as it is stored.
        pictures, shots: how many come, at least and at most.
        warning: what the end says, None for nothing at all.
        least_mb, most_mb: what the child takes more than before; the first where it is known, so that one sees that
            what is measured is measured.
    """

    make: Callable[[Path], Any]
    refused: str = ""
    seen: str | None = UPRIGHT
    size: tuple[int, int] = SIZE
    pictures: tuple[int, int] = (1, 1)
    shots: tuple[int, int] = (1, 1)
    warning: str | None = None
    least_mb: int = -1_000
    most_mb: int = 40


def undecodable(make: Callable[[Path], Any], warning: str = NOTHING_DECODED, most_mb: int = 40) -> Hostile:
    """A file of which no picture comes, and which is no error either: its sound may be fine."""
    return Hostile(make, pictures=(0, 0), shots=(0, 0), warning=warning, most_mb=most_mb)


def bytes_of(content: bytes) -> Callable[[Path], Any]:
    """Just these bytes."""
    return lambda path: path.write_bytes(content)


def of(codec: str, encoded: bytes, size: tuple[int, int] = SIZE) -> Callable[[Path], Any]:
    """A film of the same encoded picture three times."""
    return lambda path: stills(path, codec, [encoded] * 3, size)


def raw(pixels: str, codec: str = "ffv1", size: tuple[int, int] = SIZE, **options: str) -> Callable[[Path], Any]:
    """A film of four pictures in a pixel format."""
    return lambda path: film(path, [corners(size)] * 4, codec=codec, pixels=pixels, size=size, options=options)


def moving(number: int) -> Rgb:
    """The picture with a bar across its middle that moves."""
    image = corners()
    left = 20 + 5 * number % 100
    image[40:56, left : left + 20] = 250
    return image


def shown(matrix: Sequence[int]) -> Callable[[Path], Any]:
    """A film with a display matrix: a, b, c, d as in `processors.media.orientation`."""
    return lambda path: film(path, [PIC] * 3, matrix=matrix)


def timed(times_ms: Sequence[int], **more: Any) -> Callable[[Path], Any]:
    """A film whose pictures have these times."""
    return lambda path: film(path, [moving(number) for number in range(len(times_ms))], times_ms=times_ms, **more)


def without_the_first(count: int, parameters: str, **more: Any) -> Callable[[Path], Any]:
    """A film of 60 pictures that lacks its first packets, the key frame among them."""
    options = {**FAST, "x264-params": parameters} if "codec" not in more else {"x265-params": parameters}
    return lambda path: film(
        path, map(moving, range(60)), options=options, keep=lambda number, _: number >= count, **more
    )


def joined(first: Callable[[Path], Any], second: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Two files in a row, as transport streams allow."""

    def make(path: Path) -> None:
        content = b""
        for part in (first, second):
            part(path)
            content += path.read_bytes()
        path.write_bytes(content)

    return make


def patched(make: Callable[[Path], Any], box: bytes, change: Callable[[bytearray, int], None]) -> Callable[[Path], Any]:
    """A film in whose MP4 something is changed behind the name of a box."""

    def patch(path: Path) -> None:
        make(path)
        content = bytearray(path.read_bytes())
        change(content, content.index(box) + len(box))
        path.write_bytes(bytes(content))

    return patch


def _no_time(content: bytearray, at: int) -> None:
    (entries,) = struct.unpack_from(">I", content, at + 4)
    for number in range(entries):
        struct.pack_into(">I", content, at + 12 + 8 * number, 0)


def _garbage(content: bytearray, at: int) -> None:
    content[at : at + 26] = b"\xff" * 26


def half(make: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """The first half of a file."""

    def cut(path: Path) -> None:
        make(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return cut


def with_cover(path: Path) -> None:
    """Speech with a picture of its cover, which is no film."""
    with av.open(str(path), "w") as output:
        sound = output.add_stream("libmp3lame", rate=media.RATE_HZ, layout="mono")
        cover = output.add_mux_stream("mjpeg", width=SIZE[0], height=SIZE[1])
        cover.disposition, cover.time_base = Disposition.attached_pic, ONE_CLOCK
        plane = np.ascontiguousarray((media.speech(1000) * 32767).astype(np.int16))
        block = av.AudioFrame.from_ndarray(plane, format="s16p", layout="mono")
        block.sample_rate = media.RATE_HZ
        packets = [*sound.encode(block), *sound.encode(None)]
        packet = av.Packet(jpeg(PIC))
        packet.stream, packet.time_base, packet.is_keyframe, packet.pts, packet.dts = cover, ONE_CLOCK, True, 0, 0
        output.mux([packet, *packets])


def noise(path: Path) -> None:
    """20 s in which no two pictures are alike."""
    random = np.random.default_rng(1)
    film(path, (random.integers(0, 256, (96, 160, 3), dtype=np.uint8) for _ in range(500)))


def largest(path: Path) -> None:
    """All that the limit of pixels allows, in black."""
    stills(path, "mjpeg", [jpeg(np.zeros((*FLAT_8K, 3), np.uint8))] * 3, FLAT_8K)


def late_sound(path: Path) -> None:
    """Speech that begins behind all that FFmpeg looks at for the tracks (5 MB), and ends before the last part."""
    random = np.random.default_rng(1)

    def loud(start_ms: int) -> Callable[[Path], Any]:
        pictures = (random.integers(0, 256, (180, 320, 3), dtype=np.uint8) for _ in range(75))
        times_ms = range(start_ms, start_ms + 3000, 40)
        return lambda one: film(one, pictures, size=(320, 180), options={**FAST, "qp": "4"}, times_ms=times_ms)

    def spoken(one: Path) -> None:
        video = media.Video(media.regular(50, 3000), size=(320, 180))
        media.write(one, [video], [media.Sound(media.speech(2000), start_ms=3000)])

    joined(joined(loud(0), spoken), loud(5000))(path)


def slides(count: int, each_ms: int) -> Callable[[Path], Any]:
    """Shots of four pictures that stand still, each its own scenery."""

    def picture(number: int) -> Rgb:
        small = np.random.default_rng(number // 4).integers(0, 256, (4, 6, 3), dtype=np.uint8)
        return np.asarray(cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)

    times_ms = range(0, count * each_ms, each_ms // 4)
    return lambda path: film(path, map(picture, range(4 * count)), times_ms=times_ms)


def transparent() -> Rgb:
    """RGBA: the upper left quarter is red and cannot be seen."""
    image = np.dstack([PIC, np.full(PIC.shape[:2], 255, np.uint8)])
    image[:48, :80, 3] = 0
    return image


def argb(count: int) -> list[Any]:
    """The transparent picture as frames."""
    return [av.VideoFrame.from_ndarray(transparent(), format="rgba").reformat(format="argb") for _ in range(count)]


def tall(path: Path) -> None:
    """50 pictures upright, behind 50 that lie."""
    film(path, [corners((96, 160))] * 50, size=(96, 160), times_ms=range(2000, 4000, 40))


DEEP: Final = np.asarray(PIC, np.uint16) * 257
FLAT_8K: Final = (8192, 8192)  # all that the limit of pixels allows
X265: Final = {"preset": "ultrafast", "x265-params": "log-level=none"}
GOPS: Final = "keyint=30:min-keyint=30:scenecut=0"

PICTURES: Final[dict[str, Hostile]] = {
    "jpeg.jpg": Hostile(bytes_of(jpeg(PIC)), refused=NO_PICTURES),
    "cmyk.jpg": Hostile(bytes_of(jpeg(PIC, "CMYK")), refused=NO_PICTURES),
    "grey.jpg": Hostile(bytes_of(jpeg(PIC, "L")), refused=NO_PICTURES),
    "progressive.jpg": Hostile(bytes_of(jpeg(PIC, progressive=True)), refused=NO_PICTURES),
    "cut short.jpg": Hostile(bytes_of(jpeg(PIC)[:900]), refused=NO_PICTURES),
    "turned.jpg": Hostile(bytes_of(turned_jpeg(PIC, 6)), refused=NO_PICTURES),
    "named as a film.mp4": Hostile(bytes_of(jpeg(PIC)), refused=NO_PICTURES),
    "plain.png": Hostile(bytes_of(png(PIC)), refused=NO_PICTURES),
    "16 bits.png": Hostile(bytes_of(png(DEEP)), refused=NO_PICTURES),
    "alpha.png": Hostile(bytes_of(png(transparent())), refused=NO_PICTURES),
    "palette.png": Hostile(bytes_of(png(PIC, "P")), refused=NO_PICTURES),
    "bomb.png": Hostile(bytes_of(png_header(50_000, 50_000)), refused=NO_PICTURES),
    "no pixel.png": Hostile(bytes_of(png_header(0, 0)), refused=NO_PICTURES),
    "1 x 1.png": Hostile(bytes_of(png(PIC[:1, :1])), refused=NO_PICTURES),
    "20000 x 10.png": Hostile(bytes_of(png(corners((20_000, 10)))), refused=NO_PICTURES),
    "animated.apng": Hostile(bytes_of(animated([PIC, MIRRORED], "PNG")), refused=NO_PICTURES),
    "animated.gif": Hostile(bytes_of(animated([PIC, MIRRORED], "GIF")), refused=NO_PICTURES),
    "still.webp": Hostile(bytes_of(animated([PIC], "WEBP")), refused=NO_PICTURES),
    "animated.webp": Hostile(bytes_of(animated([PIC, MIRRORED], "WEBP")), refused=NO_PICTURES),
}
"""Pictures are not films: nothing could be said of them in time. Each is refused by what is in it, not by its name."""

STILLS: Final[dict[str, Hostile]] = {
    "cmyk jpeg.mov": Hostile(of("mjpeg", jpeg(PIC, "CMYK"))),
    "grey jpeg.mov": Hostile(of("mjpeg", jpeg(PIC, "L")), seen=None),
    "progressive jpeg.mov": Hostile(of("mjpeg", jpeg(PIC, progressive=True))),
    "cut short jpeg.mov": Hostile(of("mjpeg", jpeg(PIC)[:900]), seen=None),
    "turned jpeg.mov": Hostile(of("mjpeg", turned_jpeg(PIC, 6)), seen="BRYG", size=(96, 160)),
    "16 bit png.mov": Hostile(of("png", png(DEEP))),
    "palette png.mov": Hostile(of("png", png(PIC, "P"))),
    "transparent png.mov": Hostile(of("png", png(transparent())), seen="?GBY"),
    "gif.mov": Hostile(of("gif", animated([PIC], "GIF"))),
    "1 x 1 png.mov": Hostile(of("png", png(PIC[:1, :1]), (1, 1)), seen="RRRR", size=(1, 1)),
    "20000 x 10 png.mov": Hostile(of("png", png(corners((20_000, 10))), (20_000, 10)), seen=None, size=(1280, 1)),
    "10 x 20000 jpeg.mkv": Hostile(of("mjpeg", jpeg(corners((10, 20_000))), (10, 20_000)), seen=None, size=(1, 1280)),
    "bomb png.mov": undecodable(of("png", png_header(50_000, 50_000))),
    "bomb png at the limit.mov": undecodable(of("png", png_header(*FLAT_8K)), most_mb=500),
    "no pixel png.mov": undecodable(of("png", png_header(0, 0))),
    "jpeg that says 16384 x 16384.mkv": undecodable(of("mjpeg", jpeg_of_size(jpeg(PIC), 16_384, 16_384))),
    "png in a track of jpegs.mov": undecodable(of("mjpeg", png(PIC))),
    "jpeg in a track of h264.mp4": undecodable(of("h264", jpeg(PIC))),
    "larger than declared.avi": Hostile(of("mjpeg", jpeg(corners((640, 384)))), size=(640, 384)),
    "smaller than declared.avi": Hostile(of("mjpeg", jpeg(PIC), (20_000, 20_000))),
    "hidden bomb.mov": Hostile(
        lambda path: stills(path, "png", [png(PIC), png_header(60_000, 60_000), png(PIC[::-1])], step_ms=1000),
        seen=None, pictures=(2, 2), shots=(2, 2), warning="damaged pieces",
    ),
    "8192 x 8192 jpeg.mkv": Hostile(
        largest,
        seen=None, size=(1280, 1280), least_mb=200, most_mb=700,
    ),
}  # fmt: skip
"""The same pictures in films, where the decoder meets them."""

FILMS: Final[dict[str, Hostile]] = {
    "1 x 1.mp4": Hostile(raw("yuv444p", "libx264", (1, 1)), seen=None, size=(1, 1)),
    "2 x 2.mp4": Hostile(raw("yuv420p", "libx264", (2, 2)), seen=None, size=(2, 2)),
    "3 x 5.mp4": Hostile(raw("yuv444p", "libx264", (3, 5)), seen=None, size=(3, 5)),
    "16384 x 64.mp4": Hostile(raw("yuv420p", "libx264", (16_384, 64)), size=(1280, 5)),
    "64 x 16384.mp4": Hostile(raw("yuv420p", "libx264", (64, 16_384)), size=(5, 1280)),
    "20000 x 10.mkv": Hostile(raw("yuv420p", size=(20_000, 10)), seen=None, size=(1280, 1)),
    "12 bits 444.mkv": Hostile(raw("yuv444p12le", "libx265", **X265)),
    "grey.mkv": Hostile(raw("gray", "libx264"), seen=None),
    "grey 16 bits.mkv": Hostile(raw("gray16le"), seen=None),
    "grey and alpha.mkv": Hostile(raw("ya8"), seen=None),
    "rgb24.mov": Hostile(raw("rgb24", "qtrle")),
    "rgb555.mov": Hostile(raw("rgb555be", "qtrle")),
    "gbrp.avi": Hostile(raw("gbrp", "utvideo")),
    "gbrp 16 bits.mkv": Hostile(raw("gbrp16le")),
    "rgba 16 bits.mkv": Hostile(raw("rgba64le")),
    "yuv411.mkv": Hostile(raw("yuv411p")),
    "yuyv.mov": Hostile(raw("yuyv422", "rawvideo")),
    "jpeg2000 48 bits.mov": Hostile(raw("rgb48le", "jpeg2000")),
    "av1 10 bits.mkv": Hostile(raw("yuv420p10le", "libsvtav1", preset="12")),
    "vp9 with alpha.webm": Hostile(raw("yuva420p", "libvpx-vp9", deadline="realtime")),
    "prores with alpha.mov": Hostile(raw("yuva444p10le", "prores_ks")),
    "qtrle with alpha.mov": Hostile(
        lambda path: film(path, argb(4), codec="qtrle", pixels="argb", options={}), seen="?GBY"
    ),
    "turned by 90.mp4": Hostile(shown((0, 1, -1, 0)), seen="BRYG", size=(96, 160)),
    "turned by 180.mp4": Hostile(shown((-1, 0, 0, -1)), seen="YBGR"),
    "turned by 270.mp4": Hostile(shown((0, -1, 1, 0)), seen="GYRB", size=(96, 160)),
    "mirrored.mp4": Hostile(shown((-1, 0, 0, 1)), seen="GRYB"),
    "upside down.mp4": Hostile(shown((1, 0, 0, -1)), seen="BYRG"),
    "mirrored and turned by 90.mp4": Hostile(shown((0, 1, 1, 0)), seen="RBGY", size=(96, 160)),
    "mirrored and turned by 270.mp4": Hostile(shown((0, -1, -1, 0)), seen="YGBR", size=(96, 160)),
    "wide pixels.mp4": Hostile(lambda path: film(path, [PIC] * 4, aspect=Fraction(2)), size=(160, 48)),
    "pixels of 200 to 1.mp4": Hostile(lambda path: film(path, [PIC] * 4, aspect=Fraction(200))),
    "lying, then upright.ts": Hostile(
        joined(lambda path: film(path, map(moving, range(50))), tall), size=(96, 160)
    ),
    "black.mp4": Hostile(lambda path: film(path, [PIC * 0] * 100), seen=None),
    "white.mp4": Hostile(lambda path: film(path, [PIC * 0 + 255] * 100), seen=None),
    "noise.mp4": Hostile(noise, seen=None, pictures=(1, 40), shots=(1, 40)),
    "flicker.mp4": Hostile(
        lambda path: film(path, [np.full((96, 160, 3), 255 * (number % 2), np.uint8) for number in range(1000)]),
        seen=None, pictures=(1, 40), shots=(1, 100),
    ),
    "300 shots.mp4": Hostile(  # 136 a minute, of which the budget takes 60, and what came before it
        slides(300, 440), seen=None, pictures=(120, 150), shots=(290, 300),
    ),
    "hours between.mkv": Hostile(timed([0, 40, 80, HOUR_MS, HOUR_MS + 40, 2 * HOUR_MS]), pictures=(1, 3)),
    "a day between.mkv": Hostile(timed([0, 40, 80, 30 * HOUR_MS]), refused="longer than the limit"),
    "before zero.mp4": Hostile(timed(range(-800, 800, 40), muxer={"avoid_negative_ts": "disabled"})),
    "before zero, where there is no minus.mkv": undecodable(
        timed(range(-800, 800, 40), muxer={"avoid_negative_ts": "disabled"})
    ),
    "no time at all.mp4": Hostile(patched(timed(range(0, 400, 40)), b"stts", _no_time)),
    "1000 a second.mkv": Hostile(timed(range(800))),
    "one picture.mp4": Hostile(timed([0])),
    "begins anew after 2 s.ts": Hostile(
        joined(timed(range(0, 2000, 40)), timed(range(0, 2000, 40))), warning="49 pictures were left out"
    ),
    "begins anew after 12 s.ts": Hostile(
        joined(timed(range(0, 12_000, 40)), timed(range(0, 2000, 40))), pictures=(1, 2),
        warning="jump back at 12.0 s; it is taken to go on there",
    ),
    "sound from the middle on.ts": Hostile(late_sound, seen=None, size=(320, 180), pictures=(1, 3), shots=(1, 3)),
    "no key frame first.ts": Hostile(without_the_first(7, f"{GOPS}:repeat-headers=1")),
    "no key frame first.mkv": Hostile(without_the_first(7, GOPS)),
    "no key frame at all.mkv": undecodable(without_the_first(7, "keyint=3000:scenecut=0")),
    "rows refreshed.mkv": Hostile(without_the_first(7, "keyint=30:intra-refresh=1")),
    "open groups, the first missing.mkv": Hostile(
        without_the_first(25, "log-level=none:open-gop=1:keyint=25:bframes=3:scenecut=0", codec="libx265")
    ),
    "wrong codec parameters.mp4": undecodable(patched(timed(range(0, 400, 40)), b"avcC", _garbage)),
    "first half.mkv": Hostile(half(timed(range(0, 8000, 40))), warning="picture stops at"),
    "cover alone.mp3": undecodable(with_cover, warning=""),
    "empty.mp4": Hostile(bytes_of(b""), refused="is empty"),
}  # fmt: skip

_MAGIC: Final = {
    "mkv": b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "avi": b"RIFF\xff\xff\xff\x7fAVI LIST", "ts": b"G@\0\x10", "ogg": b"OggS\0\x02", "flv": b"FLV\x01\x05\0\0\0\x09",
    "mpg": b"\0\0\x01\xba", "gxf": b"\0\0\0\0\x01\xbc", "mxf": bytes.fromhex("060e2b34020501010d0102010102"),
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "nut": b"nut/multimedia container\0",
}  # fmt: skip
RANDOM: Final[dict[str, Hostile]] = {
    f"random.{ending}": Hostile(
        bytes_of(magic + np.random.default_rng(5).bytes(30_000)),
        refused={"mp4": "is cut short", "avi": "neither sound nor picture"}.get(ending, NOT_MEDIA),
    )
    for ending, magic in _MAGIC.items()
}
"""What a format begins with, and nothing that belongs behind it."""

HOSTILE: Final = {**PICTURES, **STILLS, **FILMS, **RANDOM}
