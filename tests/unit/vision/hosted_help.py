"""Batches of pictures and services for the tests of what a vision model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from processors.domain import FrameBatch, FrameRef, Shot
from processors.service import HostedVision, ScenesPlace, ServiceConfig
from processors.tools import Tools
from tests.openai_service import KEY
from tests.unit.vision.helpers import Image, scenery

PRICE = (0.4, 1.6)  # USD for a million tokens


def batch_of(tools: Tools, images: Sequence[Image], before: int | None = 0, quality: int = 95) -> FrameBatch:
    """A batch as the extractor makes it: a frame a second, a shot each."""
    frames = []
    for number, image in enumerate(images):
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert encoded
        uri = tools.blobs.put(jpeg.tobytes())
        frames.append(FrameRef(uri, 1_000 * number, number, image.shape[1], image.shape[0], 300.0, 0.01))
    shots = [Shot(number, 1_000 * number, 1_000 * number + 1_000) for number in range(len(images))]
    return FrameBatch(frames, shots, before)


def sceneries(count: int, first: int = 0, size: tuple[int, int] = (640, 360)) -> list[Image]:
    """Pictures that are not alike."""
    return [scenery(seed, size) for seed in range(first, first + count)]


def hosted(
    tools: Tools, url: str, key: str = KEY, timeout_s: float = 60.0, scenes: bool = True, **changes: Any
) -> Tools:
    """Tools with a service; answers are kept in the work folder unless told otherwise."""
    place = ScenesPlace(str(Path(tools.work_dir) / "cache"), items=0) if scenes else None
    service = ServiceConfig(url, key, timeout_s)
    made = HostedVision(service, "gpt-4.1-mini", PRICE, scenes=place)
    return replace(tools, hosted_vision=replace(made, **changes))
