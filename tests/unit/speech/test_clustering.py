from __future__ import annotations

import numpy as np
import pytest

from processors.speech.clustering import affinity, by_speech, joined, thinned, voices_of
from processors.speech.speaker_count import MAX_SPEAKERS, speaker_count
from processors.speech.voiceprint import Vectors, normalised


def voices(counts: list[int], spread: float = 0.8, seed: int = 3, size: int = 192) -> tuple[Vectors, np.ndarray]:
    """Prints of people in turn, with cosines of about 1 / (1 + spread^2) within a voice and 0 between voices."""
    chance = np.random.default_rng(seed)
    middles = normalised(chance.standard_normal((len(counts), size)))
    who = np.repeat(np.arange(len(counts)), counts)
    chance.shuffle(who)
    noise = normalised(chance.standard_normal((len(who), size))) * spread
    return normalised(middles[who] + noise), who


@pytest.mark.parametrize("counts", [[40], [30, 20], [50, 5], [20, 20, 20], [40, 30, 20, 10, 6]])
def test_each_voice_is_found_once(counts: list[int]) -> None:
    vectors, who = voices(counts)
    found = voices_of(vectors, np.full(len(vectors), 750))
    assert len(found) == len(counts)
    nearest = np.argmax(vectors @ found.T, axis=1)
    assert len({(a, b) for a, b in zip(who.tolist(), nearest.tolist(), strict=True)}) == len(counts)
    assert [int((nearest == number).sum()) for number in range(len(counts))] == sorted(counts, reverse=True)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_few_prints(number: int) -> None:
    vectors, _ = voices([2])
    assert len(voices_of(vectors[:number], np.full(number, 750))) == min(number, 1)


def test_long_videos_are_clustered_a_part_at_a_time() -> None:
    middles, _ = voices([1] * 4, spread=0.0)
    chance = np.random.default_rng(5)
    turns = np.repeat(chance.integers(0, 4, 300), 6)  # 300 turns of six prints, four people
    vectors = normalised(middles[turns] + 0.8 * normalised(chance.standard_normal((len(turns), 192))))
    lengths = np.full(len(vectors), 750)
    points, mass = thinned(vectors, lengths.astype(float), 100)
    assert 100 < len(points) < len(vectors), "joined only within turns"
    assert mass.sum() == lengths.sum()
    found = voices_of(vectors, lengths, max_centroids=100)
    assert len(found) == 4
    nearest = np.argmax(vectors @ found.T, axis=1)
    assert len(set(zip(turns.tolist(), nearest.tolist(), strict=True))) == 4


def test_a_monologue_is_thinned_to_the_limit() -> None:
    vectors, _ = voices([900], spread=0.5)
    points, mass = thinned(vectors, np.full(900, 750.0), 100)
    assert len(points) == 100
    assert mass.sum() == 900 * 750


def test_the_same_prints_give_the_same_voices() -> None:
    vectors, _ = voices([30, 20, 10], spread=1.1)
    lengths = np.full(len(vectors), 750)
    assert voices_of(vectors, lengths).tobytes() == voices_of(vectors.copy(), lengths).tobytes()


def test_a_voice_of_a_moment_is_given_up() -> None:
    vectors, _ = voices([40, 2])
    assert len(voices_of(vectors, np.full(42, 750))) == 1
    assert len(voices_of(vectors, np.full(42, 1_500))) == 2


def test_groups_of_one_voice_are_joined() -> None:
    apart = normalised(np.array([[1.0, 0.0, 0.0], [0.9, 0.4, 0.0], [0.0, 0.0, 1.0]]))
    assert len(joined(apart, np.array([5_000.0, 4_000.0, 3_000.0]), 2_500.0)) == 2


def test_what_two_voices_may_have_in_common_counts_nothing() -> None:
    pair = normalised(np.array([[1.0, 0.0], [0.3, 0.954]]))
    assert affinity(pair)[0, 1] == pytest.approx(0.0, abs=1e-3)


def test_groups_are_numbered_by_speech_then_by_time() -> None:
    labels, lengths = np.array([7, 2, 2, 5, 5]), np.array([100, 200, 300, 250, 250])
    assert by_speech(labels, lengths).tolist() == [2, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("eigenvalues", "count"),
    [
        ([0.0], 1),
        ([0.0, 0.9, 0.95], 1),
        ([0.0, 0.01, 0.8], 2),
        ([0.0, 0.0, 0.02, 0.3, 0.5], 4),
        ([0.0, 0.3, 0.33, 0.34, 0.36], 1),
        ([0.0] * 80, MAX_SPEAKERS),
    ],
)
def test_speakers_are_counted_at_the_jump(eigenvalues: list[float], count: int) -> None:
    assert speaker_count(np.array(eigenvalues)) == count
