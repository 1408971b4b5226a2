"""People whose voice is known beforehand: a folder with one recording of each, NAME.wav, NAME.flac, NAME.mp3, ...

A voice of a video gets the name of the recording that it is nearest to, if it is near enough. What decides is the
content of the folder and not where it lies: its digest is part of the segmenter's cache key. A recording that is of no
use is left out, and results say so: hours of recognition are worth more than a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from processors.domain import Span
from processors.errors import InvalidMedia
from processors.speech.recordings import recordings, voices_digest
from processors.speech.voiceprint import VOICE_MODEL, Vectors, decoded, normalised, voice_encoder, voice_prints
from processors.tools import Tools

# Cosine of the middle of a recording's prints and of a voice's, from which they are one person's. Middles of two voices
# had up to 0.34, over the telephone 0.47; of two halves of what one says from 0.82, of single clips of 2 s from 0.6.
SAME_PERSON: Final = 0.60
_MAX_RECORDING_S: Final = 120  # of each recording; what goes beyond changes the middle of its prints by nothing
_MAX_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Enrolled:
    """People whose voices are known.

    Attributes:
        prints: by name, shape (n, size).
        faults: of recordings that are of no use, for users.
    """

    prints: dict[str, Vectors]
    faults: tuple[str, ...] = ()


NOBODY: Final = Enrolled({})


def enrolled(tools: Tools) -> Enrolled:
    """The enrolled people; prints are made once per process and content of the folder.

    Raises:
        ModelUnavailable: no weights.
    """
    digest = voices_digest(tools.voices_dir)
    if digest is None or tools.voices_dir is None:
        return NOBODY
    if digest not in _kept:
        found = _read(tools.voices_dir, tools)
        _kept.clear()
        _kept[digest] = found
    return _kept[digest]


def names_of(voices: Vectors, known: dict[str, Vectors]) -> dict[int, str]:
    """Position of a voice -> name, one to one, the nearest pairs first; voices that nobody is near to are left out.

    Args:
        voices: of length 1, shape (n, size).
        known: name -> prints.
    """
    names = sorted(name for name, prints in known.items() if prints.ndim == 2 and prints.shape[1:] == voices.shape[1:])
    if not names or not len(voices):
        return {}
    middles = normalised(np.stack([known[name].mean(axis=0) for name in names]))
    alike = voices.astype(np.float64) @ middles.T
    found: dict[int, str] = {}
    while alike.size and alike.max() >= SAME_PERSON:
        voice, person = (int(n) for n in np.unravel_index(int(np.argmax(alike)), alike.shape))
        found[voice] = names[person]
        alike[voice], alike[:, person] = -1.0, -1.0
    return found


_kept: dict[str, Enrolled] = {}  # digest of the folder that was read last -> its people


def _read(folder: Path, tools: Tools) -> Enrolled:
    found: dict[str, list[Vectors]] = {}
    faults = []
    for path in recordings(folder):
        name = "".join(filter(str.isprintable, path.stem)).strip()[:_MAX_NAME] or "unnamed"
        try:
            found.setdefault(name, []).append(_prints(path, tools))
        except (InvalidMedia, OSError) as error:
            faults.append(f"voices: the recording {path.name} is left out. {error}")
    people = {name: np.concatenate(prints) for name, prints in found.items() if prints}
    return Enrolled(people, tuple(faults))


def _prints(path: Path, tools: Tools) -> Vectors:
    from processors.media.audio import SAMPLE_RATE, open_audio
    from processors.speech.vad import WINDOW_MS, Hysteresis, SpeechDetector

    with open_audio(path, None, tools.limits) as track:
        blocks = (
            []
            if track is None
            else [block for _, (_, block) in zip(range(_MAX_RECORDING_S), track.blocks(), strict=False)]
        )
    samples = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
    detector, hysteresis = SpeechDetector(tools.models.path("silero-vad")), Hysteresis()
    spans = [hysteresis.push(value) for value in np.concatenate((detector.feed(samples), detector.finish())).tolist()]
    ends_ms = len(samples) * 1000 // SAMPLE_RATE
    speech = [
        Span(first * WINDOW_MS, min(after * WINDOW_MS, ends_ms))
        for first, after in (span for span in (*spans, hysteresis.finish()) if span is not None)
    ]
    encoder = voice_encoder(tools.models.path(VOICE_MODEL), tools.threads)
    prints = voice_prints(samples, 0, speech, encoder)
    if not prints:
        raise InvalidMedia("It has no speech.")
    return decoded(prints)


__all__ = ["NOBODY", "SAME_PERSON", "Enrolled", "enrolled", "names_of"]
