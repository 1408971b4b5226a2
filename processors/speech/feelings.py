"""Adds to the utterances of a chunk how they were said: voice, markers, emotion. The one entry point for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from processors.domain import ChunkTranscript, Sound, Utterance
from processors.speech.emotion import emotions
from processors.speech.markers import markers_of
from processors.speech.sounds import reactions
from processors.speech.vad import Samples
from processors.speech.voice import contours, voice_features


def felt(chunk: ChunkTranscript, samples: Samples) -> ChunkTranscript:
    """Describe how the words of a chunk were said, and what is heard between them.

    Args:
        chunk: its words.
        samples: of the chunk as recorded: mono, 16 kHz, float32, exactly [start_ms, end_ms).

    Returns:
        The chunk with `sounds`, and its utterances with `voice`, `emotion` and `markers`.
    """
    sounds = reactions(samples, chunk)
    return replace(chunk, utterances=enriched(chunk.utterances, samples, chunk.start_ms, sounds), sounds=sounds)


def enriched(
    utterances: Sequence[Utterance], samples: Samples, start_ms: int, sounds: Sequence[Sound]
) -> list[Utterance]:
    """Describe how each utterance was said.

    Args:
        utterances: of one chunk, in time order, not overlapping.
        samples: of the chunk as recorded: mono, 16 kHz, float32, shape (n,).
        start_ms: of the first sample.
        sounds: laughter and applause of the chunk.

    Returns:
        The same utterances with `voice`, `emotion` and `markers`.
    """
    if not utterances:
        return []
    chunk = contours(samples, start_ms)
    before: list[int | None] = [None, *(first.end_ms for first, _ in pairwise(utterances))]
    voiced = [
        replace(utterance, voice=voice_features(utterance.words, chunk, last))
        for utterance, last in zip(utterances, before, strict=True)
    ]
    levels = [chunk.part(utterance.start_ms, utterance.end_ms).level_db() for utterance in voiced]
    return [
        replace(utterance, emotion=emotion, markers=markers_of(utterance, chunk, last, sounds))
        for utterance, emotion, last in zip(voiced, emotions(voiced, levels), before, strict=True)
    ]


__all__ = ["enriched", "felt"]
