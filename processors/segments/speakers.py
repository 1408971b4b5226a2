"""The speakers of a video in its document: found once for all chunks, then given to words and segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from processors.domain import Document, Utterance
from processors.segments.parts import Parts
from processors.speech.attribution import attributed
from processors.speech.diarize import diarize
from processors.speech.voiceprint import Vectors


def with_speakers(
    document: Document, parts: Parts, until_ms: int | None = None, known: dict[str, Vectors] | None = None
) -> Document:
    """The document with speakers, their turns, and the speaker of each utterance.

    Args:
        document: from `build_document`.
        parts: its transcripts have the voice prints.
        until_ms: for a provisional result, prints that end later are left out.
        known: enrolled voices: name -> prints.
    """
    prints = [
        print_
        for chunk in parts.transcripts
        for print_ in chunk.prints
        if until_ms is None or print_.end_ms <= until_ms
    ]
    found = diarize(prints, known)
    return replace(
        document,
        transcript=attributed(document.transcript, found.turns),
        speakers=found.speakers,
        turns=found.turns,
    )


def speakers_between(transcript: Sequence[Utterance], start_ms: int, end_ms: int) -> list[str]:
    """Who speaks in a piece of the video, the most first."""
    shares: Counter[str] = Counter()
    for utterance in transcript:
        shared = min(utterance.end_ms, end_ms) - max(utterance.start_ms, start_ms)
        if shared > 0 and utterance.speaker is not None:
            shares[utterance.speaker] += shared
    return sorted(shares, key=lambda name: (-shares[name], name))


__all__ = ["speakers_between", "with_speakers"]
