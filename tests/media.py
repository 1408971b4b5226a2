"""Hostile and odd media files for tests, each made in well under a second into a folder that the caller gives.

``MAKERS`` maps a name to a function that takes a folder and returns the path of the file it made there. Speech in them
is cut from the bundled sample. Pictures are small coloured frames with a moving bar; a new colour is a new shot.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from ops.bench import repeat

SAMPLE: Final = Path(__file__).resolve().parent.parent / "ops" / "sample" / "sample.mp4"
SPEECH_START_MS: Final = 900
"""Where the first sentence of the sample begins; it lasts longer than any clip cut here."""

Audio = NDArray[np.float32]
Bytes = NDArray[np.uint8]

RATE_HZ: Final = 48_000
FRAME_MS: Final = 40
"""25 frames a second."""
LATE_MS: Final = 834
"""Start of the later stream in files whose streams do not start together; no whole number of frames."""
GOP_FRAMES: Final = 50
CUTS: Final = (37, 88, 111)
"""First frames of new shots; none is a multiple of the key frame distance."""
SCENES_RGB: Final = ((150, 40, 40), (120, 190, 230), (50, 90, 40), (240, 215, 120), (80, 50, 120))
"""Colour of each shot; dark and bright take turns, so that a cut shows in colour and in brightness."""
ONE_CLOCK: Final = Fraction(1, 1000)
ASCENDING: Final = {"preset": "ultrafast", "bf": "0", "threads": "1"}
"""Encoder options: fast, and without frames out of order."""


@dataclass(frozen=True)
class Video:
    """A video track: one frame per entry of ``pts_ms``, a new shot at each frame number in ``cuts``."""

    pts_ms: Sequence[int]
    cuts: Sequence[int] = ()
    size: tuple[int, int] = (160, 90)
    pix_fmt: str = "yuv420p"
    fps: Fraction = Fraction(25)
    options: Mapping[str, str] = field(default_factory=lambda: ASCENDING)


@dataclass(frozen=True)
class Sound:
    """An audio track: float32 samples of shape (channels, samples), starting at ``start_ms``."""

    samples: Audio
    rate_hz: int = RATE_HZ
    layout: str = "mono"
    codec: str = "aac"
    start_ms: int = 0


@cache
def speech(length_ms: int, rate_hz: int = RATE_HZ) -> Audio:
    """Return the first ``length_ms`` of speech of the bundled sample: float32, shape (1, samples)."""
    wanted = length_ms * rate_hz // 1000
    skip = SPEECH_START_MS * rate_hz // 1000
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate_hz)
    pieces: list[Audio] = []
    with av.open(str(SAMPLE)) as source:
        for decoded in source.decode(audio=0):
            pieces += [piece.to_ndarray() for piece in resampler.resample(decoded)]
            if sum(piece.shape[1] for piece in pieces) >= skip + wanted:
                break
    clip = np.concatenate(pieces, axis=1)[:, skip : skip + wanted].astype(np.float32)
    clip.flags.writeable = False  # it is cached: a caller who changes it would change it for all
    return clip


def picture(number: int, scene: int, size: tuple[int, int]) -> Bytes:
    """Return RGB frame ``number``: a shaded colour per scene, with a bar that moves 3 px a frame."""
    width, height = size
    shade = np.linspace(0.7, 1.0, height)[:, None, None]
    image = np.broadcast_to(shade * np.array(SCENES_RGB[scene % len(SCENES_RGB)]), (height, width, 3)).copy()
    left = 3 * number % width
    image[height // 4 : height // 2, left : left + width // 8] = 245 - 30 * scene
    return image.astype(np.uint8)


def regular(count: int, start_ms: int = 0, step_ms: int = FRAME_MS) -> list[int]:
    """Return the times of ``count`` evenly spaced frames."""
    return [start_ms + number * step_ms for number in range(count)]


def _encode_video(video: Video, stream: av.VideoStream) -> list[av.Packet]:
    packets: list[av.Packet] = []
    for number, pts in enumerate(video.pts_ms):
        scene = sum(number >= cut for cut in video.cuts)
        frame = av.VideoFrame.from_ndarray(picture(number, scene, video.size), format="rgb24")
        frame.pts, frame.time_base = pts, ONE_CLOCK
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def _encode_sound(sound: Sound, stream: av.AudioStream) -> list[av.Packet]:
    sample_format = "s16p" if sound.codec.startswith("pcm") else "fltp"
    planes = (sound.samples * 32767).astype(np.int16) if sample_format == "s16p" else sound.samples
    block = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format=sample_format, layout=sound.layout)
    block.sample_rate = sound.rate_hz
    block.pts, block.time_base = sound.start_ms * sound.rate_hz // 1000, Fraction(1, sound.rate_hz)
    return [*stream.encode(block), *stream.encode(None)]


def write(
    path: Path,
    videos: Sequence[Video] = (),
    sounds: Sequence[Sound] = (),
    subtitles: int = 0,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write a media file with these tracks; the container follows from the name. ``options`` go to the muxer."""
    with av.open(str(path), "w", options=dict(options or {})) as output:
        streams: list[tuple[Video | Sound, av.VideoStream | av.AudioStream]] = []
        for video in videos:
            stream = output.add_stream("libx264", rate=video.fps, options=dict(video.options))
            (stream.width, stream.height), stream.pix_fmt = video.size, video.pix_fmt
            stream.codec_context.time_base = ONE_CLOCK
            streams.append((video, stream))
        for sound in sounds:
            track = output.add_stream(sound.codec, rate=sound.rate_hz, layout=sound.layout)
            streams.append((sound, track))
        texts = [output.add_mux_stream("subrip", time_base=ONE_CLOCK) for _ in range(subtitles)]
        for item, stream in streams:
            packets = _encode_video(item, stream) if isinstance(item, Video) else _encode_sound(item, stream)
            output.mux(packets)
        for number, text in enumerate(texts):
            packet = av.Packet(f"Subtitle {number}".encode())
            packet.stream, packet.time_base = text, ONE_CLOCK
            packet.pts = packet.dts = 100 * (number + 1)
            packet.duration = 500
            output.mux(packet)
    return path


