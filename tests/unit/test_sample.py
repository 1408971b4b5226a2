"""The bundled sample is what its truth says, and every odd file of ``tests.media`` has the oddity it stands for."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ops.sample import make_sample, source_note, storyboard
from tests import media

FOLDER = media.SAMPLE.parent
MAX_BYTES = 3_000_000
SMALL = (45, 80)
"""Frames are compared at this height and width, in brightness only."""
SILENCE_DBFS = -80.0
GAP_DBFS = -36.0
"""The bed between two sentences stays below this."""


def dbfs(samples: NDArray[np.float32]) -> float:
    """Return the RMS level of samples in dB below full scale."""
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-15))


def decode_audio(path: Path, index: int = 0) -> NDArray[np.float32]:
    """Return all samples of an audio track as float32, shape (channels, samples)."""
    with av.open(str(path)) as source:
        planes = av.AudioResampler(format="fltp")
        frames = [part for frame in source.decode(audio=index) for part in planes.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def shrink(frame: av.VideoFrame) -> NDArray[np.float32]:
    """Return the brightness (0..255) of a YUV 4:2:0 frame of 640 x 360 or 160 x 90 pixels at the small size.

    Means of blocks by numpy: the scaler of FFmpeg took four times as long for the whole sample.
    """
    height, width = SMALL
    block = frame.height // height
    luma = frame.to_ndarray()[: frame.height].reshape(height, block, width, block)
    return np.asarray(luma.mean(axis=(1, 3)), dtype=np.float32)


def decode_video(path: Path, index: int = 0) -> tuple[list[float], NDArray[np.float32]]:
    """Return the times in seconds and the small frames of a video track."""
    times, frames = [], []
    with av.open(str(path)) as source:
        source.streams.video[index].thread_type = "AUTO"
        for frame in source.decode(video=index):
            times.append(float(frame.time or 0))
            frames.append(shrink(frame))
    return times, np.stack(frames)


def steps(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean difference of each frame to the one before it; 0 for the first."""
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    return np.asarray(np.concatenate([[0.0], change]), dtype=np.float32)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "sample.truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def pictures() -> tuple[list[float], NDArray[np.float32]]:
    return decode_video(media.SAMPLE)


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    (channel,) = decode_audio(media.SAMPLE)
    return np.asarray(channel, dtype=np.float32)


def between(sound: NDArray[np.float32], start_ms: float, end_ms: float) -> NDArray[np.float32]:
    """Return the samples of a stretch of the sample's sound."""
    return sound[round(start_ms * media.RATE_HZ / 1000) : round(end_ms * media.RATE_HZ / 1000)]


def test_sample_is_small_and_streams_from_the_first_byte() -> None:
    content = media.SAMPLE.read_bytes()
    assert len(content) <= MAX_BYTES
    assert content.index(b"moov") < content.index(b"mdat")


def test_sample_has_the_stated_form(truth: dict[str, Any]) -> None:
    with av.open(str(media.SAMPLE)) as source:
        video, audio = source.streams.video[0], source.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.average_rate) == (truth["width"], truth["height"], truth["fps"])
        assert audio.channels == 1
        assert source.duration == truth["duration_ms"] * 1000
        assert video.start_time == audio.start_time == 0
    assert 60_000 <= truth["duration_ms"] <= 75_000


