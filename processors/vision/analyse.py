"""The vision stage: from a batch of frames to what is seen in them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from processors.domain import BatchAnalysis, FrameBatch, FrameRef
from processors.errors import InvalidMedia
from processors.options import Options
from processors.vision.backend import LoadedFrame, VisionBackend
from processors.vision.hosted import NO_SERVICE, HostedBackend, Purse, StandIn, payer_of
from processors.vision.hosted_prompt import About
from processors.vision.jpeg import is_whole, jpeg_size
from processors.vision.kinds import KIND_MODEL
from processors.vision.local import LocalBackend, Networks
from processors.vision.things import THING_MODEL
from processors.vision.zeroshot import CLIP_MODEL

if TYPE_CHECKING:
    from processors.tools import Tools


def analyse_batch(batch: FrameBatch, options: Options, tools: Tools) -> BatchAnalysis:
    """Analyse the frames of a batch; its shots are passed through.

    Args:
        batch: from the frame extractor.
        options: with `vision` "off" nothing is analysed.
        tools: frames come from `blobs`, models from `models`; `threads` compute; `hosted_vision` says which
            service describes them, or that there is none.

    Returns:
        One analysis for each frame, in order, or none with `vision` "off".

    Raises:
        InvalidMedia: a frame is not a JPEG that can be decoded, or not of the size that the batch says.
        BlobMissing: a frame is not in the store.
        ModelUnavailable: a model cannot be had.
    """
    if options.vision == "off" or not batch.frames:
        return BatchAnalysis(frames=[], shots=batch.shots, cost_usd=0.0)
    answer = _backend(batch, options, tools).analyse([_load(ref, tools) for ref in batch.frames])
    return BatchAnalysis(answer.frames, batch.shots, answer.cost_usd, answer.requests, answer.fallback)


def warm_up(tools: Tools) -> None:
    """Load the models, so that the first batch does not wait for them.

    Raises:
        ModelUnavailable: a model cannot be had.
    """
    _local(_networks(tools), tools.threads, tools.vision_labels).load()
    if tools.hosted_vision is not None:
        import openai  # noqa: F401


def _backend(batch: FrameBatch, options: Options, tools: Tools) -> VisionBackend:
    local = _local(_networks(tools), tools.threads, tools.vision_labels)
    hosted = tools.hosted_vision
    if hosted is None:
        return StandIn(local, NO_SERVICE) if options.vision == "openai" else local
    if options.vision == "local":
        return local
    about = About(options.metadata.get("title", ""), options.language)
    return HostedBackend(local, hosted, about, Purse(options.budget_usd, batch.frames_before, payer_of(batch)))


@lru_cache(maxsize=1)
def _local(networks: Networks, threads: int, words: tuple[str, ...]) -> LocalBackend:
    """Models are loaded once per process."""
    return LocalBackend(networks, threads, words)


def _networks(tools: Tools) -> Networks:
    models = tools.models
    clip = models.path(CLIP_MODEL) if tools.vision_labels else None
    return Networks(models.path("yunet"), models.path(THING_MODEL), models.path(KIND_MODEL), clip)


def _load(ref: FrameRef, tools: Tools) -> LoadedFrame:
    """Everything that the header says is held against the message before any of it is decoded."""
    jpeg = tools.blobs.get(ref.uri)
    size = jpeg_size(jpeg)
    if size is None:
        raise InvalidMedia(f"The frame at {ref.pts_ms} ms is not a picture that can be decoded: no JPEG.")
    if size != (ref.width, ref.height):
        raise InvalidMedia(f"The frame at {ref.pts_ms} ms is {size[0]}x{size[1]}, not {ref.width}x{ref.height}.")
    most = tools.limits.max_frame_pixels
    if ref.width * ref.height > most:
        raise InvalidMedia(f"The frame at {ref.pts_ms} ms is {size[0]}x{size[1]}; the limit is {most:,} pixels.")
    if not is_whole(jpeg):
        raise InvalidMedia(f"The frame at {ref.pts_ms} ms is cut short.")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise InvalidMedia(f"The frame at {ref.pts_ms} ms is not a picture that can be decoded.")
    return LoadedFrame(ref, jpeg, image.astype(np.uint8, copy=False))
