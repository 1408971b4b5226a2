"""The facts of a file: what the container says, read from its header and one decoded picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from processors.domain import StreamFacts, VideoFacts
from processors.errors import InvalidMedia
from processors.media.container import open_container, packets_of, pick_streams, zero_of
from processors.media.limits import DEFAULTS, Limits
from processors.options import Options
from processors.timeline import seconds_to_ms

# Packets that are tried for the first picture: a stream that was cut out of another may begin 10 s before a key frame.
_MAX_TRIES: Final = 600
_KINDS: Final = frozenset({"video", "audio", "subtitle"})  # the rest is "data"
_UNKNOWN_LANGUAGE: Final = frozenset({"", "und"})
_TURN: Final = 360
_MAX_TITLE: Final = 500  # characters; some writers put whole descriptions there


def probe(source: Path, options: Options, digest: str, limits: Limits = DEFAULTS) -> VideoFacts:
    """Read a file's facts.

    Args:
        source: a local media file.
        options: `language` takes part in the choice of streams, `metadata["title"]` in that of the title.
        digest: SHA-256 of the file, passed through.
        limits: see `open_container`.

    Returns:
        The facts. The duration is the container's, else that of the longest stream, else measured by reading to the
        last packet.

    Raises:
        InvalidMedia: with a reason for users: missing, a folder, empty, not media, cut short, an unsupported codec,
            neither sound nor picture, above a limit.
    """
    with open_container(source, limits) as container:
        used = pick_streams(container, options.language)
        if used == (None, None):
            raise InvalidMedia(f"'{source.name}' has neither sound nor moving picture that can be decoded.")
        zero_s = zero_of(container, used)
        warnings = [
            f"track {stream.index} ({stream.type}) is in a codec that is not supported"
            for stream in container.streams
            if stream.type in ("audio", "video") and stream.codec_context is None
        ]
        duration_ms = _declared_ms(container, zero_s)
        rotation = None
        if used[1] is not None:
            rotation = _rotation(container, used[1])
            if rotation is None:
                warnings.append("no picture could be decoded near the start")
        streams = [_facts(stream, stream in used, zero_s, rotation) for stream in container.streams]
        facts = VideoFacts(
            container=container.format.name,
            duration_ms=duration_ms or 0,
            size_bytes=source.stat().st_size,
            title=_title(container, options, source),
            source_digest=digest,
            streams=streams,
            warnings=warnings,
        )
    if duration_ms is not None:
        return facts
    return _with_measured_length(source, facts, zero_s, limits)


def _declared_ms(container: Any, zero_s: Fraction) -> int | None:
    if container.duration:
        return seconds_to_ms(Fraction(container.duration, av.time_base))
    ends = [
        ((stream.start_time or 0) + stream.duration) * stream.time_base - zero_s
        for stream in container.streams
        if stream.duration and stream.time_base
    ]
    return seconds_to_ms(max(ends)) if ends else None


def _with_measured_length(source: Path, facts: VideoFacts, zero_s: Fraction, limits: Limits) -> VideoFacts:
    end_s = zero_s
    with open_container(source, limits) as container:
        try:
            for packet in packets_of(container):
                if packet.pts is not None:
                    end_s = max(end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)
                    limits.check_length(int((end_s - zero_s) * 1000))
        except MemoryError:
            raise
        except av.FFmpegError:
            facts.warnings.append("the file is damaged: it cannot be read to its end")
    return VideoFacts(
        container=facts.container,
        duration_ms=seconds_to_ms(end_s - zero_s),
        size_bytes=facts.size_bytes,
        title=facts.title,
        source_digest=facts.source_digest,
        streams=facts.streams,
        warnings=[*facts.warnings, "the file does not declare its length: it was measured"],
    )


def _rotation(container: Any, stream: Any) -> int | None:
    """Degrees clockwise by which pictures are to be turned; None when none can be decoded."""
    packets = packets_of(container, stream)
    for _ in range(_MAX_TRIES):
        try:
            packet = next(packets, None)
            for frame in packet.decode() if packet is not None else ():
                return int(round(-frame.rotation / 90) * 90 % _TURN)  # ffmpeg counts counter-clockwise
        except MemoryError:
            raise
        except av.FFmpegError:  # of the file as well: its reader ends then, and there are no packets any more
            continue
    return None


def _title(container: Any, options: Options, source: Path) -> str:
    tags = {name.lower(): value for name, value in container.metadata.items()}
    for title in (tags.get("title", ""), options.metadata.get("title", "")):
        cleaned = " ".join(title.split())[:_MAX_TITLE]
        if cleaned:
            return cleaned
    return source.stem


def _facts(stream: Any, used: bool, zero_s: Fraction, rotation: int | None) -> StreamFacts:
    context = stream.codec_context
    video = stream.type == "video" and context is not None
    audio = stream.type == "audio" and context is not None
    width, height = _shown_size(stream, (rotation or 0) if used else 0) if video else (None, None)
    base = stream.time_base or Fraction(1, av.time_base)
    rate = (stream.average_rate or stream.guessed_rate) if video else None
    language = (getattr(stream, "language", None) or "").lower()
    return StreamFacts(
        index=stream.index,
        kind=stream.type if stream.type in _KINDS else "data",
        codec=_codec(context),
        start_ms=seconds_to_ms(stream.start_time * base - zero_s) if stream.start_time is not None else 0,
        duration_ms=seconds_to_ms(stream.duration * base) if stream.duration else None,
        used=used,
        language=None if language in _UNKNOWN_LANGUAGE else language,
        width=width,
        height=height,
        rotation=rotation if video and used else None,
        frame_rate=round(float(rate), 3) if rate else None,
        sample_rate=context.sample_rate if audio else None,
        channels=context.channels if audio else None,
    )


def _codec(context: Any) -> str:
    """The format's name, not the decoder's: "mp3", not "mp3float"."""
    if context is None:
        return "unknown"
    return str(getattr(context.codec, "canonical_name", None) or context.name)


def _shown_size(stream: Any, rotation: int) -> tuple[int | None, int | None]:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        return None, None
    aspect = stream.sample_aspect_ratio or Fraction(1)
    shown = (max(1, round(width * aspect)), height) if aspect < 1 else (width, max(1, round(height / aspect)))
    return (shown[1], shown[0]) if rotation % 180 else shown


__all__ = ["probe"]
