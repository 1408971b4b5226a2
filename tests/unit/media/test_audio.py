"""Sound as one continuous stream: gaps, overlaps, damage, channels, rates. Read back against what was written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from processors.media.audio import BLOCK_SAMPLES, SAMPLE_RATE, decode_audio, open_audio
from tests import media


def read(path: Path) -> tuple[np.ndarray, list[str], int]:
    """(samples, warnings, end_ms); checks that the blocks are contiguous and of one size."""
    with open_audio(path) as track:
        assert track is not None
        blocks = list(track.blocks())
        for number, (start_ms, samples) in enumerate(blocks):
            assert start_ms == number * BLOCK_SAMPLES * 1000 // SAMPLE_RATE
            assert samples.dtype == np.float32
            assert len(samples) == BLOCK_SAMPLES or number == len(blocks) - 1
        return np.concatenate([samples for _, samples in blocks]), track.warnings, track.end_ms


def tone(seconds: float, rate_hz: int, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def packed(path: Path, pieces: list[tuple[float, np.ndarray]], rate_hz: int = 16_000) -> Path:
    """A Matroska file with uncompressed sound whose pieces carry the given start times in seconds."""
    with av.open(str(path), "w") as output:
        track = output.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
        for start_s, samples in pieces:
            plane = (samples * 32_767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(plane, format="s16p", layout="mono")
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = round(start_s * rate_hz)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return path


def loud(samples: np.ndarray, start_s: float, end_s: float) -> float:
    piece = samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    return float(np.sqrt(np.mean(piece**2)))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_every_rate_keeps_length_and_loudness(tmp_path, rate_hz):
    samples, warnings, end_ms = read(packed(tmp_path / "a.mkv", [(0.0, tone(2.5, rate_hz))], rate_hz))
    assert abs(end_ms - 2_500) <= 2
    assert loud(samples, 0.2, 2.3) == pytest.approx(0.3535, abs=0.01)
    assert warnings == []


def test_a_gap_is_filled_with_silence(tmp_path):
    samples, _, end_ms = read(packed(tmp_path / "a.mkv", [(0.0, tone(1, 16_000)), (2.5, tone(1, 16_000))]))
    assert end_ms == 3_500
    assert loud(samples, 0.1, 0.9) > 0.3
    assert loud(samples, 1.05, 2.45) == 0.0
    assert loud(samples, 2.55, 3.4) > 0.3


def test_an_overlap_is_dropped(tmp_path):
    pieces = [(0.0, tone(1, 16_000)), (0.6, np.zeros(16_000, np.float32))]
    samples, _, end_ms = read(packed(tmp_path / "a.mkv", pieces))
    assert end_ms == 1_600
    assert loud(samples, 0.7, 0.95) > 0.3  # the first comes first
    assert loud(samples, 1.05, 1.55) < 0.01


def test_jitter_of_timestamps_changes_nothing(tmp_path):
    whole = tone(3, 16_000)
    steps = [(at, whole[round(at * 16_000) : round((at + 0.1) * 16_000)]) for at in np.arange(30) / 10]
    jittered = [(at + (0.004 if number % 2 else 0.0), piece) for number, (at, piece) in enumerate(steps)]
    samples, warnings, end_ms = read(packed(tmp_path / "a.mkv", jittered))
    assert end_ms == 3_000
    assert np.abs(samples - whole).max() < 0.001
    assert warnings == []


def test_a_clock_that_starts_again_goes_on(tmp_path):
    path = tmp_path / "a.ts"
    half = [tone(12, 48_000), tone(2, 48_000)]
    first = media.write(tmp_path / "1.ts", sounds=[media.Sound(half[0][None], codec="mp2")])
    second = media.write(tmp_path / "2.ts", sounds=[media.Sound(half[1][None], codec="mp2")])
    path.write_bytes(first.read_bytes() + second.read_bytes())
    samples, warnings, end_ms = read(path)
    assert abs(end_ms - 14_000) < 100
    assert any("timestamps of the sound jump" in warning for warning in warnings)
    assert loud(samples, 12.2, 13.8) > 0.3


def test_sound_that_starts_late_is_preceded_by_silence(tmp_path):
    samples, _, _ = read(media.audio_starts_late(tmp_path))
    start = media.LATE_MS / 1000
    assert loud(samples, 0.0, start - 0.002) == 0.0
    assert loud(samples, start, start + 1.0) > 0.005


def test_picture_that_starts_late_does_not_move_the_sound(tmp_path):
    samples, _, end_ms = read(media.video_starts_late(tmp_path))
    assert abs(end_ms - 2_400) < 60
    assert loud(samples, 0.0, 0.8) > 0.005


def mixed(folder: Path, channels: list[np.ndarray], layout: str) -> np.ndarray:
    sound = media.Sound(np.stack(channels).astype(np.float32), codec="pcm_s16le", layout=layout)
    return read(media.write(folder / f"{layout}.mov", sounds=[sound]))[0]


@pytest.mark.parametrize(
    ("layout", "channel", "count"),
    [("stereo", 0, 2), ("stereo", 1, 2), ("5.1", 2, 6), ("5.1", 0, 6), ("5.1", 4, 6), ("quad", 3, 4)],
)
def test_a_voice_in_one_channel_is_kept(tmp_path, layout, channel, count):
    silence, voice = np.zeros(48_000, np.float32), tone(1, 48_000)
    samples = mixed(tmp_path, [voice if number == channel else silence for number in range(count)], layout)
    assert loud(samples, 0.1, 0.9) >= 0.3535 * 0.14


def test_channels_in_opposite_phase_do_not_cancel(tmp_path):
    voice = tone(1, 48_000)
    assert loud(mixed(tmp_path, [voice, -voice], "stereo"), 0.1, 0.9) > 0.3


def test_a_mix_near_the_limit_does_not_come_and_go(tmp_path):
    """Opposite phase at 0.8 to 1, noise on top: one choice from beginning to end."""
    voice, random = tone(6, 48_000), np.random.default_rng(3)
    other = -0.8 * voice + random.normal(0, 0.002, len(voice)).astype(np.float32)
    samples = mixed(tmp_path, [voice, other], "stereo")
    loudness = [loud(samples, at / 4, (at + 1) / 4) for at in range(1, 23)]
    assert max(loudness) < 1.1 * min(loudness)
    assert min(loudness) > 0.3


def test_the_mix_comes_back_when_channels_agree_again(tmp_path):
    voice, silence = tone(2, 48_000), np.zeros(48_000, np.float32)
    left = np.concatenate((voice, silence, voice))
    right = np.concatenate((-voice, silence, 0.2 * voice))
    samples = mixed(tmp_path, [left, right], "stereo")
    assert loud(samples, 0.2, 1.8) == pytest.approx(0.3535, abs=0.01)
    assert loud(samples, 2.1, 2.9) == 0.0
    assert loud(samples, 4.2, 4.8) == pytest.approx(0.6 * 0.3535, abs=0.01)


@pytest.mark.parametrize(("offset", "left"), [(0.5, 0.003), (-0.2, 0.003), (0.005, 0.006), (0.0, 0.001)])
def test_an_offset_is_taken_out(tmp_path, offset, left):
    samples, _, _ = read(packed(tmp_path / "a.mkv", [(0.0, tone(4, 16_000, 0.3) + np.float32(offset))]))
    assert abs(float(np.mean(samples[1_600:-1_600]))) < left
    assert loud(samples, 0.2, 3.8) == pytest.approx(0.3 / np.sqrt(2), abs=0.003)


def test_sound_without_an_offset_stays_as_it_is_to_the_last_bit():
    from processors.media.offset import OffsetRemoval

    block = np.random.default_rng(1).normal(0.001, 0.1, 16_000).astype(np.float32)
    removal = OffsetRemoval()
    assert removal.apply(block) is block
    stepped = removal.apply(block + np.float32(0.5))
    assert stepped.dtype == np.float32
    assert abs(float(np.mean(removal.apply(block + np.float32(0.5))))) < 1e-3


def test_the_bass_channel_is_left_out(tmp_path):
    silence = np.zeros(48_000, np.float32)
    samples = mixed(tmp_path, [silence, silence, tone(1, 48_000), tone(1, 48_000), silence, silence], "5.1")
    assert loud(samples, 0.1, 0.9) == pytest.approx(0.3535 / 3.4, abs=0.01)


def test_a_file_cut_short_is_read_to_its_end_with_a_warning(tmp_path):
    _, warnings, end_ms = read(media.truncated_faststart(tmp_path))
    assert 200 < end_ms < 1_600
    assert any(f"sound ends at {end_ms / 1000:.1f} s of 2.0 s declared" in warning for warning in warnings)


def test_damaged_packets_are_skipped_and_counted(tmp_path):
    path = media.write(tmp_path / "a.mp4", sounds=[media.Sound(media.speech(3_000))])
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4_000
    content[start : start + 3_000] = np.random.default_rng(1).bytes(3_000)
    path.write_bytes(bytes(content))
    samples, warnings, end_ms = read(path)
    assert abs(end_ms - 3_000) < 60
    assert len(samples) == end_ms * 16 or abs(len(samples) - end_ms * 16) < 16
    assert any("damaged packets of sound were skipped" in warning for warning in warnings)


def test_no_sound(tmp_path):
    path = media.video_only(tmp_path)
    with open_audio(path) as track:
        assert track is None
    assert list(decode_audio(path)) == []


@pytest.mark.data
def test_real_files(test_data):
    assert abs(read(test_data / "composite_dev" / "composite_dev.mp4")[2] - 63_000) < 50
    samples, warnings, _ = read(test_data / "corrupt_dev" / "damaged-middle.mp4")
    assert any("damaged packets" in warning for warning in warnings)
    assert loud(samples, 0.0, 1.0) > 0.001
    assert read(test_data / "corrupt_dev" / "truncated-faststart.mp4")[1][-1] == "sound ends at 1.4 s of 3.0 s declared"
