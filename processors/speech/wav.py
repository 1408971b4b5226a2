"""Sound as bytes: 16 kHz mono signed 16-bit WAV, the form in which chunks lie in the blob store."""

from __future__ import annotations

import io
import wave
from typing import Final

import numpy as np

from processors.errors import InvalidMessage
from processors.speech.vad import SAMPLE_RATE, Samples

_FULL_SCALE: Final = 32_767
_SAMPLE_BYTES: Final = 2


def to_wav(samples: Samples) -> bytes:
    """Encode samples (mono, 16 kHz, float32, shape (n,)); what is beyond -1..1 is clipped."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.rint(np.clip(samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2").tobytes())
    return out.getvalue()


def within_scale(samples: Samples) -> Samples:
    """Samples that go beyond -1..1 (floating point sound may) brought down as a whole, others as they are."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples if peak <= 1.0 else np.asarray(samples / np.float32(peak), dtype=np.float32)


def from_wav(content: bytes) -> Samples:
    """Decode what `to_wav` made: float32 in -1..1, shape (n,).

    Raises:
        InvalidMessage: not a WAV file of that form.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise InvalidMessage(f"The sound of the chunk is not a WAV file: {error}.") from error
    if form != (1, _SAMPLE_BYTES, SAMPLE_RATE):
        raise InvalidMessage(f"The sound of the chunk is not 16 kHz mono 16-bit: {form}.")
    return np.frombuffer(frames, dtype="<i2").astype(np.float32) / np.float32(_FULL_SCALE)


__all__ = ["from_wav", "to_wav", "within_scale"]
