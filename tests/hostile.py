"""Films and pictures that nobody sends on purpose, or somebody does: what they are made with; see `tests.unit.vision`.

Each picture has a corner of its own in red, green, blue and yellow, so that one sees which way up it came out.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]

CORNERS: Final = {"R": (200, 40, 40), "G": (40, 180, 60), "B": (40, 60, 200), "Y": (220, 200, 60)}
UPRIGHT: Final = "RGBY"
"""Colours of the corners: top left, top right, bottom left, bottom right."""
SIZE: Final = (160, 96)
ONE_CLOCK: Final = Fraction(1, 1000)
LOSSLESS: Final = {"preset": "ultrafast", "qp": "0", "threads": "1"}
FAST: Final = {"preset": "ultrafast", "bf": "0", "threads": "1"}


def corners(size: tuple[int, int] = SIZE, middle: int = 128) -> Rgb:
    """An RGB picture with four coloured quarters about a grey middle."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    half = (slice(0, height // 2), slice(height // 2, height)), (slice(0, width // 2), slice(width // 2, width))
    for number, name in enumerate(UPRIGHT):
        image[half[0][number // 2], half[1][number % 2]] = CORNERS[name]
    image[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8] = middle
    return image


def seen_corners(bgr: NDArray[np.uint8], tolerance: int = 60) -> str:
    """Names of the corners' colours in reading order; `?` for a colour that is none of them by `tolerance` of 255."""
    height, width = bgr.shape[:2]
    deep, wide = max(1, height // 8), max(1, width // 8)
    found = ""
    for rows in (slice(0, deep), slice(height - deep, height)):
        for columns in (slice(0, wide), slice(width - wide, width)):
            colour = bgr[rows, columns, ::-1].reshape(-1, 3).mean(axis=0)
            far = {name: float(np.abs(colour - rgb).max()) for name, rgb in CORNERS.items()}
            name = min(far, key=lambda one: far[one])
            found += name if far[name] <= tolerance else "?"
    return found


def film(
    path: Path,
    pictures: Iterable[Rgb | av.VideoFrame],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = SIZE,
    times_ms: Sequence[int] | None = None,
    options: Mapping[str, str] | None = None,
    aspect: Fraction | None = None,
    prepare: Callable[[Any], None] | None = None,
    keep: Callable[[int, Any], bool] = lambda number, packet: True,
    tags: tuple[int, int, int] | None = None,
    matrix: Sequence[float] | None = None,
    muxer: Mapping[str, str] | None = None,
) -> Path:
    """Write a film of RGB pictures or finished frames, 40 ms apart where no times are given.

    Args:
        prepare: is shown the encoder's context before it is opened.
        keep: whether the packet of this number is written.
        tags: primaries, transfer and matrix by their numbers.
        matrix: how it is to be shown, as in `processors.media.orientation`: a, b, c, d.
        muxer: options of the container.
    """
    with av.open(str(path), "w", options=dict(muxer or {})) as output:
        stream = output.add_stream(codec, rate=25, options=dict(FAST if options is None else options))
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        context = stream.codec_context
        context.time_base = ONE_CLOCK
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if tags is not None:
            context.color_primaries, context.color_trc, context.colorspace = tags
        if matrix is not None:
            a, b, c, d = (round(2**16 * one) for one in matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 2**30])
        if prepare is not None:
            prepare(context)
        packets: list[Any] = []
        for number, picture in enumerate(pictures):
            frame = picture
            if isinstance(picture, np.ndarray):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
                    width=size[0], height=size[1], format=pixels
                )
            frame.pts, frame.time_base = times_ms[number] if times_ms else 40 * number, ONE_CLOCK
            packets += stream.encode(frame)
        packets += stream.encode(None)
        output.mux([packet for number, packet in enumerate(packets) if keep(number, packet)])
    return path


def stills(path: Path, codec: str, pictures: Sequence[bytes], size: tuple[int, int] = SIZE, step_ms: int = 40) -> Path:
    """Write encoded pictures as the packets of a film that says they have `size`."""
    with av.open(str(path), "w") as output:
        stream = output.add_mux_stream(codec, rate=25, width=size[0], height=size[1])
        stream.time_base = ONE_CLOCK
        for number, encoded in enumerate(pictures):
            packet = av.Packet(encoded)
            packet.stream, packet.time_base, packet.is_keyframe = stream, ONE_CLOCK, True
            packet.pts = packet.dts = step_ms * number
            packet.duration = step_ms
            output.mux(packet)
    return path


def jpeg(image: Rgb, mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG by Pillow: any of its modes and options."""
    return _saved(Image.fromarray(image).convert(mode), "JPEG", quality=92, **options)


def turned_jpeg(image: Rgb, orientation: int) -> bytes:
    """A JPEG whose EXIF says how it is to be turned: 1..8."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(image, exif=exif.tobytes())


def png(image: NDArray[Any], mode: str | None = None) -> bytes:
    """A PNG: of RGB, or of (height, width, 4) with alpha, or of 16 bits; `mode` as Pillow has it, P for a palette."""
    if image.dtype == np.uint16:
        done, encoded = cv2.imencode(".png", np.ascontiguousarray(image[:, :, ::-1]))
        assert done
        return encoded.tobytes()
    picture = Image.fromarray(image)
    return _saved(picture.quantize(32) if mode == "P" else picture.convert(mode) if mode else picture, "PNG")


def animated(pictures: Sequence[Rgb], form: str) -> bytes:
    """An animation: GIF, PNG or WEBP."""
    first, *others = [Image.fromarray(one) for one in pictures]
    return _saved(first, form, save_all=True, append_images=others, duration=100)


def png_header(width: int, height: int, depth: int = 8, colour: int = 2, content: bytes = b"\0" * 1000) -> bytes:
    """A PNG that says it has this size and holds next to nothing."""
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, body) for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(content)), (b"IEND", b""))
    )


def jpeg_of_size(encoded: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header is changed to this size."""
    at = next(place for mark in (b"\xff\xc0", b"\xff\xc2") if (place := encoded.find(mark)) >= 0)
    return encoded[: at + 5] + struct.pack(">2H", height, width) + encoded[at + 9 :]


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
