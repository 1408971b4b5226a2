"""Speak a sentence with Flite and cut the clip to where its sound starts and ends.

Flite is a system package (``ops/sample/install_tts.sh``). It is needed only to make the sample anew.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FLITE_RATE_HZ: Final = 16_000
RATE_HZ: Final = 48_000
SAMPLES_PER_MS: Final = RATE_HZ // 1000
SPEECH_DBFS: Final = -20.0
"""Loudness of every clip (RMS), so that neither voice is louder than the other."""
EDGE_DB: Final = -38.0
"""A clip starts and ends where 5 ms of it come within this distance of its loudest 5 ms."""
EDGE_WINDOW_MS: Final = 5
FADE_MS: Final = 5
"""Fade at both ends of a clip, against clicks."""


def _speak(voice: str, text: str) -> Samples:
    """Return what Flite makes of ``text``: mono float32 at 16 kHz."""
    program = shutil.which("flite")
    if program is None:
        raise FileNotFoundError("flite is not installed: run ops/sample/install_tts.sh first")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        subprocess.run([program, "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True)
        with wave.open(str(path), "rb") as clip:
            if (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) != (FLITE_RATE_HZ, 1, 2):
                raise ValueError(f"voice {voice} is not 16 kHz, mono, 16 bit")
            pcm = np.frombuffer(clip.readframes(clip.getnframes()), dtype="<i2")
    return pcm.astype(np.float32) / 32768.0


def _upsample(clip: Samples) -> Samples:
    """Return the clip at 48 kHz: zeros added to its spectrum, which is exact for a whole factor."""
    factor = RATE_HZ // FLITE_RATE_HZ
    spectrum = np.fft.rfft(clip.astype(np.float64))
    return (np.fft.irfft(spectrum, n=len(clip) * factor) * factor).astype(np.float32)


def _trim(clip: Samples) -> Samples:
    """Cut the quiet edges off; the result is a whole number of ms long."""
    window = EDGE_WINDOW_MS * SAMPLES_PER_MS
    count = len(clip) // window
    power = np.mean(clip[: count * window].reshape(count, window).astype(np.float64) ** 2, axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (EDGE_DB / 10))
    return clip[int(loud[0]) * window : (int(loud[-1]) + 1) * window]


def clip(voice: str, text: str) -> Samples:
    """Return ``text`` spoken by a Flite voice: mono float32, 48 kHz, edges trimmed, -20 dBFS.

    Raises:
        FileNotFoundError: when Flite is not installed.
        subprocess.CalledProcessError: when Flite refuses the voice or text.
    """
    spoken = _trim(_upsample(_speak(voice, text))).copy()
    spoken *= 10 ** (SPEECH_DBFS / 20) / float(np.sqrt(np.mean(spoken.astype(np.float64) ** 2)))
    ramp = np.linspace(0.0, 1.0, FADE_MS * SAMPLES_PER_MS, dtype=np.float32)
    spoken[: len(ramp)] *= ramp
    spoken[-len(ramp) :] *= ramp[::-1]
    return spoken
