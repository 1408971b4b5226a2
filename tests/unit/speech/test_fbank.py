from __future__ import annotations

import numpy as np
import pytest

from processors.speech.fbank import BANDS, fbank


def test_the_numbers_of_kaldi() -> None:
    """Values of kaldi-native-fbank 1.x for the same sound: bands 0, 5, 20, 40, 60, 79 of three frames."""
    t = np.arange(8_000) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 1500 * t * (1 + t))
    found = fbank((sound + 0.02 * np.sin(2 * np.pi * 5000 * t)).astype(np.float32))
    assert found.shape == (48, BANDS)
    assert found.dtype == np.float32
    expected = [
        [14.7491, 20.3677, 5.1261, 11.5024, 4.4738, -1.0003],
        [14.7224, 20.3677, 5.6665, 12.7426, 4.8039, -0.8273],
        [13.958, 20.367, 5.3414, 5.5932, 6.4798, -1.6438],
    ]
    np.testing.assert_allclose(found[[0, 20, 47]][:, [0, 5, 20, 40, 60, 79]], expected, atol=2e-2)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_frames_lie_wholly_inside(samples: int, frames: int) -> None:
    assert fbank(np.zeros(samples, dtype=np.float32)).shape == (frames, BANDS)


def test_silence_is_finite() -> None:
    assert np.isfinite(fbank(np.zeros(1_600, dtype=np.float32))).all()
