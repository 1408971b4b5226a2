"""Looks, pictures and little videos for the tests of vision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from processors.domain import ExtractionEnd, FrameBatch, FrameRef, Shot
from processors.options import Options
from processors.vision.extract import extract_frames
from processors.vision.look import Look

Image = NDArray[np.uint8]


def look(seed: int, *, shift: int = 0, brightness: float = 0.0, amplitude: float = 60.0) -> Look:
    """A look of its own for each seed; `shift` moves its content sideways by pixels of the thumbnail."""
    random = np.random.default_rng(seed)
    luma = cv2.GaussianBlur(random.normal(0, 1, (18, 32)).astype(np.float32), (0, 0), 2.0)
    luma = np.clip(128 + brightness + amplitude * luma / luma.std(), 0, 255)
    chroma = np.full((2, 9, 16), 128.0) + random.normal(0, 20, (2, 1, 1))
    return Look(np.roll(luma, shift, axis=1).astype(np.float32), chroma.astype(np.float32))


def plain(level: float) -> Look:
    """One tone of grey."""
    return Look(np.full((18, 32), level, np.float32), np.full((2, 9, 16), 128.0, np.float32))


def mix(first: Look, second: Look, part: float) -> Look:
    """A picture of a dissolve, `part` of the way from the first to the second."""
    return Look(
        (first.luma * (1 - part) + second.luma * part).astype(np.float32),
        (first.chroma * (1 - part) + second.chroma * part).astype(np.float32),
    )


def card(
    *lines: str,
    size: tuple[int, int] = (640, 360),
    ground: tuple[int, int, int] = (60, 20, 20),
    scale: float = 1.2,
) -> Image:
    """A card with centred lines of text, BGR."""
    image = np.full((size[1], size[0], 3), ground, np.uint8)
    for number, line in enumerate(lines):
        (width, height), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, scale, 2)
        at = ((size[0] - width) // 2, size[1] // 2 + int((number - len(lines) / 2 + 0.8) * 2.2 * height))
        cv2.putText(image, line, at, cv2.FONT_HERSHEY_DUPLEX, scale, (240, 240, 240), 2, cv2.LINE_AA)
    return image


def scenery(seed: int, size: tuple[int, int] = (640, 360)) -> Image:
    """Soft coloured blobs without any strokes, BGR."""
    random = np.random.default_rng(seed)
    small = random.integers(20, 236, (6, 10, 3), dtype=np.uint8)
    return cast(Image, cv2.resize(small, size, interpolation=cv2.INTER_CUBIC))


def write_video(
    path: Path,
    images: list[Image],
    *,
    rate: int = 25,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """Encode pictures to a video file; the container follows from the name."""
    with av.open(str(path), "w") as output:
        stream = cast(Any, output.add_stream(codec, rate=rate))
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixels
        stream.options = {"threads": "1", **({"preset": "ultrafast"} if options is None else options)}
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@dataclass(frozen=True)
class Extracted:
    """All that an extraction gave."""

    batches: list[FrameBatch]
    end: ExtractionEnd

    @property
    def frames(self) -> list[FrameRef]:
        return [frame for batch in self.batches for frame in batch.frames]

    @property
    def shots(self) -> list[Shot]:
        return [shot for batch in self.batches for shot in batch.shots]

    @property
    def cuts_ms(self) -> list[int]:
        return [shot.start_ms for shot in self.shots[1:]]


def extract(path: Path, tools: Any, options: Options | None = None) -> Extracted:
    """Run the frame extractor, and check what holds for every extraction."""
    *batches, end = extract_frames(path, options or Options(), tools)
    return checked(batches, end)


def checked(batches: Sequence[object], end: object) -> Extracted:
    """What holds for every extraction."""
    assert isinstance(end, ExtractionEnd)
    assert all(isinstance(batch, FrameBatch) for batch in batches)
    found = Extracted(cast(list[FrameBatch], batches), end)
    assert end.item_count == end.emitted == len(found.batches)
    assert all(batch.frames or batch.shots for batch in found.batches)
    assert all(len(batch.frames) <= 50 for batch in found.batches)
    assert [shot.index for shot in found.shots] == list(range(len(found.shots)))
    if found.shots:
        bounds = [found.shots[0].start_ms, *(shot.end_ms for shot in found.shots)]
        assert bounds[0] == 0
        assert bounds[-1] == end.duration_ms
        assert all(before < after for before, after in pairwise(bounds))
        assert [shot.start_ms for shot in found.shots] == bounds[:-1]
    times = [frame.pts_ms for frame in found.frames]
    assert times == sorted(set(times))
    for frame in found.frames:
        shot = found.shots[frame.shot]
        assert shot.start_ms <= frame.pts_ms < shot.end_ms
        assert frame.sharpness >= 0
        assert 0 <= frame.motion <= 1
        assert type(frame.sharpness) is type(frame.motion) is float
    return found


def picture_of(frame: FrameRef, tools: Any) -> Image:
    """The stored picture of a frame, whose size is checked."""
    image = cv2.imdecode(np.frombuffer(tools.blobs.get(frame.uri), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (frame.height, frame.width, 3)
    return cast(Image, image)


def f1(found_ms: list[int], truth_ms: list[int], tolerance_ms: int) -> float:
    """F1 of boundaries; each may be matched once."""
    left = list(found_ms)
    hits = 0
    for wanted in truth_ms:
        near = [one for one in left if abs(one - wanted) <= tolerance_ms]
        if near:
            left.remove(min(near, key=lambda one: abs(one - wanted)))
            hits += 1
    return 2 * hits / max(1, len(found_ms) + len(truth_ms))
