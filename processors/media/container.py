"""Opening a media file: the one place that hands a path to ffmpeg, and the one that chooses the streams.

Only local files and only demuxers that carry media themselves are let through: a playlist, or a file that pretends to
be one, makes ffmpeg open whatever it names.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import av
from av.codec.hwaccel import HWAccel
from av.stream import Disposition, Stream

from processors.errors import InvalidMedia
from processors.media.limits import DEFAULTS, Limits
from processors.timeline import container_zero

DecodeDevice = Literal["cpu", "cuda"]
Container = Any  # av.container.InputContainer; PyAV carries no types that mypy may follow here

# ffmpeg's demuxer names. Playlists and scripts (hls, dash, concat, imf, sdp), devices and pictures are not among them,
# nor are raw elementary streams (h264, hevc), which carry no timestamps.
DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,asf,flv,mxf,ogg,wav,w64,mp3,aac,flac,aiff,caf,amr,ac3,eac3,"
    "au,wv,ape,tta,nut,dv,rm,gxf"
)
_TOP_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx"})
_BOX_HEADER_BYTES: Final = 8
# Dispositions of tracks that are not the programme itself: commentary, sign language sound, description for the blind.
_SIDE_TRACK: Final = (
    Disposition.comment
    | Disposition.lyrics
    | Disposition.karaoke
    | Disposition.hearing_impaired
    | Disposition.visual_impaired
    | Disposition.clean_effects
    | Disposition.descriptions
)
_PICTURE_ONLY: Final = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
# Containers name languages by ISO 639-2 (three letters, two of them for some), options by ISO 639-1.
_ISO_639_2: Final[dict[str, tuple[str, ...]]] = {
    "ar": ("ara",), "bg": ("bul",), "ca": ("cat",), "cs": ("ces", "cze"), "da": ("dan",), "de": ("deu", "ger"),
    "el": ("ell", "gre"), "en": ("eng",), "es": ("spa",), "et": ("est",), "fa": ("fas", "per"), "fi": ("fin",),
    "fr": ("fra", "fre"), "he": ("heb",), "hi": ("hin",), "hr": ("hrv",), "hu": ("hun",), "id": ("ind",),
    "it": ("ita",), "ja": ("jpn",), "ko": ("kor",), "lt": ("lit",), "lv": ("lav",), "nl": ("nld", "dut"),
    "no": ("nor", "nob", "nno"), "pl": ("pol",), "pt": ("por",), "ro": ("ron", "rum"), "ru": ("rus",),
    "sk": ("slk", "slo"), "sl": ("slv",), "sr": ("srp",), "sv": ("swe",), "th": ("tha",), "tr": ("tur",),
    "uk": ("ukr",), "ur": ("urd",), "vi": ("vie",), "zh": ("zho", "chi"),
}  # fmt: skip


@contextmanager
def open_container(path: Path, limits: Limits = DEFAULTS, device: DecodeDevice = "cpu") -> Iterator[Container]:
    """Open a local media file for reading, and close it at the end of the `with` block.

    Args:
        path: a local file.
        limits: what is refused although it could be read.
        device: where pictures are decoded; on the processor also where the other cannot be had, or not this codec
            (`is_hwaccel` of the stream's codec context is then false). Pictures come back to this memory either way.

    Yields:
        The PyAV `InputContainer`, which has at least one audio or video stream that can be decoded.

    Raises:
        InvalidMedia: with a reason for users: missing, a folder, empty, not readable, not media, cut short, in a
            codec that this build cannot decode, or above a limit.
        MemoryError: this process may take no more.
    """
    limits.check_size(path.name, _check_file(path))
    try:
        # An absolute path cannot be taken for "protocol:rest", and the protocol list keeps a container that refers to
        # other places (mov data references) to local files.
        container = _opened(path, device)
    except MemoryError:  # one of FFmpegError as well, but not the file's fault
        raise
    except (av.FFmpegError, ValueError) as error:
        raise InvalidMedia(_why_not_opened(path, error)) from error
    with container:
        _check_streams(path, container)
        limits.check_container(path, container)
        yield container


def _opened(path: Path, device: DecodeDevice) -> Container:
    def opened(accelerator: HWAccel | None) -> Container:
        return av.open(
            str(path.absolute()),
            options={"format_whitelist": DEMUXERS, "protocol_whitelist": "file"},
            metadata_errors="replace",
            hwaccel=accelerator,
        )

    if device != "cpu":
        try:
            return opened(HWAccel(device))
        except av.FFmpegError:
            pass  # no such device; what is wrong with the file shows once more
    return opened(None)


def pick_streams(container: Container, language: str | None = None) -> tuple[Stream | None, Stream | None]:
    """Choose the sound and the picture that the stages read; every stage must choose with the same language.

    Sound: the wanted language, then a track of the programme itself before commentary, then the default one, then the
    most channels, the highest rate, the lowest index. Picture: the default one, then the largest, then the lowest
    index; cover art and thumbnails are no pictures.

    Args:
        container: from `open_container`.
        language: ISO 639 code of the wanted sound track, or None.

    Returns:
        (audio stream or None, video stream or None).
    """
    wanted = () if language is None else (language, *_ISO_639_2.get(language, ()))

    def audio_rank(stream: Stream) -> tuple[bool, bool, bool, int, int, int]:
        return (
            (stream.language or "").lower() in wanted,
            not stream.disposition & _SIDE_TRACK,
            bool(stream.disposition & Disposition.default),
            stream.codec_context.channels or 0,
            stream.codec_context.sample_rate or 0,
            -stream.index,
        )

    def video_rank(stream: Stream) -> tuple[bool, int, int]:
        context = stream.codec_context
        area = (context.width or 0) * (context.height or 0)
        return (bool(stream.disposition & Disposition.default), area, -stream.index)

    usable = [stream for stream in container.streams if _decodable(stream)]
    audio = [stream for stream in usable if stream.type == "audio"]
    video = [stream for stream in usable if stream.type == "video" and not stream.disposition & _PICTURE_ONLY]
    return max(audio, key=audio_rank, default=None), max(video, key=video_rank, default=None)


def packets_of(container: Container, *streams: Stream) -> Iterator[Any]:
    """Packets of these streams, or of all, in the order of the file; then an empty one for each stream.

    A track that begins in the middle (a recording that goes on with sound) makes PyAV raise `IndexError` at the end of
    the file, where it ends the streams: it counts those that FFmpeg has by then, and knows those of the beginning.
    Asked again it counts anew.

    Raises:
        av.FFmpegError: the file is damaged; reading may be tried on.
    """
    while True:
        try:
            yield from container.demux(*streams)
        except IndexError:
            continue
        return


def unsupported(container: Container, kind: str) -> list[str]:
    """A warning when a container has tracks of a kind, but none whose codec can be decoded.

    Args:
        container: from `open_container`.
        kind: "audio" or "video".
    """
    tracks = [stream for stream in container.streams if stream.type == kind and not stream.disposition & _PICTURE_ONLY]
    if not tracks or any(_decodable(stream) for stream in tracks):
        return []
    return [f"the {kind} track is in a codec that is not supported"]


def zero_of(container: Container, streams: Sequence[Stream | None]) -> Fraction:
    """The container's zero in seconds: t = 0 of the timeline, see `processors.timeline.container_zero`.

    Args:
        container: from `open_container`.
        streams: what `pick_streams` returned, both of them, so that sound and picture share one zero.
    """
    starts = [
        stream.start_time * stream.time_base
        for stream in streams
        if stream is not None and stream.start_time is not None and stream.time_base
    ]
    if not starts and container.start_time is not None:
        starts = [Fraction(container.start_time, av.time_base)]
    return container_zero(starts)


def _decodable(stream: Stream) -> bool:
    return stream.type in ("audio", "video") and stream.codec_context is not None


def _check_file(path: Path) -> int:
    """Size in bytes of a file that can be read."""
    try:
        status = path.stat()
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            raise InvalidMedia(f"'{path.name}' is a folder, not a media file.", "Name the file itself.")
        if not stat.S_ISREG(mode):  # a pipe would block for ever, a device would never end
            raise InvalidMedia(f"'{path.name}' is not a regular file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise InvalidMedia(f"'{path.name}' is empty (0 bytes).", "Was the upload or the download complete?")
        return status.st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidMedia(f"The file '{path}' does not exist.", "Check the path.") from error
    except PermissionError as error:
        raise InvalidMedia(f"No permission to read '{path}'.", "Check who may read the file.") from error


def _check_streams(path: Path, container: Container) -> None:
    media = [stream for stream in container.streams if stream.type in ("audio", "video")]
    if not media:
        raise InvalidMedia(f"'{path.name}' has neither sound nor picture.")
    if not any(_decodable(stream) for stream in media):
        kinds = " and ".join(sorted({str(stream.type) for stream in media}))
        raise InvalidMedia(f"'{path.name}' has {kinds} in a codec that is not supported.", "Convert it to H.264/AAC.")


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, av.error.ArgumentError):  # what ffmpeg answers for a demuxer that is not on the list
        return f"'{path.name}' is not an audio or video file that is supported (playlists and pictures are not)."
    with path.open("rb") as file:
        boxes = _top_boxes(file)
    if boxes and b"moov" not in boxes and b"moof" not in boxes:
        return f"'{path.name}' is cut short: its index is missing (the moov atom at the end of an MP4)."
    if boxes:
        return f"'{path.name}' is damaged: its index cannot be read ({_text(error)})."
    return f"'{path.name}' is not a media file: its content is of no known audio or video format ({_text(error)})."


def _top_boxes(file: BinaryIO) -> set[bytes]:
    """Types of the top-level boxes if the file is of the MP4 family, else nothing. Stops at the first nonsense."""
    found: set[bytes] = set()
    position = 0
    while True:
        file.seek(position)
        header = file.read(_BOX_HEADER_BYTES)
        if len(header) < _BOX_HEADER_BYTES or header[4:] not in _TOP_BOXES:
            return found
        found.add(header[4:])
        size = int.from_bytes(header[:4], "big")
        if size == 1:  # the real size follows as 64 bits
            size = int.from_bytes(file.read(8), "big")
        if size < _BOX_HEADER_BYTES:  # 0: to the end of the file
            return found
        position += size


def _text(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


__all__ = ["DEMUXERS", "Container", "open_container", "packets_of", "pick_streams", "unsupported", "zero_of"]
