"""What is heard where nobody speaks: each kind found, told from the others, joined and bounded; none in speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.domain import MAX_SOUNDS, ChunkTranscript, Sound, Utterance, Word
from processors.media.audio import open_audio
from processors.speech.sounds import SoundFinder, bounded, joined, reactions, sounds_of
from tests.unit.speech import sounds_made as made

SLOPES = {"white": 0.0, "pink": 0.5, "brown": 1.0}


def found(samples: np.ndarray, start_ms: int = 0, step: int = 7_777 * 16) -> list[Sound]:
    finder = SoundFinder()
    for at in range(0, len(samples), step):
        finder.feed(start_ms + at // 16, samples[at : at + step])
    return finder.finish()


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (made.music(8), "music"),
        (made.music(8, seed=2) + made.noise(8, loudness=0.01), "music"),
        *((made.noise(8, slope, 0.05), "noise") for slope in SLOPES.values()),
        (made.hum(8), "noise"),
        (made.applause(8, 60), "applause"),
        (made.applause(8, 200), "applause"),
        (made.applause(8, 600), "applause"),
        (made.applause(8, 200) + made.noise(8, 0.5, 0.003), "applause"),
    ],
    ids=[
        "music",
        "noisy-music",
        "white",
        "pink",
        "brown",
        "hum",
        "few-claps",
        "claps",
        "many-claps",
        "claps-in-a-room",
    ],
)
def test_each_kind_is_told_over_all_of_it(sound, kind):
    (only,) = found(sound, 60_000)
    assert (only.start_ms, only.end_ms, only.kind) == (60_000, 68_000, kind)
    assert 0.5 <= only.probability <= 1


@pytest.mark.parametrize(("rate", "hz"), [(4.2, 200), (5.0, 280), (6.0, 350)])
def test_laughter_is_found_where_it_is(rate, hz):
    sound = np.concatenate((made.silence(2), made.laughter(3, rate, hz), made.silence(2)))
    (only,) = found(sound)
    assert only.kind == "laughter"
    assert abs(only.start_ms - 2_000) <= 800
    assert abs(only.end_ms - 5_000) <= 800


@pytest.mark.parametrize("ratio_db", [20, 10])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_laughter_in_a_room(ratio_db, seed):
    laugh = made.laughter(3, 4 + seed / 2, 180 + 40 * seed, seed)
    level = 10 ** (-ratio_db / 20) * float(np.sqrt(np.mean(laugh**2)))
    sound = np.concatenate((made.silence(1), laugh, made.silence(1))) + made.noise(5, 0.5, level, seed)
    assert "laughter" in [one.kind for one in found(sound)]


def test_an_engine_is_no_applause_and_no_laughter():
    pulses = 1 + np.sign(np.sin(2 * np.pi * 5 * np.arange(made.RATE * 20) / made.RATE))
    sound = (made.noise(20, 0.3, 0.05) * pulses).astype(np.float32)
    assert {one.kind for one in found(sound)} == {"noise"}


@pytest.mark.parametrize("sound", [made.silence(5), made.noise(5, 0.5, 0.003), made.silence(0), made.noise(0.3)])
def test_silence_and_moments_are_nothing(sound):
    assert found(sound) == []


def test_the_same_for_any_blocks():
    sound = np.concatenate((made.music(7), made.silence(3), made.noise(13), made.laughter(3), made.applause(4)))
    whole = found(sound, step=len(sound))
    assert [one.kind for one in whole][:2] == ["music", "noise"]
    assert found(sound, step=512) == found(sound, step=12_345 * 16) == whole


def test_stretches_do_not_run_into_each_other():
    finder = SoundFinder()
    finder.feed(0, made.music(3))
    finder.feed(20_000, made.music(3))
    assert [(one.start_ms, one.end_ms) for one in finder.finish()] == [(0, 3_000), (20_000, 23_000)]


@pytest.mark.parametrize(
    ("sounds", "expected"),
    [
        ([(0, 1_000, "music"), (1_000, 2_000, "music")], [(0, 2_000, "music")]),
        ([(0, 1_000, "music"), (2_500, 3_500, "music")], [(0, 3_500, "music")]),
        ([(0, 1_000, "music"), (2_501, 3_501, "music")], [(0, 1_000, "music"), (2_501, 3_501, "music")]),
        (
            [(0, 1_000, "music"), (1_000, 2_000, "noise"), (2_000, 3_000, "music")],
            [(0, 1_000, "music"), (1_000, 2_000, "noise"), (2_000, 3_000, "music")],
        ),
        ([(0, 999, "noise")], []),
    ],
    ids=["neighbours", "edge", "beyond-the-edge", "another-between", "too-short"],
)
def test_joining(sounds, expected):
    made_of = [Sound(start_ms, end_ms, kind, 0.8) for start_ms, end_ms, kind in sounds]
    assert [(one.start_ms, one.end_ms, one.kind) for one in joined(made_of)] == expected


def test_a_long_file_makes_no_long_record():
    many = [Sound(at * 40_000, at * 40_000 + 1_000 + at, "music", 0.9) for at in range(2_000)]
    kept = bounded(many)
    assert 0 < len(kept) <= MAX_SOUNDS
    assert kept == sorted(kept, key=lambda one: one.start_ms)
    assert max(one.end_ms - one.start_ms for one in kept) >= max(one.end_ms - one.start_ms for one in many)
    lonely = [Sound(at * 100_000, at * 100_000 + 1_000 + at, "music", 0.9) for at in range(2_000)]
    assert bounded(lonely) == lonely[-MAX_SOUNDS:]  # the longest


def transcript(end_ms: int, *spans: tuple[int, int]) -> ChunkTranscript:
    said = [Word(start_ms, end_ms, "word", 0.9) for start_ms, end_ms in spans]
    spoken = [Utterance(said[0].start_ms, said[-1].end_ms, "", "en", said, -0.3, 0.0, -20.0)] if said else []
    return ChunkTranscript(10_000, 10_000 + end_ms, 0, "en", 1.0, spoken, [], "base")


def test_laughter_between_the_words_of_a_chunk_counts_and_under_them_does_not():
    sound = np.concatenate((made.vowel(1, 150), made.laughter(3), made.vowel(1, 150)))
    (only,) = reactions(sound, transcript(5_000, (10_000, 11_000), (14_000, 15_000)))
    assert only.kind == "laughter"
    assert 10_900 <= only.start_ms < only.end_ms <= 14_200
    assert reactions(sound, transcript(5_000, (10_000, 11_000), (11_200, 14_000), (14_000, 15_000))) == []
    assert reactions(made.noise(5), transcript(5_000)) == []


@pytest.mark.data
def test_no_laughter_and_no_applause_in_real_speech_and_music(test_data):
    files = [path for path in sorted(test_data.glob("*/*")) if path.suffix in (".flac", ".wav", ".ogg", ".mp3")]
    files += [test_data / "video_chaplin" / "chaplin.mp4", test_data / "video_bbb_30s" / "big_buck_bunny_0_30.webm"]
    assert len(files) > 60
    alarms = [
        (path.name, sound)
        for path in files
        for sound in sounds_of(heard(path), 0)
        if sound.kind in ("laughter", "applause")
    ]
    assert alarms == []


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "share"), [("video_chaplin/chaplin.mp4", 0.95), ("video_bbb_30s/big_buck_bunny_0_30.webm", 0.75)]
)
def test_music_of_films(test_data, path, share):
    samples = heard(test_data / path)
    music = sum(one.end_ms - one.start_ms for one in found(samples) if one.kind == "music")
    assert music >= share * len(samples) / 16


def heard(path: Path) -> np.ndarray:
    with open_audio(path, None) as track:
        assert track is not None
        return np.concatenate([block for _, block in track.blocks()])
