"""The frame extractor: from a video file to batches of selected pictures and shots, then one end record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import cv2

from processors.domain import ExtractionEnd, FrameBatch, FrameRef, Shot
from processors.errors import InvalidMedia, ModelUnavailable
from processors.media.container import open_container, pick_streams, unsupported, zero_of
from processors.media.video import VideoReader
from processors.options import SHOTS_BY, Options
from processors.timeline import seconds_to_ms
from processors.vision.boundaries import ShotDetector
from processors.vision.budget import Offer, PictureBudget
from processors.vision.content_shots import ContentDetector
from processors.vision.dedup import Duplicates
from processors.vision.frozen import FrozenStretches
from processors.vision.key_shots import KeyShotDetector
from processors.vision.learned_shots import SHOT_MODEL, LearnedDetector, shot_network
from processors.vision.novelty import Novelty
from processors.vision.pixels import upright
from processors.vision.scan import Scanner
from processors.vision.selection import LOCAL_BATCH
from processors.vision.track import Chosen

if TYPE_CHECKING:
    from processors.tools import Tools

# Stored pictures: large enough to read a slide, small enough that a batch of them fits a model's request.
LONGEST_SIDE: Final = 1280
JPEG_QUALITY: Final = 85
# The first batch holds one picture, so that a provisional result need not wait, each next one twice as many. What is
# ready goes out after at most this much of the video, full batch or not; where a service is asked once a batch, later.
FLUSH_MS: Final = 30_000
SERVICE_FLUSH_MS: Final = 300_000
# Pictures that stop this much before the declared end are worth a warning: more than rounding and encoder delay.
MISSING_MS: Final = 500
MISSING_PART: Final = 0.02
MAX_NAMED: Final = 10  # places that a warning names


def extract_frames(source: Path, options: Options, tools: Tools) -> Iterator[FrameBatch | ExtractionEnd]:
    """Select pictures that stand for their shots, and find the shots.

    Args:
        source: a local media file.
        options: `language` takes part in the choice of streams; with `vision` "off" no pictures are selected, since
            nobody will look at them, and the batches hold shots only; `profile` decides who finds the shots.
        tools: pictures go to `blobs`; `threads` decode.

    Yields:
        Batches in time order, each with at least one picture or shot; over all of them each shot of the video comes
        exactly once. Then one `ExtractionEnd`. A file without a picture track or with none that can be decoded gives
        the end record alone, with `item_count` 0.

    Raises:
        InvalidMedia: the file cannot be opened as media.
        StorageFull, Retryable: a picture could not be stored.
    """
    cv2.setNumThreads(tools.threads)
    with open_container(source, tools.limits, tools.selection.device) as container:
        streams = pick_streams(container, options.language)
        stream = streams[1]
        if stream is None:
            yield ExtractionEnd(item_count=0, emitted=0, duration_ms=None, warnings=unsupported(container, "video"))
            return
        reader = VideoReader(container, stream, zero_of(container, streams), tools.threads, tools.limits)
        detector, without = _detector(options, reader, tools)
        frozen = FrozenStretches(stream.codec_context.width, stream.codec_context.height)
        declared_ms = _declared_ms(container, stream, zero_of(container, streams))
        duplicates = Duplicates(tools.selection.similarity)
        scanner = Scanner(reader, detector, choose=options.vision != "off", duplicates=duplicates, frozen=frozen)
        # what is dropped would count as shown when it comes again
        budget = PictureBudget(
            tools.selection.per_minute, tools.selection.most, declared_ms, lambda frame: duplicates.forget(frame.shot)
        )
        emitted = 0
        for batch in _batches(budget.keep(_offers(scanner, frozen, reader)), options, tools):
            emitted += 1
            yield batch
        yield ExtractionEnd(
            item_count=emitted,
            emitted=emitted,
            duration_ms=reader.end_ms if emitted else None,
            warnings=[*_warnings(reader, emitted > 0, declared_ms), *without],
        )


def _detector(options: Options, reader: VideoReader, tools: Tools) -> tuple[ShotDetector, list[str]]:
    """The detector of the profile, and what to say where the network cannot be had."""
    found_by = SHOTS_BY[options.profile]
    if found_by == "key frames":
        return KeyShotDetector(reader), []
    if found_by == "content":
        return ContentDetector(reader), []
    try:
        return LearnedDetector(shot_network(tools.models.path(SHOT_MODEL), tools.threads)), []
    except ModelUnavailable as error:
        return ContentDetector(reader), [f"shots were found without the network: {error.reason}"]


def _offers(scanner: Scanner, frozen: FrozenStretches, reader: VideoReader) -> Iterator[Offer | Shot]:
    novelty = Novelty()
    for found in scanner.run():
        if isinstance(found, Shot):
            yield found
        else:
            offer = _offer(found, reader)
            still_ms = frozen.around(offer.frame.pts_ms)
            new = novelty.of(found.candidate.look)
            yield replace(offer, frame=replace(offer.frame, novelty=new, still_ms=still_ms))


def _batches(found: Iterator[Offer | Shot], options: Options, tools: Tools) -> Iterator[FrameBatch]:
    may_ask = tools.selection.batch > LOCAL_BATCH and options.vision in ("auto", "openai")
    most, flush_ms = (tools.selection.batch, SERVICE_FLUSH_MS) if may_ask else (LOCAL_BATCH, FLUSH_MS)
    frames: list[FrameRef] = []
    shots: list[Shot] = []
    limit = 1
    flushed_ms = 0
    before = 0
    for one in found:
        if isinstance(one, Shot):
            shots.append(one)
            now_ms = one.end_ms
        else:
            frames.append(replace(one.frame, uri=tools.blobs.put(one.jpeg)))
            now_ms = one.frame.pts_ms
        if len(frames) >= limit or now_ms - flushed_ms >= flush_ms:
            yield FrameBatch(frames, shots, before)
            before += len(frames)
            frames, shots, flushed_ms = [], [], now_ms
            limit = min(2 * limit, most)
    if frames or shots:
        yield FrameBatch(frames, shots, before)


def _offer(chosen: Chosen, reader: VideoReader) -> Offer:
    candidate = chosen.candidate
    picture = upright(candidate.frame, reader.aspect, LONGEST_SIDE)
    encoded, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise InvalidMedia(f"The picture at {candidate.pts_ms} ms could not be stored as JPEG.")
    frame = FrameRef(
        uri="",
        pts_ms=candidate.pts_ms,
        shot=chosen.shot,
        width=picture.shape[1],
        height=picture.shape[0],
        sharpness=round(candidate.sharpness, 2),
        motion=round(candidate.motion, 4),
    )
    return Offer(frame, jpeg.tobytes())


def _declared_ms(container: Any, stream: Any, zero_s: Fraction) -> int | None:
    """End of the picture by what the file says of itself; None when it says nothing of this stream."""
    start_s = (stream.start_time or 0) * stream.time_base - zero_s
    if stream.duration:
        return seconds_to_ms(stream.duration * stream.time_base + start_s)
    if container.duration and all(other.type in ("audio", "video") for other in container.streams):
        # some writers count it from zero, others from the first picture; the shorter one warns of nothing that is there
        return seconds_to_ms(Fraction(container.duration, av.time_base) - zero_s)
    return None


def _warnings(reader: VideoReader, any_picture: bool, declared_ms: int | None) -> list[str]:
    found = []
    if not any_picture:
        found.append("no picture of the video track could be decoded")
    elif declared_ms and declared_ms - reader.end_ms > max(MISSING_MS, MISSING_PART * declared_ms):
        found.append(f"picture stops at {reader.end_ms / 1000:.1f} s of {declared_ms / 1000:.1f} s declared")
    if reader.errors:
        found.append(f"{reader.errors} damaged pieces of the video track were skipped")
    if reader.resets_ms:
        at = ", ".join(f"{ms / 1000:.1f}" for ms in reader.resets_ms[:MAX_NAMED])
        found.append(f"time stamps of the picture jump back at {at} s; it is taken to go on there")
    if reader.gone_back:
        found.append(f"{reader.gone_back} pictures were left out: their time stamps go back")
    if reader.damaged:
        found.append(f"{reader.damaged} damaged pictures were skipped")
    return found
