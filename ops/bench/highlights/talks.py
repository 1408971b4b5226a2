"""A constructed talk as `clipstream bench segments` reads it: utterances with words, voice and markers; highlights."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from ops.bench.highlights.passages import Split
from ops.bench.highlights.plan import Plan, plan
from ops.bench.highlights.timing import Line, lines
from processors.domain import Marker, Utterance, VoiceFeatures
from processors.speech.emotion import emotions
from processors.speech.markers import markers_of
from processors.speech.pitch import Pitch
from processors.speech.voice import Contours

# A recogniser ends an utterance at most sentence ends and at pauses, and cuts long sentences at a comma.
_ENDS_AT_SENTENCE: Final = 0.65
_ENDS_AT_PAUSE_MS: Final = 1_000
_LONG_WORDS: Final = 22
_CUTS_LONG: Final = 0.5
# Emotion is told against the utterances around, those of a chunk of at most 29 s in the pipeline.
_CHUNK_MS: Final = 29_000
_RANGE_OF_VARIATION: Final = 3.3  # 5 to 95 % of a normal distribution, in standard deviations
_LOGPROB: Final = (-0.5, -0.12)
_NO_SPEECH: Final = (0.0, 0.05)
_SILENCE: Final = Contours(0, Pitch(np.zeros(0, np.float32), np.zeros(0, np.float32)), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk.

    Attributes:
        name: of its files.
        plan: what it is made of.
        lines: each sentence.
        utterances: as a recogniser returns them, with who speaks.
        duration_ms: of the whole.
    """

    name: str
    plan: Plan
    lines: list[Line]
    utterances: list[Utterance]
    duration_ms: int

    @property
    def passages(self) -> list[tuple[int, int]]:
        """Where each passage of the plan lies, from its first word to the end of its last one."""
        spans: list[tuple[int, int]] = []
        for line in self.lines:
            start_ms, end_ms = line.words[0].start_ms, line.words[-1].end_ms
            spans = [*spans[:-1], (spans[-1][0], end_ms)] if line.passage < len(spans) else [*spans, (start_ms, end_ms)]
        return spans


def talk(split: Split, seed: int, number: int) -> Talk:
    """Make a talk; the same for the same arguments, whatever others are made."""
    source = random.Random(f"{split} {seed} {number}")
    made = plan(split, number, source)
    spoken, duration_ms = lines(made, source)
    name = f"{split}-{seed}-{number:03}-{made.language}-{made.subject}"
    return Talk(name, made, spoken, _utterances(spoken, made.language, source), duration_ms)


def highlights_of(one: Talk) -> list[dict[str, Any]]:
    """What `NAME.highlights.json` holds; the reader passes over the name of the passage."""
    return [row for row in passages_of(one) if row["role"] == "highlight"]


def passages_of(one: Talk) -> list[dict[str, Any]]:
    """All passages with their times, for those who study more than what is found."""
    return [
        {"start_ms": start_ms, "end_ms": end_ms, "passage": said.passage.id, "role": said.passage.role,
         "kind": said.passage.kind}
        for said, (start_ms, end_ms) in zip(one.plan.said, one.passages, strict=True)
    ]  # fmt: skip


def transcript_of(one: Talk) -> dict[str, Any]:
    """What `NAME.transcript.json` holds."""
    return {
        "duration_ms": one.duration_ms,
        "language": one.plan.language,
        "subject": one.plan.subject,
        "transcript": [asdict(utterance) for utterance in one.utterances],
    }


def _utterances(spoken: Sequence[Line], language: str, source: random.Random) -> list[Utterance]:
    bare = [_utterance(pieces, language, source) for pieces in _grouped(spoken, source)]
    found: list[Utterance] = []
    for chunk in _chunks(bare):
        felt = emotions(chunk, [utterance.loudness_db for utterance in chunk])
        found += [replace(utterance, emotion=emotion) for utterance, emotion in zip(chunk, felt, strict=True)]
    return found


def _grouped(spoken: Sequence[Line], source: random.Random) -> Iterator[list[Line]]:
    """Sentences, and parts of long ones, by utterance: of one speaker, without a long pause."""
    group: list[Line] = []
    for line in spoken:
        if group and _parts(group[-1], line, source):
            yield group
            group = []
        cut = _cut(line, source)
        if cut:
            yield [*group, replace(line, words=line.words[:cut], reactions=[])]
            group = []
        group.append(replace(line, words=line.words[cut:]))
    yield group


def _parts(before: Line, line: Line, source: random.Random) -> bool:
    pause_ms = line.words[0].start_ms - before.words[-1].end_ms
    drawn = source.random() < _ENDS_AT_SENTENCE
    return drawn or line.speaker != before.speaker or pause_ms >= _ENDS_AT_PAUSE_MS or bool(before.reactions)


def _cut(line: Line, source: random.Random) -> int:
    """Behind which word a sentence is cut; 0 for not at all."""
    commas = [at + 1 for at, word in enumerate(line.words[:-1]) if word.text[-1] in ",:;" and at >= 4]
    if len(line.words) <= _LONG_WORDS or not commas or source.random() >= _CUTS_LONG:
        return 0
    return min(commas, key=lambda at: abs(at - len(line.words) / 2))


def _utterance(pieces: Sequence[Line], language: str, source: random.Random) -> Utterance:
    words = [word for piece in pieces for word in piece.words]
    voice, start_ms, end_ms = pieces[0].sounds, words[0].start_ms, words[-1].end_ms
    features = VoiceFeatures(
        round(voice.pitch_hz, 1),
        round(_RANGE_OF_VARIATION * voice.variation_st, 2),
        round(voice.variation_st, 2),
        round(source.uniform(16.0, 26.0), 1),
        round(len(words) / max(0.5, (end_ms - start_ms) / 1000), 2),
        None,
        round(source.uniform(0.45, 0.7), 2),
    )
    utterance = Utterance(
        start_ms,
        end_ms,
        " ".join(word.text for word in words),
        language,
        words,
        round(source.uniform(*_LOGPROB), 3),
        round(source.uniform(*_NO_SPEECH), 3),
        round(voice.loudness_db, 1),
        voice=features,
        speaker=f"S{pieces[0].speaker + 1}",
    )
    heard = [Marker(one.kind, one.start_ms, one.end_ms, one.strength) for one in pieces[-1].reactions]
    # of the written marks, as the pipeline tells them, without a voice to strengthen them
    written = markers_of(utterance, _SILENCE, None, [])
    return replace(utterance, markers=sorted([*written, *heard], key=lambda marker: (marker.start_ms, marker.end_ms)))


def _chunks(utterances: Sequence[Utterance]) -> Iterator[list[Utterance]]:
    chunk: list[Utterance] = []
    for utterance in utterances:
        if chunk and utterance.end_ms - chunk[0].start_ms > _CHUNK_MS:
            yield chunk
            chunk = []
        chunk.append(utterance)
    yield chunk


__all__ = ["Talk", "highlights_of", "passages_of", "talk", "transcript_of"]
