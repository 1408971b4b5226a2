"""Voice activity: where somebody speaks, by Silero VAD (v6, MIT, https://github.com/snakers4/silero-vad), streaming.

The network gives a speech probability for each window of 32 ms and carries its state from window to window; hysteresis
turns the probabilities into spans. Both keep what they need between calls, so a file is read once and never held.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000  # Hz, of the network and of all audio after `processors.media.audio`
WINDOW_SAMPLES: Final = 512  # the network's step
WINDOW_MS: Final = WINDOW_SAMPLES * 1000 // SAMPLE_RATE  # 32
_CONTEXT_SAMPLES: Final = 64  # the network also sees the end of the window before
_STATE_SIZE: Final = 128
# Windows per call of the network (about 1 s). Always the same number, whatever the blocks that come in: sums in another
# order would differ in the last bits, and the spans of a file must not depend on how it was read.
_BATCH_WINDOWS: Final = 32

# Speech begins at this probability and lasts until it falls below the second. Silero proposes 0.5 and 0.35; 0.4 and
# 0.25 find 1-2 % more of soft and telephone speech, and music, noise and street sound still give no span. At 0.3 and
# 0.15 music does.
SPEECH_THRESHOLD: Final = 0.4
SILENCE_THRESHOLD: Final = 0.25
# A shorter gap is a stop consonant or a breath, not a pause: 5 windows.
MIN_SILENCE_WINDOWS: Final = 5
# Anything shorter is a click; the shortest words ("no", "si") are 150 ms and more: 4 windows.
MIN_SPEECH_WINDOWS: Final = 4
# Speech that came to the threshold began where the lower one was passed, at most 320 ms earlier: soft beginnings. The
# first "Hello?" of a telephone talk is one window above the one and five above the other, and was lost as a click.
MAX_RISE_WINDOWS: Final = 10

# The network follows the loudness of what it just heard: after a clip at -25 dB it was blind for clips at -60 dB (5 of
# 40 lost). So each batch is lifted to the level of ordinary speech, by the loudest tenth of a second of late. That
# memory fades fast, else the first words of a quiet speaker are lost (fading by 1.5, 3, 6, 12 dB/s: 3, 2, 1, 1 clips
# less than half covered); noise lifted like this stays below a probability of 0.3.
_TARGET_DB: Final = -23.0  # RMS of the loudest tenth of a second, relative to full scale
_MAX_GAIN_DB: Final = 40.0
_FADE_DB_PER_S: Final = 12.0
_LEVEL_SAMPLES: Final = SAMPLE_RATE // 10
_FLOOR_POWER: Final = 1e-12  # -120 dB: below any converter's noise

Samples = NDArray[np.float32]
WindowSpan = tuple[int, int]  # [first window, window after the last)


class SpeechDetector:
    """Speech probabilities of a stream of samples.

    Args:
        model_path: `silero_vad_v6.onnx`.
    """

    def __init__(self, model_path: Path) -> None:
        import onnxruntime

        options: Any = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1  # 0.003 x real time on one thread; more threads only wait for each other
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(
            str(model_path), providers=["CPUExecutionProvider"], sess_options=options
        )
        self._h = np.zeros((1, 1, _STATE_SIZE), dtype=np.float32)
        self._c = np.zeros((1, 1, _STATE_SIZE), dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)
        self._rest: Samples = np.zeros(0, dtype=np.float32)
        self._level_db = -120.0

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Take in samples and return the probabilities that are known by now.

        Args:
            samples: mono, 16 kHz, float32 in -1..1, shape (n,), any n.

        Returns:
            Probabilities 0..1 of the next windows in order, shape (m,); m is a multiple of the batch, often 0.

        Raises:
            ValueError: not one-dimensional float32.
        """
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise ValueError(f"expected mono float32 samples, got shape {samples.shape} of {samples.dtype}")
        pending = np.concatenate((self._rest, samples))
        step = WINDOW_SAMPLES * _BATCH_WINDOWS
        whole = len(pending) // step * step
        self._rest = pending[whole:]
        batches = [self._run(pending[start : start + step]) for start in range(0, whole, step)]
        return np.concatenate(batches) if batches else np.zeros(0, dtype=np.float32)

    def finish(self) -> NDArray[np.float32]:
        """The probabilities of what is left; the last window is filled up with silence."""
        missing = -len(self._rest) % WINDOW_SAMPLES
        rest, self._rest = np.pad(self._rest, (0, missing)), np.zeros(0, dtype=np.float32)
        return self._run(rest) if len(rest) else np.zeros(0, dtype=np.float32)

    def _run(self, samples: Samples) -> NDArray[np.float32]:
        windows = self._lift(samples).reshape(-1, WINDOW_SAMPLES)
        context = np.vstack((self._context, windows[:-1, -_CONTEXT_SAMPLES:]))
        self._context = windows[-1, -_CONTEXT_SAMPLES:].copy()
        feed = {"input": np.concatenate((context, windows), axis=1), "h": self._h, "c": self._c}
        probabilities, self._h, self._c = self._session.run(None, feed)
        return np.asarray(probabilities, dtype=np.float32).reshape(-1)

    def _lift(self, samples: Samples) -> Samples:
        """Raise quiet samples to the level of ordinary speech; loud ones stay as they are."""
        tenths = np.array_split(samples.astype(np.float64), max(1, len(samples) // _LEVEL_SAMPLES))
        loudest_db = 10.0 * np.log10(max(float(np.mean(tenth**2)) for tenth in tenths) + _FLOOR_POWER)
        self._level_db = max(loudest_db, self._level_db - _FADE_DB_PER_S * len(samples) / SAMPLE_RATE)
        gain_db = min(_MAX_GAIN_DB, max(0.0, _TARGET_DB - self._level_db))
        return np.asarray(np.clip(samples * np.float32(10.0 ** (gain_db / 20.0)), -1.0, 1.0))


class Hysteresis:
    """Turns window probabilities into speech spans, one window at a time.

    `start` is the first window of speech that is not closed yet (or None): it may still turn out to be a click.
    `silence_since` is the window after the last one above the lower threshold in it.
    """

    def __init__(self) -> None:
        self.now = 0  # windows taken in
        self._rising = 0  # windows above the lower threshold up to now, outside speech
        self.start: int | None = None
        self.silence_since: int | None = None

    def push(self, probability: float) -> WindowSpan | None:
        """Take in the next window; returns the span that it closes: speech before `MIN_SILENCE_WINDOWS` of silence."""
        window, self.now = self.now, self.now + 1
        if self.start is None:
            if probability >= SPEECH_THRESHOLD:
                self.start, self._rising = window - self._rising, 0
            else:
                self._rising = min(self._rising + 1, MAX_RISE_WINDOWS) if probability >= SILENCE_THRESHOLD else 0
            return None
        if probability >= SILENCE_THRESHOLD if self.silence_since is None else probability >= SPEECH_THRESHOLD:
            self.silence_since = None
            return None
        if self.silence_since is None:
            self.silence_since = window
        if self.now - self.silence_since < MIN_SILENCE_WINDOWS:
            return None
        return self._close(self.silence_since)

    def finish(self) -> WindowSpan | None:
        """The span that is open at the end, if any."""
        return self._close(self.silence_since or self.now) if self.start is not None else None

    def split(self, window: int) -> WindowSpan | None:
        """Cut the open span in two at `window`: returns the first part, the second goes on; None when none is open."""
        if self.start is None or not self.start < window < self.now:
            return None
        first = (self.start, window)
        self.start = window
        return first

    def _close(self, end: int) -> WindowSpan | None:
        assert self.start is not None
        span = (self.start, end)
        self.start = self.silence_since = None
        return span if span[1] - span[0] >= MIN_SPEECH_WINDOWS else None


__all__ = [
    "MAX_RISE_WINDOWS",
    "SAMPLE_RATE",
    "WINDOW_MS",
    "WINDOW_SAMPLES",
    "Hysteresis",
    "Samples",
    "SpeechDetector",
    "WindowSpan",
]
