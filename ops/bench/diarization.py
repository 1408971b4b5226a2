"""Who spoke when, measured: `bench diarization`.

On made-up talks (`ops.bench.mix`) whose voices no threshold was tuned on, and on samples that people labelled: error
rates of the file as a whole and worked on in parallel chunks as the pipeline does it, of two baselines on the same
prints (everybody is one; average linkage), how many speakers were found, and the processor time of it all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ops.bench import alone
from ops.bench.machine import describe
from ops.bench.mix import Mix, half_of, make_mix, read_rttm, read_sound, voices_in_folders
from processors.domain import Span, Turn
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.speech.chunking import Chunker, SpeechChunk
from processors.speech.der import DiarizationErrors, diarization_errors
from processors.speech.diarize import diarize
from processors.speech.vad import SAMPLE_RATE, WINDOW_MS, Hysteresis, Samples, SpeechDetector
from processors.speech.voiceprint import VOICE_MODEL, Vectors, VoiceEncoder, normalised, voice_prints
from processors.speech.wav import from_wav, to_wav
from streams.reading import load_settings
from streams.settings import Settings

COLLARS_MS: Final = (250, 0)
MIXES: Final = 12
SECONDS: Final = 120.0
# A third of the mixes has turns that begin while the one before goes on, as one in seven does in meetings.
_OVERLAP: Final = 0.15
_BLOCK: Final = SAMPLE_RATE
_MEDIA: Final = (".wav", ".flac", ".mp4")
_AVERAGE_LINKAGE: Final = 0.35  # cosine up to which groups are joined: where pairs of one and of two voices part
_BASELINES: Final = ("one_speaker", "average_linkage")
_WAYS: Final = ("whole", "chunked", *_BASELINES)


def run_alone(data: Path, seed: int, settings: Settings) -> dict[str, Any]:
    """`run` in a process of its own with one thread.

    Raises:
        ClipstreamError: what `run` raises, or that process died.
    """
    return alone.run_alone(__name__, [str(data.absolute()), str(seed)], settings)


def _measure() -> dict[str, Any]:
    settings = load_settings()
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    return run(Path(sys.argv[1]), int(sys.argv[2]), models)


def run(data: Path, seed: int, models: ModelStore) -> dict[str, Any]:
    """Measure.

    Args:
        data: folders of speech with speakers (`ops.bench.mix`), and labelled samples with an `.rttm` beside them.
        seed: of the mixes.
        models: has the networks.

    Raises:
        InvalidMessage: no such folders, or too few voices in them that no threshold was tuned on.
    """
    voices = half_of(voices_in_folders(data), "test")
    if len(voices) < 2:
        raise InvalidMessage(
            f"Measuring without the voices of {data} that thresholds were tuned on leaves {len(voices)}; it needs two.",
            "Add clips of at least two other speakers.",
        )
    encoder = VoiceEncoder(models.path(VOICE_MODEL), threads=1)
    detector = models.path("silero-vad")
    rows = []
    for number in range(MIXES):
        overlap = _OVERLAP if number % 3 == 2 else 0.0
        speakers = min(2 + number % 4, len(voices))
        rows.append(_measured(make_mix(voices, seed + number, speakers, SECONDS, overlap), encoder, detector))
    mixes = len(rows)
    for path, truth in _labelled(data):
        rows.append(_measured(Mix(path.stem, read_sound(path), read_rttm(truth)), encoder, detector))
    pooled = {"all": _pooled(rows), "mixes": _pooled(rows[:mixes])}
    if rows[mixes:]:
        pooled["labelled"] = _pooled(rows[mixes:])
    return {
        "bench": "diarization",
        "machine": describe(),
        "seed": seed,
        "voices": sorted(voices),
        "rows": [row["shown"] for row in rows],
        "pooled": pooled,
        "baselines": {way: pooled["all"][way] for way in _BASELINES},
    }


def _measured(mix: Mix, encoder: VoiceEncoder, detector: Path) -> dict[str, Any]:
    chunks = _chunks(mix.samples, detector)
    spans = _spans(mix.samples, detector)
    started = time.process_time()
    parts = [voice_prints(from_wav(to_wav(c.samples)), c.start_ms, c.speech, encoder) for c in chunks]
    prints = [print_ for part in parts for print_ in part]
    chunked = diarize(prints)
    took_s = time.process_time() - started
    whole = diarize(voice_prints(from_wav(to_wav(mix.samples)), 0, spans, encoder))
    found = {
        "whole": whole,
        "chunked": chunked,
        "one_speaker": diarize(prints, find=_one_voice),
        "average_linkage": diarize(prints, find=_average_linkage),
    }
    errors = {way: [diarization_errors(mix.turns, found[way].turns, collar) for collar in COLLARS_MS] for way in _WAYS}
    seconds = len(mix.samples) / SAMPLE_RATE
    shown = {
        "item": mix.name,
        "seconds": round(seconds, 1),
        "speakers": len(mix.speakers),
        "found": {way: len(found[way].speakers) for way in _WAYS},
        **{way: _shown(errors[way]) for way in _WAYS},
        "real_time_factor": round(took_s / seconds, 4),
    }
    overlap = overlap_agreement(mix.turns, chunked.turns)
    return {"shown": shown, "errors": errors, "took_s": took_s, "seconds": seconds, "overlap": overlap}


def overlap_agreement(truth: Sequence[Turn], found: Sequence[Turn]) -> tuple[int, int, int]:
    """Milliseconds in which two speak: (in truth, as found, in both)."""
    ends_ms = max((turn.end_ms for turn in (*truth, *found)), default=0)
    both = []
    for turns in (truth, found):
        speaking = np.zeros(ends_ms, dtype=np.int16)
        for turn in turns:
            speaking[turn.start_ms : turn.end_ms] += 1
        both.append(speaking > 1)
    return int(both[0].sum()), int(both[1].sum()), int((both[0] & both[1]).sum())


def _pooled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pooled: dict[str, Any] = {"items": len(rows)}
    for way in _WAYS:
        errors = [sum((row["errors"][way][n] for row in rows), DiarizationErrors()) for n in range(len(COLLARS_MS))]
        right = sum(row["shown"]["found"][way] == row["shown"]["speakers"] for row in rows)
        pooled[way] = {**_shown(errors), "right_number": right}
    overlap = [sum(row["overlap"][n] for row in rows) for n in range(3)]
    pooled["overlap"] = {
        "truth_ms": overlap[0],
        "found_ms": overlap[1],
        "precision": round(overlap[2] / max(1, overlap[1]), 4),
        "recall": round(overlap[2] / max(1, overlap[0]), 4),
    }
    pooled["real_time_factor"] = round(sum(row["took_s"] for row in rows) / max(1, sum(r["seconds"] for r in rows)), 4)
    return pooled


def _shown(errors: Iterable[DiarizationErrors]) -> dict[str, Any]:
    return {f"collar_{collar}_ms": found.to_dict() for collar, found in zip(COLLARS_MS, errors, strict=True)}


def _labelled(data: Path) -> list[tuple[Path, Path]]:
    """(media, truth) of each RTTM file with media of the same name beside it."""
    pairs = []
    for truth in sorted(data.glob("*/*.rttm")):
        media = [
            path for path in sorted(truth.parent.glob(f"{truth.stem}.*")) if path.suffix in (".wav", ".mp4", ".flac")
        ]
        pairs += [(path, truth) for path in media[:1]]
    return pairs


def _chunks(samples: Samples, detector: Path) -> list[SpeechChunk]:
    chunker = Chunker(SpeechDetector(detector))
    found = [
        chunk for start in range(0, len(samples), _BLOCK) for chunk in chunker.feed(samples[start : start + _BLOCK])
    ]
    return [*found, *chunker.finish()]


def _spans(samples: Samples, detector: Path) -> list[Span]:
    """Speech of the file as a whole: no chunk ends in it."""
    network, hysteresis = SpeechDetector(detector), Hysteresis()
    found = [hysteresis.push(p) for p in np.concatenate((network.feed(samples), network.finish())).tolist()]
    ends_ms = len(samples) * 1000 // SAMPLE_RATE
    spans = [span for span in (*found, hysteresis.finish()) if span is not None]
    return [Span(first * WINDOW_MS, min(after * WINDOW_MS, ends_ms)) for first, after in spans]


def _one_voice(vectors: Vectors, lengths_ms: NDArray[np.int64]) -> Vectors:
    return normalised((vectors * lengths_ms[:, None]).sum(axis=0, keepdims=True))


def _average_linkage(vectors: Vectors, lengths_ms: NDArray[np.int64]) -> Vectors:
    """Groups joined by the mean cosine of their prints, as long as one is above the threshold; no other rules."""
    alike = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(alike, -1.0)
    members: list[list[int]] = [[index] for index in range(len(vectors))]
    while len(members) > 1:
        left, right = sorted(int(n) for n in np.unravel_index(int(np.argmax(alike)), alike.shape))
        if alike[left, right] < _AVERAGE_LINKAGE:
            break
        sizes = len(members[left]), len(members[right])
        merged = (alike[left] * sizes[0] + alike[right] * sizes[1]) / sum(sizes)
        alike[left], alike[:, left], alike[left, left] = merged, merged, -1.0
        alike = np.delete(np.delete(alike, right, axis=0), right, axis=1)
        members[left] += members.pop(right)
    return normalised(np.stack([(vectors[group] * lengths_ms[group][:, None]).sum(axis=0) for group in members]))


if __name__ == "__main__":
    sys.exit(alone.answer(_measure))

__all__ = ["COLLARS_MS", "MIXES", "run", "run_alone"]
