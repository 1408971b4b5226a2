"""Sounds that are hard to hear, each made from the bundled sample's speech or from nothing; see `SOUNDS`.

`python -m tests.difficult` recognises all of them and prints a table for docs/quality.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from processors.blobs import BlobStore
from processors.domain import AudioChunk, ChunkTranscript
from processors.models.store import ModelStore
from processors.options import Options
from processors.speech.extract import extract_audio
from processors.speech.transcribe import transcribe_chunk
from processors.speech.wer import WordErrors, word_errors
from processors.tools import Tools
from tests import media

Audio = NDArray[np.float32]

RATE_HZ: Final = media.RATE_HZ
START_MS: Final = media.SPEECH_START_MS
LENGTH_MS: Final = 14_000  # to the pause behind the third sentence
SHORT_MS: Final = (50_300, 53_300)  # one whole sentence of the sample and nothing else
_SEED: Final = 7


@dataclass(frozen=True)
class Difficult:
    """One sound.

    Attributes:
        make: gives samples of shape (channels, n) in -1..1, or beyond where that is the difficulty.
        most_wrong: words wrong, of the words said; 0 where nothing is said, where no word may come out.
        rate_hz, layout, codec, form: of the file; form is the sample format of the encoder.
        at_ms: what of the sample is in it; None for nothing that is said.
    """

    make: Callable[[], Audio]
    most_wrong: float
    rate_hz: int = RATE_HZ
    layout: str = "mono"
    codec: str = "pcm_s16le"
    form: str = "s16"
    at_ms: tuple[int, int] | None = (START_MS, START_MS + LENGTH_MS)


def clean(rate_hz: int = RATE_HZ, at_ms: tuple[int, int] = (START_MS, START_MS + LENGTH_MS)) -> Audio:
    """The sample's speech as it is, brought to a peak of 0.5."""
    samples = media.speech(at_ms[1] - START_MS, rate_hz)[:, (at_ms[0] - START_MS) * rate_hz // 1000 :]
    return np.asarray(samples * (0.5 / np.abs(samples).max()), dtype=np.float32)


def db(decibels: float) -> float:
    """An amplitude."""
    return float(10.0 ** (decibels / 20.0))


def at_rms(samples: Audio, decibels: float) -> Audio:
    """The samples brought to this RMS."""
    return np.asarray(samples * (db(decibels) / np.sqrt(np.mean(samples**2))), dtype=np.float32)


def beside(samples: Audio, channels: int, at: int) -> Audio:
    """The samples in one of several channels, the others silent."""
    out = np.zeros((channels, samples.shape[1]), np.float32)
    out[at] = samples[0]
    return out


def jumping(decibels: float) -> Audio:
    """Every 3 s the level goes down or up."""
    samples = clean()
    steps = np.arange(samples.shape[1]) // (3 * RATE_HZ) % 2
    return np.asarray(samples * np.where(steps, db(-decibels), 1.0), dtype=np.float32)


def clipped(decibels: float) -> Audio:
    """Peaks that much above full scale, cut off."""
    return np.clip(clean() * np.float32(2 * db(decibels)), -1, 1)


def noise(colour: float, seconds: int = 20) -> Audio:
    """Noise whose power falls by `colour` x 3 dB an octave (0 white, 1 pink, 2 brown), at -20 dB."""
    count = seconds * RATE_HZ
    spectrum = np.fft.rfft(np.random.default_rng(_SEED).normal(size=count))
    frequency = np.fft.rfftfreq(count, 1 / RATE_HZ)
    frequency[0] = frequency[1]
    return at_rms(np.fft.irfft(spectrum / frequency ** (colour / 2), count)[None].astype(np.float32), -20)


def music(seconds: int = 20) -> Audio:
    """Four chords with a melody over them, plucked, with overtones, and a drum on each beat."""
    random = np.random.default_rng(_SEED)
    out = np.zeros(seconds * RATE_HZ, np.float32)
    beat = RATE_HZ // 2

    def play(start: int, hertz: float, length: int, loudness: float) -> None:
        length = min(length, len(out) - start)
        time = np.arange(length) / RATE_HZ
        tone = sum(np.sin(2 * np.pi * hertz * part * time) / part**1.5 for part in range(1, 7))
        out[start : start + length] += loudness * np.exp(-3 * time) * tone

    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    for number in range(len(out) // beat):
        start, chord = number * beat, chords[number // 4 % 4]
        for hertz in chord:
            play(start, hertz, 2 * beat, 0.1)
        play(start, 2 * float(random.choice(chord)), beat, 0.2)
        hit = min(RATE_HZ // 10, len(out) - start)
        out[start : start + hit] += 0.2 * random.normal(size=hit) * np.exp(-np.arange(hit) / (RATE_HZ / 60))
    return at_rms(out[None], -18)


SOUNDS: Final[dict[str, Difficult]] = {
    "as it is": Difficult(clean, 0.05),
    "8 kHz": Difficult(lambda: clean(8_000), 0.12, rate_hz=8_000),
    "5.1, speech in the centre": Difficult(lambda: beside(clean(), 6, 2), 0.05, layout="5.1"),
    "5.1, speech behind on the left": Difficult(lambda: beside(clean(), 6, 4), 0.05, layout="5.1"),
    "24 bit": Difficult(clean, 0.05, codec="pcm_s24le", form="s32"),
    "48 kHz float": Difficult(clean, 0.05, codec="pcm_f32le", form="flt"),
    "48 kHz float, 12 dB above full scale": Difficult(
        lambda: clean() * np.float32(8), 0.05, codec="pcm_f32le", form="flt"
    ),
    "clipped by 6 dB": Difficult(lambda: clipped(6), 0.08),
    "clipped by 12 dB": Difficult(lambda: clipped(12), 0.15),
    "DC offset of half of full scale": Difficult(lambda: clean() * np.float32(0.5) + np.float32(0.5), 0.05),
    "mono in the left ear": Difficult(lambda: beside(clean(), 2, 0), 0.05, layout="stereo"),
    "mono in the right ear": Difficult(lambda: beside(clean(), 2, 1), 0.05, layout="stereo"),
    "one ear, the other hums": Difficult(
        lambda: np.concatenate((at_rms(noise(2, 20)[:, : clean().shape[1]], -50), clean())), 0.05, layout="stereo"
    ),
    "left is right upside down": Difficult(lambda: np.concatenate((clean(), -clean())), 0.05, layout="stereo"),
    "left is right upside down, not quite": Difficult(
        lambda: np.concatenate((clean(), -0.8 * clean())), 0.05, layout="stereo"
    ),
    "very quiet, -50 dB": Difficult(lambda: at_rms(clean(), -50), 0.10),
    "very quiet, -60 dB in 24 bit": Difficult(lambda: at_rms(clean(), -60), 0.10, codec="pcm_s24le", form="s32"),
    "levels jump by 20 dB": Difficult(lambda: jumping(20), 0.08),
    "levels jump by 40 dB": Difficult(lambda: jumping(40), 0.30),
    "pink noise 10 dB below": Difficult(
        lambda: at_rms(clean(), -20) + at_rms(noise(1)[:, : clean().shape[1]], -30), 0.20
    ),
    "music 10 dB below": Difficult(lambda: at_rms(clean(), -20) + at_rms(music()[:, : clean().shape[1]], -30), 0.20),
    "3 s": Difficult(lambda: clean(at_ms=SHORT_MS), 0.15, at_ms=SHORT_MS),
    "music alone": Difficult(music, 0.0, at_ms=None),
    "white noise alone": Difficult(lambda: noise(0), 0.0, at_ms=None),
    "pink noise alone": Difficult(lambda: noise(1), 0.0, at_ms=None),
    "brown noise alone": Difficult(lambda: noise(2), 0.0, at_ms=None),
    "silence": Difficult(lambda: np.zeros((1, 20 * RATE_HZ), np.float32), 0.0, at_ms=None),
}


def reference(at_ms: tuple[int, int] | None) -> str:
    """What the sample says in a stretch, by whole sentences."""
    truth = json.loads(media.SAMPLE.with_name("sample.truth.json").read_text())
    first_ms, last_ms = at_ms or (0, 0)
    return " ".join(one["text"] for one in truth["speech"] if first_ms <= one["start_ms"] and one["end_ms"] <= last_ms)


def write(sound: Difficult, path: Path) -> Path:
    """Write a sound as a file; its name decides the container."""
    samples = sound.make()
    if sound.form == "s16":
        plane = np.rint(np.clip(samples, -1, 1) * (2**15 - 1)).astype(np.int16)
    elif sound.form == "s32":
        plane = np.rint(np.clip(samples, -1, 1).astype(np.float64) * (2**31 - 2**8)).astype(np.int32)
    else:
        plane = samples.astype(np.float32)
    with av.open(str(path), "w") as output:
        track = output.add_stream(sound.codec, rate=sound.rate_hz, layout=sound.layout)
        packed = np.ascontiguousarray(plane.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format=sound.form, layout=sound.layout)
        frame.sample_rate, frame.time_base, frame.pts = sound.rate_hz, Fraction(1, sound.rate_hz), 0
        output.mux([*track.encode(frame), *track.encode(None)])
    return path


def recognised(path: Path, tools: Tools, options: Options | None = None) -> list[ChunkTranscript]:
    """A file through extraction and recognition."""
    options = options or Options()
    items = list(extract_audio(path, options, tools))
    return [transcribe_chunk(item, options, tools) for item in items if isinstance(item, AudioChunk)]


def said(parts: list[ChunkTranscript]) -> str:
    """All words."""
    return " ".join(utterance.text for part in parts for utterance in part.utterances)


def errors_of(sound: Difficult, folder: Path, tools: Tools) -> tuple[WordErrors, str]:
    """Word errors of a sound, and what was understood."""
    text = said(recognised(write(sound, folder / "sound.mov"), tools))
    return word_errors(reference(sound.at_ms), text), text


def main(model: str) -> None:
    """Print the table."""
    from streams.settings import Settings

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = Tools(BlobStore(str(folder)), ModelStore(None, Settings().cache_dir), 1, model, folder)
        sys.stdout.write(f"| sound | words wrong, {model} |\n|---|---|\n")
        for kind, sound in SOUNDS.items():
            errors, text = errors_of(sound, folder, tools)
            wrong = f"{100 * errors.rate:.1f} %" if sound.at_ms else f"{errors.insertions} words"
            sys.stdout.write(f"| {kind} | {wrong} |\n")
            sys.stderr.write(f"{kind}: {text}\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tiny.en")
