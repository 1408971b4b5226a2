"""What the naive pipeline understood of a video, in the form that `rank` takes.

Its words and its pictures are its own. What it does not measure, so that a difference of the ranking says something
about these, is measured the same way for it as for the pipeline, but of everything: how each utterance was said, off
the whole sound; and the shots, by the same detector on every picture. This is done behind the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ops.bench.shots import begun_shots, detectors
from processors.domain import BatchAnalysis, ChunkTranscript, FrameAnalysis, Shot, Span, Utterance, Word
from processors.media.audio import SAMPLE_RATE, Samples, decode_audio
from processors.media.container import open_container, pick_streams
from processors.media.video import PacketGroup
from processors.models.store import ModelStore
from processors.options import SHOTS_BY, Options
from processors.segments.meaning import Understand
from processors.segments.parts import Parts
from processors.segments.rank import rank
from processors.speech.feelings import felt
from processors.speech.levels import loudness_db
from processors.timeline import samples_to_ms
from processors.vision.boundaries import Settled, ShotDetector
from processors.vision.learned_shots import SHOT_MODEL, ShotNetwork
from processors.vision.look import Look

# As long as a chunk of the pipeline may be: what is excited is told against the utterances around.
_CHUNK_MS: Final = 29_000
_SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


class EveryPicture:
    """A shot detector that can do without no picture."""

    def __init__(self, inner: ShotDetector) -> None:
        self._inner = inner

    def skips(self, group: PacketGroup, key: Look, following: Look | None, until_ms: int) -> bool:
        """Never."""
        return False

    def every(self, group: PacketGroup) -> bool:
        """Always."""
        return True

    def begin(self, group: PacketGroup) -> None:
        """See `ShotDetector.begin`."""
        self._inner.begin(group)

    def push(self, pts_ms: int, look: Look, frame: Any, *, key: bool) -> Iterator[Settled]:
        """See `ShotDetector.push`."""
        return self._inner.push(pts_ms, look, frame, key=key)

    def flush(self) -> Iterator[Settled]:
        """See `ShotDetector.flush`."""
        return self._inner.flush()


def all_shots(video: Path, models: ModelStore, threads: int) -> list[Shot]:
    """The shots behind the first, by the detector of the default profile on every picture.

    Args:
        video: with or without pictures.
        models: has the network.
        threads: of the network.
    """
    with open_container(video) as container:
        if pick_streams(container)[1] is None:
            return []
    detector = detectors(ShotNetwork(models.path(SHOT_MODEL), threads))[SHOTS_BY[Options().profile]]
    return begun_shots(video, lambda reader: EveryPicture(detector(reader)))


def naive_parts(
    video: Path, heard: Sequence[dict[str, Any]], seen: Sequence[FrameAnalysis], shots: Sequence[Shot]
) -> Parts:
    """Put together what the naive pipeline understood.

    Args:
        video: for its sound.
        heard: its utterances: `language`, `avg_logprob`, `no_speech_probability`, and `words` with `start_ms`,
            `end_ms`, `text`, `probability`.
        seen: its pictures, in time order.
        shots: all but the first one.
    """
    samples = _samples(video)
    utterances = [_utterance(one, samples) for one in heard if one["words"]]
    transcripts = [_chunk(group, samples) for group in _groups(utterances)]
    # the first shot begins with the video; its end is set where shots are put together
    whole = [Shot(0, 0, shots[0].start_ms), *shots] if shots else []
    duration_ms = max([samples_to_ms(len(samples), SAMPLE_RATE), *(shot.end_ms for shot in shots)])
    if seen and not whole:
        whole = [Shot(0, 0, duration_ms)]
    batches = [BatchAnalysis(list(seen), whole, 0.0)] if seen or whole else []
    return Parts(video.stem, transcripts=transcripts, batches=batches, audio_duration_ms=duration_ms)


def with_words(parts: Parts, utterances: Sequence[Utterance]) -> Parts:
    """The same with other words."""
    if not utterances:
        return replace(parts, transcripts=[])
    start_ms, end_ms = utterances[0].start_ms, max(one.end_ms for one in utterances)
    spoken_ms = sum(one.end_ms - one.start_ms for one in utterances)
    language = utterances[0].language
    chunk = ChunkTranscript(start_ms, end_ms, spoken_ms, language, 1.0, list(utterances), [], "naive")
    return replace(parts, transcripts=[chunk])


def with_pictures(parts: Parts, frames: Sequence[FrameAnalysis], shots: Sequence[Shot]) -> Parts:
    """The same with other pictures."""
    return replace(parts, batches=[BatchAnalysis(list(frames), list(shots), 0.0)] if frames or shots else [])


def best_of(parts: Parts, understand: Understand | None = None) -> list[Span]:
    """The segments that `rank` chooses, best first."""
    ranked = sorted(rank(parts, understand=understand).segments, key=lambda segment: segment.rank)
    return [Span(segment.start_ms, segment.end_ms) for segment in ranked]


def _samples(video: Path) -> Samples:
    blocks = [block for _, block in decode_audio(video)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _utterance(one: dict[str, Any], samples: Samples) -> Utterance:
    words = [Word(word["start_ms"], word["end_ms"], word["text"], word["probability"]) for word in one["words"]]
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    return Utterance(
        start_ms,
        end_ms,
        " ".join(word.text for word in words),
        one["language"],
        words,
        min(0.0, one["avg_logprob"]),
        one["no_speech_probability"],
        loudness_db(samples[start_ms * _SAMPLES_PER_MS : end_ms * _SAMPLES_PER_MS]),
    )


def _groups(utterances: Sequence[Utterance]) -> Iterator[list[Utterance]]:
    group: list[Utterance] = []
    for utterance in utterances:
        if group and utterance.end_ms - group[0].start_ms > _CHUNK_MS:
            yield group
            group = []
        group.append(utterance)
    if group:
        yield group


def _chunk(utterances: list[Utterance], samples: Samples) -> ChunkTranscript:
    start_ms, end_ms = utterances[0].start_ms, max(one.end_ms for one in utterances)
    spoken_ms = sum(one.end_ms - one.start_ms for one in utterances)
    language = utterances[0].language
    chunk = ChunkTranscript(start_ms, end_ms, spoken_ms, language, 1.0, utterances, [], "naive")
    return felt(chunk, samples[start_ms * _SAMPLES_PER_MS : end_ms * _SAMPLES_PER_MS])


__all__ = ["EveryPicture", "all_shots", "best_of", "naive_parts", "with_pictures", "with_words"]
