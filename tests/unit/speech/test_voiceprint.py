from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ops.bench.mix import read_sound
from processors.domain import Span, VoicePrint
from processors.models.store import ModelStore
from processors.speech.vad import SAMPLE_RATE
from processors.speech.voiceprint import (
    HOP_MS,
    SIZE,
    WINDOW_MS,
    VoiceEncoder,
    decoded,
    encoded,
    normalised,
    voice_prints,
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> VoiceEncoder:
    return VoiceEncoder(ModelStore(None, tmp_path_factory.mktemp("cache")).path("campplus"), threads=1)


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)


@pytest.mark.parametrize(
    ("length_ms", "expected"),
    [
        pytest.param(100, [(0, 100)], id="one window, however short"),
        pytest.param(WINDOW_MS, [(0, 1_500)], id="exactly one"),
        pytest.param(1_600, [(0, 1_600)], id="a short rest counts to the last window"),
        pytest.param(1_700, [(0, 1_500), (200, 1_700)], id="a longer rest has one that ends with the span"),
        pytest.param(WINDOW_MS + HOP_MS, [(0, 1_500), (750, 2_250)], id="a hop more"),
    ],
)
def test_windows_cover_a_span(encoder: VoiceEncoder, length_ms: int, expected: list[tuple[int, int]]) -> None:
    found = voice_prints(noise(3.0), 5_000, [Span(5_200, 5_200 + length_ms)], encoder)
    assert [(print_.start_ms - 5_200, print_.end_ms - 5_200) for print_ in found] == expected


def test_a_print_depends_on_its_span_alone(encoder: VoiceEncoder) -> None:
    sound = noise(8.0)
    spans = [Span(500, 3_100), Span(4_000, 7_500)]
    whole = voice_prints(sound, 0, spans, encoder)
    chunk = voice_prints(sound[3_700 * 16 :], 3_700, spans[1:], encoder)
    assert chunk == [print_ for print_ in whole if print_.start_ms >= 4_000]


def test_no_speech_has_no_prints(encoder: VoiceEncoder) -> None:
    assert voice_prints(noise(1.0), 0, [], encoder) == []
    assert voice_prints(noise(1.0), 0, [Span(500, 500)], encoder) == []


def test_vectors_survive_being_bytes() -> None:
    vectors = normalised(np.random.default_rng(2).standard_normal((50, SIZE)))
    back = decoded([VoicePrint(0, 1, encoded(vector)) for vector in vectors])
    assert np.abs(back @ back.T - vectors @ vectors.T).max() < 0.02
    assert (np.einsum("ij,ij->i", back, vectors) > 0.998).all()
    assert decoded([]).shape == (0, SIZE)


@pytest.mark.data
def test_one_voice_is_near_itself_and_far_from_others(encoder: VoiceEncoder, test_data: Path) -> None:
    middles: dict[str, list[np.ndarray]] = {}
    for folder in ("speech_librispeech_533", "speech_librispeech_1998", "speech_librispeech_3005"):
        for entry in json.loads((test_data / folder / "truth.json").read_text())[1:4]:
            sound = read_sound(test_data / folder / entry["file"])[: 6 * SAMPLE_RATE]
            prints = decoded(voice_prints(sound, 0, [Span(300, len(sound) // 16)], encoder))
            middles.setdefault(entry["speaker"], []).append(normalised(prints.mean(axis=0)))
    for name, own in middles.items():
        others = [vector for other, vectors in middles.items() if other != name for vector in vectors]
        assert min(float(left @ right) for left in own for right in own) > 0.6
        assert max(float(left @ right) for left in own for right in others) < 0.4