def test_frames_stand_at_even_times(truth: dict[str, Any], pictures: tuple[list[float], Any]) -> None:
    expected = np.arange(truth["duration_ms"] // media.FRAME_MS) * media.FRAME_MS / 1000
    assert pictures[0] == pytest.approx(list(expected))


def test_shots_follow_each_other_without_gap(truth: dict[str, Any]) -> None:
    shots = truth["shots"]
    assert shots[0]["start_ms"] == 0
    assert shots[-1]["end_ms"] == truth["duration_ms"]
    assert all(one["end_ms"] == two["start_ms"] for one, two in pairwise(shots))
    assert 8 <= len(shots) <= 10
    assert sum("dissolve_ms" in shot for shot in shots) == 1


def test_hard_cuts_are_visible_exactly_at_their_bounds(truth: dict[str, Any], pictures: tuple[Any, Any]) -> None:
    change = steps(pictures[1])
    hard = [shot["start_ms"] // media.FRAME_MS for shot in truth["shots"][1:] if "dissolve_ms" not in shot]
    weakest_cut = min(change[number] for number in hard)
    assert weakest_cut > 25
    assert list(np.flatnonzero(change > weakest_cut / 2)) == hard


def test_dissolve_mixes_both_shots_around_its_bound(truth: dict[str, Any], pictures: tuple[Any, Any]) -> None:
    (shot,) = [shot for shot in truth["shots"] if "dissolve_ms" in shot]
    middle, half = shot["start_ms"] // media.FRAME_MS, shot["dissolve_ms"] // 2 // media.FRAME_MS
    before, mixed, after = (pictures[1][number] for number in (middle - half, middle, middle + half))
    assert np.abs(before - after).mean() > 25
    assert np.abs(mixed - (before + after) / 2).mean() < 5


def test_duplicates_are_the_most_similar_shots(truth: dict[str, Any], pictures: tuple[Any, Any]) -> None:
    middles = [(shot["start_ms"] + shot["end_ms"]) // 2 // media.FRAME_MS for shot in truth["shots"]]
    looks = [pictures[1][number] for number in middles]
    pairs = [(one, two) for one in range(len(looks)) for two in range(one + 1, len(looks))]
    distance = {pair: float(np.abs(looks[pair[0]] - looks[pair[1]]).mean()) for pair in pairs}
    duplicates = {tuple(pair) for pair in truth["duplicates"]}
    assert max(distance[pair] for pair in duplicates) < 5
    assert min(distance[pair] for pair in pairs if pair not in duplicates) > 25


def test_silence_is_silent(truth: dict[str, Any], sound: NDArray[np.float32]) -> None:
    (silence,) = truth["silences"]
    assert silence["end_ms"] - silence["start_ms"] >= 4000
    edge_ms = 30  # the AAC encoder blurs across one block of 21 ms
    assert dbfs(between(sound, silence["start_ms"] + edge_ms, silence["end_ms"] - edge_ms)) < SILENCE_DBFS


def test_speech_stands_where_the_truth_says(truth: dict[str, Any], sound: NDArray[np.float32]) -> None:
    spoken, near_ms = truth["speech"], 150
    for line in spoken:
        start, end = line["start_ms"], line["end_ms"]
        assert dbfs(between(sound, start, end)) == pytest.approx(-20, abs=1), line
        assert dbfs(between(sound, start, start + near_ms)) > dbfs(between(sound, start - near_ms, start)) + 8, line
        assert dbfs(between(sound, end - near_ms, end)) > dbfs(between(sound, end, end + near_ms)) + 8, line
    for one, two in pairwise(spoken):
        assert two["start_ms"] - one["end_ms"] >= 500
        assert dbfs(between(sound, one["end_ms"] + 25, two["start_ms"] - 25)) < GAP_DBFS


def test_speech_has_two_voices_with_several_sentences_each(truth: dict[str, Any]) -> None:
    words = dict.fromkeys(storyboard.VOICES, 0)
    for line in truth["speech"]:
        words[line["speaker"]] += len(line["text"].split())
    assert min(words.values()) > 80


def test_truth_and_note_follow_from_the_script(truth: dict[str, Any]) -> None:
    timeline = storyboard.lay_out([line["end_ms"] - line["start_ms"] for line in truth["speech"]])
    assert make_sample.truth(timeline) == truth
    assert source_note.source_note(timeline) == (FOLDER / "SOURCE.md").read_text(encoding="utf-8")


def test_pictures_follow_from_the_drawings(truth: dict[str, Any], pictures: tuple[Any, Any]) -> None:
    timeline = storyboard.lay_out([line["end_ms"] - line["start_ms"] for line in truth["speech"]])
    for number, shot in enumerate(truth["shots"]):
        frame = (shot["start_ms"] + shot["end_ms"]) // 2 // media.FRAME_MS
        drawn = make_sample.draw_frame(timeline, number, frame * media.FRAME_MS, 0.0)
        small = shrink(av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format="yuv420p"))
        assert np.abs(small - pictures[1][frame]).mean() < 4, shot


def test_wrong_number_of_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="clips"):
        storyboard.lay_out([1000])
