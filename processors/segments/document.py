"""Parts of a video put together in time order: transcript, shots and frames.

Chunks are cut in silence, so utterances of different chunks follow each other; shots arrive with the batch in which
they ended and may lack stretches where a batch failed. The result covers the video without holes: what is not known
about a stretch is one shot of its own, and every frame knows its shot.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise
from typing import Final

from processors.domain import Document, DroppedText, FrameAnalysis, Shot, Sound, Utterance
from processors.languages import UNSPACED
from processors.segments.parts import Parts
from processors.segments.scenes import scenes_of
from processors.speech.markers import between

# A hole between two shots of up to this length is rounding of frame times (one frame at 10 per second), no lost shot.
SHOT_HOLE_MS: Final = 100
# At the edges a longer one is ordinary: picture often starts up to a second after sound (834 ms was met in a real
# file) and ends before it; players then show the first or the last picture.
EDGE_HOLE_MS: Final = 2_000
# Both sound and picture ending this much before the declared end is a cut file: containers round by a frame, which is
# 1 s at 1 fps.
CUT_SHORT_MS: Final = 1_000


def duration_of(parts: Parts) -> int:
    """Length of the video in milliseconds, >= 0.

    The container's figure where known, since that is what players show; else the end of the last thing observed.
    """
    if parts.facts is not None and parts.facts.duration_ms > 0:
        return parts.facts.duration_ms
    return _observed_ms(parts)


def decoded_of(parts: Parts) -> int:
    """How far the video is really there, in milliseconds, >= 0 and at most its duration.

    A file that was cut short still declares its whole length; what nobody decoded must not become a segment.
    """
    duration_ms, observed_ms = duration_of(parts), _observed_ms(parts)
    return observed_ms if 0 < observed_ms < duration_ms - CUT_SHORT_MS else duration_ms


def _observed_ms(parts: Parts) -> int:
    """End of the last thing that was heard or seen."""
    ends = [0, parts.audio_duration_ms or 0]
    ends += [transcript.end_ms for transcript in parts.transcripts]
    for batch in parts.batches:
        ends += [shot.end_ms for shot in batch.shots]
        ends += [frame.pts_ms + 1 for frame in batch.frames]
    return max(ends)


def build_document(parts: Parts, until_ms: int | None = None) -> Document:
    """Put the parts together; the interest curve stays empty, as it needs the signals (`curve.interest_curve`).

    Args:
        parts: in any order.
        until_ms: only what lies before this time (for a provisional result); None for everything.

    Returns:
        The document: utterances, dropped texts and frames sorted by time, shots contiguous from 0 to `decoded_of` and
        numbered from 0 (none when no batch reported any), frames with the numbers of those shots, and what is seen in
        each shot.
    """
    parts = parts.canonical()
    decoded_ms = decoded_of(parts)
    limit_ms = decoded_ms if until_ms is None else min(until_ms, decoded_ms)
    utterances = [utterance for chunk in parts.transcripts for utterance in chunk.utterances]
    dropped = [text for chunk in parts.transcripts for text in chunk.dropped]
    if until_ms is not None:
        utterances = [cut for utterance in utterances if (cut := _until(utterance, until_ms)) is not None]
        dropped = [text for text in dropped if text.end_ms <= until_ms]
    shots = merge_shots([shot for batch in parts.batches for shot in batch.shots], limit_ms)
    frames = [frame for batch in parts.batches for frame in batch.frames if until_ms is None or frame.pts_ms < until_ms]
    sounds = sounds_before(parts, limit_ms)
    numbered = _number_frames(frames, shots)
    return Document(
        transcript=between(sorted(utterances, key=_utterance_order), sounds),
        dropped=sorted(dropped, key=_dropped_order),
        shots=shots,
        frames=numbered,
        curve=[],
        sounds=sounds,
        scenes=scenes_of(shots, numbered),
    )


def sounds_before(parts: Parts, until_ms: int) -> list[Sound]:
    """What is heard between and within the chunks of speech up to a time, in time order."""
    sounds = [*parts.sounds, *(sound for chunk in parts.transcripts for sound in chunk.sounds)]
    cut = [replace(sound, end_ms=min(sound.end_ms, until_ms)) for sound in sounds if sound.start_ms < until_ms]
    return sorted(cut, key=lambda sound: (sound.start_ms, sound.end_ms, sound.kind))


def merge_shots(shots: list[Shot], duration_ms: int) -> list[Shot]:
    """Make shots contiguous from 0 to `duration_ms` and number them.

    A hole longer than `SHOT_HOLE_MS` (`EDGE_HOLE_MS` at the edges of the video) becomes a shot of its own: its ends
    were seen, though not which transition it begins with. Where two shots overlap the later start counts.

    Returns:
        Shots in time order with indices from 0; empty when `shots` is, or when nothing lies before `duration_ms`.
    """
    ends: dict[int, int] = {}
    transitions: dict[int, str] = {}
    for shot in shots:
        start_ms = max(0, shot.start_ms)
        if start_ms < duration_ms and shot.end_ms > start_ms:
            ends[start_ms] = max(ends.get(start_ms, 0), min(shot.end_ms, duration_ms))
            if shot.transition is not None:  # of two that differ the same one, whichever comes first
                transitions[start_ms] = max(transitions.get(start_ms, ""), shot.transition)
    if not ends:
        return []
    cuts = [0]
    starts = sorted(ends)
    if starts[0] > EDGE_HOLE_MS:
        cuts.append(starts[0])
    for start_ms, following_ms in pairwise(starts):
        if following_ms - ends[start_ms] > SHOT_HOLE_MS:
            cuts.append(ends[start_ms])
        cuts.append(following_ms)
    if duration_ms - ends[starts[-1]] > EDGE_HOLE_MS:
        cuts.append(ends[starts[-1]])
    bounds = [*cuts, duration_ms]
    begins = [None, *map(transitions.get, cuts[1:])]  # nothing is before the first, whatever was seen there
    return [Shot(index, bounds[index], bounds[index + 1], begins[index]) for index in range(len(cuts))]


def _until(utterance: Utterance, until_ms: int) -> Utterance | None:
    """The utterance as known at `until_ms`: without the words that end later; None when nothing is left."""
    if utterance.end_ms <= until_ms:
        return utterance
    utterance = replace(utterance, markers=[marker for marker in utterance.markers if marker.start_ms < until_ms])
    words = [word for word in utterance.words if word.end_ms <= until_ms]
    if not words:
        return None
    text, position = utterance.text, 0
    for word in words:
        found = text.find(word.text, position)
        if found < 0:  # the text was normalised differently from its words
            text = ("" if utterance.language in UNSPACED else " ").join(word.text for word in words)
            return replace(utterance, end_ms=words[-1].end_ms, words=words, text=text)
        position = found + len(word.text)
    return replace(utterance, end_ms=words[-1].end_ms, words=words, text=text[:position].strip())


def _number_frames(frames: list[FrameAnalysis], shots: list[Shot]) -> list[FrameAnalysis]:
    starts = [shot.start_ms for shot in shots]
    ordered = sorted(frames, key=lambda frame: (frame.pts_ms, frame.frame_uri))
    kept: list[FrameAnalysis] = []
    for frame in ordered:
        if kept and (kept[-1].pts_ms, kept[-1].frame_uri) == (frame.pts_ms, frame.frame_uri):
            continue
        index = max(0, bisect_right(starts, frame.pts_ms) - 1) if shots else frame.shot
        kept.append(frame if frame.shot == index else replace(frame, shot=index))
    return kept


def _utterance_order(utterance: Utterance) -> tuple[int, int, str, str]:
    return (utterance.start_ms, utterance.end_ms, utterance.text, utterance.language)


def _dropped_order(text: DroppedText) -> tuple[int, int, str, str]:
    return (text.start_ms, text.end_ms, text.text, text.reason)


__all__ = ["build_document", "decoded_of", "duration_of", "merge_shots"]
