"""Chunks of speech: all of it covered, none twice, none too long, however the sound comes in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.speech.chunking import MAX_CHUNK_MS, MIN_CHUNK_MS, Chunker
from processors.speech.vad import SAMPLE_RATE, WINDOW_MS, WINDOW_SAMPLES


class Scripted:
    """A detector that reads the probability of a window off its samples."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples):
        self._rest = np.concatenate((self._rest, samples))
        whole = len(self._rest) // WINDOW_SAMPLES
        windows, self._rest = self._rest[: whole * WINDOW_SAMPLES], self._rest[whole * WINDOW_SAMPLES :]
        return windows.reshape(whole, WINDOW_SAMPLES)[:, 0]

    def finish(self):
        return self._rest[:1]


def sound(stretches: list[tuple[int, float]]) -> np.ndarray:
    """Samples with a constant probability per stretch of (windows, probability)."""
    return np.concatenate([np.full(windows * WINDOW_SAMPLES, level, np.float32) for windows, level in stretches])


def chunks(samples: np.ndarray, step: int) -> list:
    chunker = Chunker(Scripted())
    found = []
    for start in range(0, len(samples), step):
        found += list(chunker.feed(samples[start : start + step]))
        # bounded memory: the open chunk, what the detector holds back, and the padding
        assert chunker.kept_samples <= (MAX_CHUNK_MS + 6_000) * SAMPLE_RATE // 1000
    return found + list(chunker.finish())


def test_a_shorter_limit_holds_and_what_leaves_no_room_is_refused():
    talk = sound([(1_500, 1.0)])  # 48 s without a pause
    chunker = Chunker(Scripted(), longest_ms=MIN_CHUNK_MS)
    found = [*chunker.feed(talk), *chunker.finish()]
    assert len(found) >= 4
    assert max(chunk.end_ms - chunk.start_ms for chunk in found) <= MIN_CHUNK_MS
    for wrong in (MIN_CHUNK_MS - 1, MAX_CHUNK_MS + 1):
        with pytest.raises(ValueError, match="ms long at most"):
            Chunker(Scripted(), longest_ms=wrong)


stretches = st.lists(
    st.tuples(st.integers(1, 1_200), st.sampled_from([0.0, 0.05, 0.3, 0.6, 0.9, 1.0])), min_size=1, max_size=12
)


@given(stretches, st.sampled_from([333, 4_000, 16_000, 100_000]))
@settings(max_examples=40, deadline=None)
def test_chunks_are_in_order_short_enough_and_independent_of_the_blocks(script, step):
    samples = sound(script)
    found = chunks(samples, step)
    for chunk in found:
        assert 0 < chunk.end_ms - chunk.start_ms <= MAX_CHUNK_MS
        assert len(chunk.samples) == (chunk.end_ms - chunk.start_ms) * SAMPLE_RATE // 1000
        assert chunk.speech
        assert all(chunk.start_ms <= span.start_ms < span.end_ms <= chunk.end_ms for span in chunk.speech)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(found))
    again = chunks(samples, 50_000)
    assert [(c.start_ms, c.end_ms, c.speech) for c in found] == [(c.start_ms, c.end_ms, c.speech) for c in again]


@given(stretches)
@settings(max_examples=40, deadline=None)
def test_every_long_stretch_of_speech_is_covered(script):
    found = chunks(sound(script), 16_000)
    at = 0
    for windows, level in script:
        start_ms, end_ms = at * WINDOW_MS, (at + windows) * WINDOW_MS
        at += windows
        if level >= 0.6 and windows >= 10:
            covered = sum(max(0, min(end_ms, c.end_ms) - max(start_ms, c.start_ms)) for c in found)
            assert covered >= end_ms - start_ms - 2 * WINDOW_MS


def test_speech_without_any_pause_is_cut_all_the_same():
    found = chunks(sound([(2_500, 0.9)]), 16_000)  # 80 s
    assert len(found) >= 3
    assert all(before.end_ms == after.start_ms for before, after in pairwise(found))


def test_chunks_follow_each_other_without_a_gap_unless_it_is_long():
    speech = (100, 1.0)
    found = chunks(sound([(60, 0.0), speech, (80, 0.0), speech, (110, 0.0), speech, (50, 0.0)]), 16_000)
    assert [(c.start_ms // WINDOW_MS, c.end_ms // WINDOW_MS) for c in found] == [(0, 170), (170, 350), (440, 560)]


def test_silence_gives_no_chunk():
    assert chunks(sound([(3_000, 0.05)]), 16_000) == []


def test_a_long_pause_parts_chunks_and_a_short_one_does_not():
    speech = (250, 1.0)  # 8 s
    assert len(chunks(sound([speech, (50, 0.0), speech]), 16_000)) == 2
    assert len(chunks(sound([(60, 1.0), (8, 0.0), (60, 1.0)]), 16_000)) == 1


@given(stretches, st.sampled_from([333, 16_000, 100_000]))
@settings(max_examples=40, deadline=None)
def test_all_sound_is_in_a_chunk_or_between_and_nothing_twice(script, step):
    samples = sound(script)
    samples = samples + np.linspace(0, 1e-3, len(samples), dtype=np.float32)  # every sample another one
    between: list[tuple[int, np.ndarray]] = []
    chunker = Chunker(Scripted(), lambda start_ms, piece: between.append((start_ms, piece)))
    found = [c for at in range(0, len(samples), step) for c in chunker.feed(samples[at : at + step])]
    found += chunker.finish()
    assert [start_ms for start_ms, _ in between] == sorted(start_ms for start_ms, _ in between)
    pieces = sorted([*between, *((chunk.start_ms, chunk.samples) for chunk in found)], key=lambda piece: piece[0])
    assert np.array_equal(np.concatenate([piece for _, piece in pieces]), samples)
    assert [start_ms * SAMPLE_RATE // 1000 for start_ms, _ in pieces] == [
        sum(len(piece) for _, piece in pieces[:n]) for n in range(len(pieces))
    ]