def repeated(path: Path, times: int, kinds: Sequence[str] = ("video", "audio")) -> Path:
    """The bundled sample several times in a row, as it was encoded: a long video at no cost."""
    return repeat.repeated(path, SAMPLE, times, kinds)


def opening(path: Path, length_ms: int = 20_000) -> Path:
    """The beginning of the bundled sample, as it was encoded: real work for all stages, a quarter of the sample's."""
    with av.open(str(SAMPLE)) as source, av.open(str(path), "w") as output:
        tracks = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None and packet.dts * packet.time_base * 1000 < length_ms:
                packet.stream = tracks[packet.stream.index]
                output.mux(packet)
    return path


def _plain(length_ms: int = 2000, cuts: Sequence[int] = (25,)) -> tuple[list[Video], list[Sound]]:
    """Return the tracks of an ordinary video with one cut and speech."""
    return [Video(regular(length_ms // FRAME_MS), cuts)], [Sound(speech(length_ms))]


def _patched(path: Path, old: bytes, new: bytes) -> Path:
    """Replace the only occurrence of ``old`` in a file.

    Raises:
        ValueError: when it occurs never or more than once.
    """
    content = path.read_bytes()
    if content.count(old) != 1:
        raise ValueError(f"{old!r} occurs {content.count(old)} times in {path.name}, not once")
    path.write_bytes(content.replace(old, new))
    return path


def zero_bytes(folder: Path) -> Path:
    """A file of no bytes at all."""
    path = folder / "zero_bytes.mp4"
    path.write_bytes(b"")
    return path


def text_as_mp4(folder: Path) -> Path:
    """Plain text under the name of a video."""
    path = folder / "text_as_mp4.mp4"
    path.write_text("This is not a video. " * 200, encoding="utf-8")
    return path


def directory_as_mp4(folder: Path) -> Path:
    """A folder, not a file, under the name of a video."""
    path = folder / "directory_as_mp4.mp4"
    path.mkdir()
    return path


def truncated_faststart(folder: Path) -> Path:
    """The index is in front and whole, but the second half of the media is gone: opens, then ends early."""
    path = write(folder / "truncated_faststart.mp4", *_plain(), options={"movflags": "+faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2])
    return path


def truncated_moov_at_end(folder: Path) -> Path:
    """The index would be at the end, which is cut off (a broken upload): cannot be opened at all."""
    path = write(folder / "truncated_moov_at_end.mp4", *_plain())
    content = path.read_bytes()
    path.write_bytes(content[: int(content.index(b"moov") * 0.8)])
    return path


def audio_only(folder: Path) -> Path:
    """Speech in an M4A file without any picture."""
    return write(folder / "audio_only.m4a", sounds=[Sound(speech(3000))])


def video_only(folder: Path) -> Path:
    """A picture track without any sound track."""
    return write(folder / "video_only.mp4", [Video(regular(50), (25,))])


def digital_silence(folder: Path) -> Path:
    """A sound track in which every sample is zero."""
    return write(folder / "digital_silence.mp4", _plain()[0], [Sound(np.zeros((1, 2 * RATE_HZ), np.float32))])


def no_speech(folder: Path) -> Path:
    """A loud tone in noise: sound, but nothing that a recogniser should turn into words."""
    time = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0.0, 0.05, len(time))
    tone = 0.3 * np.sin(2 * np.pi * 440 * time) + noise
    return write(folder / "no_speech.mp4", _plain()[0], [Sound(tone[None].astype(np.float32))])


def rotated_90(folder: Path) -> Path:
    """160 x 90 stored, to be shown upright as 90 x 160: a display matrix that turns by 90 degrees, as phones write.

    PyAV cannot write the matrix, so that of the track header is patched.
    """
    path = write(folder / "rotated_90.mp4", *_plain())
    unit, end = 0x10000, 0x40000000
    straight = struct.pack(">9i", unit, 0, 0, 0, unit, 0, 0, 0, end)
    size = struct.pack(">2I", 160 << 16, 90 << 16)  # the matrix of the video track stands before its size
    turned = struct.pack(">9i", 0, unit, 0, -unit, 0, 0, 0, 0, end)
    return _patched(path, straight + size, turned + size)


def variable_frame_rate(folder: Path) -> Path:
    """Frames 10 to 900 ms apart: the number of a frame says nothing about its time."""
    steps = [40, 40, 10, 120, 33, 900, 17, 200, 40, 40, 350, 10, 80, 120]
    times = [int(time) for time in np.cumsum([0, *steps])]
    return write(folder / "variable_frame_rate.mp4", [Video(times, (6,))], [Sound(speech(2000))])


def ten_ms(folder: Path) -> Path:
    """One frame and 480 samples: 10 ms in all."""
    sound = Sound(speech(10), codec="pcm_s16le")
    return write(folder / "ten_ms.mov", [Video([0], fps=Fraction(100))], [sound])


def one_fps(folder: Path) -> Path:
    """One frame a second, as screen recordings and slides have; shots of 2 and 3 frames."""
    return write(
        folder / "one_fps.mp4", [Video(regular(5, step_ms=1000), (2,), fps=Fraction(1))], [Sound(speech(5000))]
    )


def video_starts_late(folder: Path) -> Path:
    """The first frame comes 834 ms after the first sound."""
    return write(folder / "video_starts_late.mp4", [Video(regular(40, LATE_MS), (20,))], [Sound(speech(2400))])


def audio_starts_late(folder: Path) -> Path:
    """The first sound comes 834 ms after the first frame: times of words must be shifted.

    Uncompressed, because AAC begins with 21 ms of its own, which would make the start inexact.
    """
    sound = Sound(speech(1600), codec="pcm_s16le", start_ms=LATE_MS)
    return write(folder / "audio_starts_late.mov", [Video(regular(60), (20,))], [sound])


def six_streams(folder: Path) -> Path:
    """Two video (of different size), two audio (speech and a tone) and two subtitle tracks in one Matroska file."""
    tone = 0.2 * np.sin(2 * np.pi * 330 * np.arange(2 * RATE_HZ) / RATE_HZ)
    videos = [Video(regular(50), (25,)), Video(regular(50), size=(96, 54))]
    sounds = [Sound(speech(2000)), Sound(tone[None].astype(np.float32))]
    return write(folder / "six_streams.mkv", videos, sounds, subtitles=2)


def unknown_codec(folder: Path) -> Path:
    """The index is sound, but its video sample entry names a codec (``zzzz``) nobody knows; the speech is fine."""
    return _patched(write(folder / "unknown_codec.mp4", *_plain()), b"avc1\x00\x00\x00\x00", b"zzzz\x00\x00\x00\x00")


def fixed_gop(folder: Path) -> Path:
    """A key frame exactly every 50 frames and none at the cuts: reading only key frames misses every shot's start."""
    options = {**ASCENDING, "x264-params": f"keyint={GOP_FRAMES}:min-keyint={GOP_FRAMES}:scenecut=0"}
    return write(folder / "fixed_gop.mp4", [Video(regular(150), CUTS, options=options)], [Sound(speech(5000))])


def all_intra(folder: Path) -> Path:
    """Every frame is a key frame, as editing software writes: "only key frames" is no saving."""
    options = {**ASCENDING, "x264-params": "keyint=1"}
    return write(folder / "all_intra.mp4", [Video(regular(60), CUTS[:1], options=options)], [Sound(speech(2000))])


def odd_size_yuv444(folder: Path) -> Path:
    """161 x 91 pixels with full colour resolution: both sides odd, no common pixel format."""
    return write(
        folder / "odd_size_yuv444.mp4", [Video(regular(25), (12,), (161, 91), "yuv444p")], [Sound(speech(1000))]
    )


def surround_5_1(folder: Path) -> Path:
    """Six channels at 48 kHz, speech only in the centre: taking the first channel alone hears nothing."""
    channels = np.zeros((6, 2 * RATE_HZ), np.float32)  # FL FR FC LFE BL BR
    channels[2] = speech(2000)[0]
    return write(folder / "surround_5_1.mp4", _plain()[0], [Sound(channels, layout="5.1")])


def telephone_8khz(folder: Path) -> Path:
    """Sound of 8 kHz, as telephones have it."""
    return write(folder / "telephone_8khz.mp4", _plain()[0], [Sound(speech(2000, 8000), rate_hz=8000)])


def negative_timestamps(folder: Path) -> Path:
    """Packets before time zero: an edit list begins the film 400 ms into the stored video."""
    sounds = [Sound(speech(1600))]
    options = {"avoid_negative_ts": "disabled"}
    return write(folder / "negative_timestamps.mp4", [Video(regular(50, -400), (25,))], sounds, options=options)


def playlist_m3u8(folder: Path) -> Path:
    """A HLS playlist that makes a careless reader open another file (``other.ts``, beside it)."""
    write(folder / "other.ts", *_plain())
    path = folder / "playlist_m3u8.m3u8"
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
    path.write_text(f"{head}#EXTINF:2.0,\nother.ts\n#EXT-X-ENDLIST\n", encoding="ascii")
    return path


def concat_list(folder: Path) -> Path:
    """A concat script under the name of a video, that makes a careless reader open another file (``joined.mp4``)."""
    write(folder / "joined.mp4", *_plain())
    path = folder / "concat_list.mp4"
    path.write_text("ffconcat version 1.0\nfile joined.mp4\n", encoding="ascii")
    return path


_ALL: Final[tuple[Callable[[Path], Path], ...]] = (
    *(zero_bytes, text_as_mp4, directory_as_mp4, truncated_faststart, truncated_moov_at_end),
    *(audio_only, video_only, digital_silence, no_speech, rotated_90, variable_frame_rate, ten_ms, one_fps),
    *(video_starts_late, audio_starts_late, six_streams, unknown_codec, fixed_gop, all_intra, odd_size_yuv444),
    *(surround_5_1, telephone_8khz, negative_timestamps, playlist_m3u8, concat_list),
)
MAKERS: Final[dict[str, Callable[[Path], Path]]] = {maker.__name__: maker for maker in _ALL}
"""Every maker by its name, which is also the stem of the file that it makes."""
