"""The generated media of the tests are what their names say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tests import media
from tests.unit.test_sample import dbfs, decode_audio, decode_video, steps


def _unreadable(path: Path) -> None:
    with pytest.raises(av.error.InvalidDataError):
        av.open(str(path))


def _zero_bytes(path: Path) -> None:
    assert path.stat().st_size == 0
    _unreadable(path)


def _text(path: Path) -> None:
    assert path.suffix == ".mp4"
    _unreadable(path)


def _directory(path: Path) -> None:
    assert path.is_dir()
    with pytest.raises(IsADirectoryError):
        av.open(str(path))


def _truncated_faststart(path: Path) -> None:
    read = 0
    with av.open(str(path)) as source:
        promised = source.streams.video[0].frames
        try:
            for _ in source.decode(video=0):
                read += 1
        except av.error.InvalidDataError:
            pass
    assert 5 < read < promised - 5


def _truncated_moov(path: Path) -> None:
    content = path.read_bytes()
    assert b"mdat" in content
    assert b"moov" not in content
    _unreadable(path)


def _kinds(path: Path) -> list[str]:
    with av.open(str(path)) as source:
        return [stream.type for stream in source.streams]


def _audio_only(path: Path) -> None:
    assert _kinds(path) == ["audio"]
    assert dbfs(decode_audio(path)) > -30


def _video_only(path: Path) -> None:
    assert _kinds(path) == ["video"]


def _digital_silence(path: Path) -> None:
    assert _kinds(path) == ["video", "audio"]
    assert not decode_audio(path).any()


def _no_speech(path: Path) -> None:
    sound = decode_audio(path)[0]
    assert dbfs(sound) > -20
    loudest_hz = np.argmax(np.abs(np.fft.rfft(sound))) * media.RATE_HZ / len(sound)
    assert loudest_hz == pytest.approx(440, abs=1)


def _rotated(path: Path) -> None:
    with av.open(str(path)) as source:
        frame = next(source.decode(video=0))
    assert (frame.width, frame.height) == (160, 90)
    assert abs(frame.rotation) == 90


def _variable_frame_rate(path: Path) -> None:
    gaps = np.diff(decode_video(path)[0])
    assert gaps.min() == pytest.approx(0.010)
    assert gaps.max() == pytest.approx(0.900)


def _ten_ms(path: Path) -> None:
    with av.open(str(path)) as source:
        assert source.duration == 10_000
    assert decode_audio(path).shape == (1, 480)
    assert len(decode_video(path)[0]) == 1


def _one_fps(path: Path) -> None:
    assert decode_video(path)[0] == [0, 1, 2, 3, 4]


def _starts_late(kind: str) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        with av.open(str(path)) as source:
            first = {stream.type: float(stream.start_time * stream.time_base) for stream in source.streams}
        assert first.pop(kind) == pytest.approx(media.LATE_MS / 1000, abs=1e-4)
        assert list(first.values()) == [0.0]

    return check


def _six_streams(path: Path) -> None:
    assert _kinds(path) == ["video", "video", "audio", "audio", "subtitle", "subtitle"]
    assert dbfs(decode_audio(path, 0)) != pytest.approx(dbfs(decode_audio(path, 1)), abs=0.1)
    with av.open(str(path)) as source:
        texts = [bytes(packet) for packet in source.demux(subtitles=(0, 1)) if packet.size]
    assert texts == [b"Subtitle 0", b"Subtitle 1"]


def _unknown_codec(path: Path) -> None:
    with av.open(str(path)) as source:
        assert source.streams.video[0].codec_context is None
    assert dbfs(decode_audio(path)) > -30


def _key_frames(path: Path) -> list[int]:
    with av.open(str(path)) as source:
        return [number for number, frame in enumerate(source.decode(video=0)) if frame.key_frame]


def _fixed_gop(path: Path) -> None:
    assert _key_frames(path) == [0, media.GOP_FRAMES, 2 * media.GOP_FRAMES]
    assert list(np.flatnonzero(steps(decode_video(path)[1]) > 20)) == list(media.CUTS)


def _all_intra(path: Path) -> None:
    assert _key_frames(path) == list(range(60))


def _odd_size(path: Path) -> None:
    with av.open(str(path)) as source:
        frame = next(source.decode(video=0))
    assert (frame.width, frame.height, frame.format.name) == (161, 91, "yuv444p")


def _surround(path: Path) -> None:
    with av.open(str(path)) as source:
        assert (source.streams.audio[0].layout.name, source.streams.audio[0].rate) == ("5.1", 48_000)
    levels = [dbfs(channel) for channel in decode_audio(path)]
    assert levels.pop(2) > -30
    assert max(levels) < -60


def _telephone(path: Path) -> None:
    with av.open(str(path)) as source:
        assert source.streams.audio[0].rate == 8000
    assert dbfs(decode_audio(path)) > -30


def _negative_timestamps(path: Path) -> None:
    with av.open(str(path)) as source:
        stored = [packet for packet in source.demux(video=0) if packet.size]
    assert min(float(packet.pts * packet.time_base) for packet in stored) == pytest.approx(-0.4)
    times = decode_video(path)[0]
    assert (len(stored), len(times), times[0]) == (50, 40, 0.0)


def _names_another_file(form: str, other: str) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert other in path.read_text(encoding="ascii")
        with av.open(str(path)) as source:  # the danger is real: FFmpeg follows the name
            assert source.format.name == form
            assert next(source.decode(video=0)).width == 160
        (path.parent / other).unlink()
        with pytest.raises(av.error.FFmpegError), av.open(str(path)) as source:
            next(source.decode(video=0))

    return check


CHECKS: dict[str, Callable[[Path], None]] = {
    "zero_bytes": _zero_bytes,
    "text_as_mp4": _text,
    "directory_as_mp4": _directory,
    "truncated_faststart": _truncated_faststart,
    "truncated_moov_at_end": _truncated_moov,
    "audio_only": _audio_only,
    "video_only": _video_only,
    "digital_silence": _digital_silence,
    "no_speech": _no_speech,
    "rotated_90": _rotated,
    "variable_frame_rate": _variable_frame_rate,
    "ten_ms": _ten_ms,
    "one_fps": _one_fps,
    "video_starts_late": _starts_late("video"),
    "audio_starts_late": _starts_late("audio"),
    "six_streams": _six_streams,
    "unknown_codec": _unknown_codec,
    "fixed_gop": _fixed_gop,
    "all_intra": _all_intra,
    "odd_size_yuv444": _odd_size,
    "surround_5_1": _surround,
    "telephone_8khz": _telephone,
    "negative_timestamps": _negative_timestamps,
    "playlist_m3u8": _names_another_file("hls", "other.ts"),
    "concat_list": _names_another_file("concat", "joined.mp4"),
}


@pytest.mark.parametrize("name", sorted(media.MAKERS))
def test_maker_makes_what_it_says(name: str, tmp_path: Path) -> None:
    made = media.MAKERS[name](tmp_path)
    assert made.parent == tmp_path
    assert made.stem == name
    CHECKS[name](made)


def test_every_check_has_a_maker() -> None:
    assert set(CHECKS) == set(media.MAKERS)
