"""What was said, and by whom: languages, speakers and paragraphs of the transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.domain import Document, Utterance
from processors.report.labels import LANGUAGE_NAMES
from processors.report.source import text, whole
from processors.timeline import clock

# A paragraph of the transcript ends at a pause of this length, and anyway when it has lasted that long.
PARAGRAPH_PAUSE_MS: Final = 2_000
PARAGRAPH_MS: Final = 15_000
# Languages with a colour of their own; more share the last one.
LANGUAGE_COLOURS: Final = 6
# What is noted beside a paragraph. A guessed emotion is when it has more than half of the evidence.
REACTIONS: Final = ("laughter", "applause", "emphasis")
EMOTIONS: Final = ("joy", "anger", "sadness", "fear", "surprise")
LEAST_EMOTION: Final = 0.5
# Speakers that are listed; a crowd is counted.
SPEAKERS_SHOWN: Final = 12
_UNNAMED: Final = re.compile(r"S(\d+)")
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class LanguageView:
    """A language, its share of the speech in per cent and the number of its colour."""

    code: str
    name: str
    share: int
    kind: int


@dataclass(frozen=True, slots=True)
class SpeakerView:
    """A speaker and the share of the speech in per cent."""

    name: str
    share: int


@dataclass(frozen=True, slots=True)
class ParagraphView:
    """A paragraph of the transcript, who says it and how, and the ranks of the segments that it touches.

    `speaker` is empty where that is not known or goes without saying: only one person speaks, whom nobody named.
    """

    time: str
    speaker: str
    text: str
    language: str
    ranks: list[int]
    notes: list[str]


def language_views(result: Mapping[str, Any], document: Document) -> list[LanguageView]:
    """The languages of the result, then others of the transcript, in that order."""
    spoken: dict[str, int] = {code: 0 for code in result.get("languages") or [] if isinstance(code, str)}
    for utterance in document.transcript:
        if utterance.language:
            spoken[utterance.language] = spoken.get(utterance.language, 0) + utterance.end_ms - utterance.start_ms
    total = sum(spoken.values())
    return [
        LanguageView(
            code,
            LANGUAGE_NAMES.get(code, text(code)),
            round(100 * ms / total) if total else 0,
            min(kind, LANGUAGE_COLOURS - 1),
        )
        for kind, (code, ms) in enumerate(spoken.items())
    ]


def speaker_name(speaker: str) -> str:
    """A name for people: "Speaker 1" for "S1"; a name that was given stays."""
    unnamed = _UNNAMED.fullmatch(speaker)
    return f"Speaker {unnamed[1]}" if unnamed else text(speaker)


def speaker_views(document: Document) -> tuple[list[SpeakerView], int]:
    """(Those who speak most, the number of all); nobody where only one person speaks whom nobody named."""
    speakers = document.speakers
    if len(speakers) < 2 and not any(who.enrolled for who in speakers):
        return [], 0
    total = max(1, sum(who.speech_ms for who in speakers))
    views = [SpeakerView(speaker_name(who.speaker), round(100 * who.speech_ms / total)) for who in speakers]
    return views[:SPEAKERS_SHOWN], len(views)


def paragraph_views(
    transcript: Sequence[Utterance], segments: Sequence[Mapping[str, Any]], named: bool = False
) -> list[ParagraphView]:
    """The transcript in paragraphs of one language and speaker, each up to `PARAGRAPH_MS` where utterances allow it.

    Args:
        transcript: in time order.
        segments: of the result.
        named: whether to say who speaks.
    """
    groups: list[list[Utterance]] = []
    for utterance in transcript:
        last = groups[-1] if groups else None
        if (
            last is None
            or utterance.language != last[-1].language
            or utterance.speaker != last[-1].speaker
            or utterance.start_ms - last[-1].end_ms >= PARAGRAPH_PAUSE_MS
            or utterance.end_ms - last[0].start_ms > PARAGRAPH_MS
        ):
            groups.append([])
        groups[-1].append(utterance)
    spans = [
        (whole(entry.get("rank")) or position, whole(entry.get("start_ms")), whole(entry.get("end_ms")))
        for position, entry in enumerate(segments, start=1)
    ]
    views = []
    for group in groups:
        start_ms, end_ms = group[0].start_ms, group[-1].end_ms
        ranks = sorted(rank for rank, begin, end in spans if begin < end_ms and end > start_ms)
        language = group[0].language if _LANGUAGE_CODE.fullmatch(group[0].language) else ""
        joint = "" if language in ("zh", "ja", "yue") else " "
        said = joint.join(text(part.text) for part in group)
        speaker = speaker_name(group[0].speaker or "") if named else ""
        views.append(ParagraphView(clock(start_ms), speaker, said, language, ranks, _notes(group)))
    return views


def _notes(group: Sequence[Utterance]) -> list[str]:
    """Reactions that were heard and feelings that are likelier than not, each once; punctuation shows the rest."""
    heard = {marker.kind for part in group for marker in part.markers}
    felt = {
        part.emotion.label
        for part in group
        if part.emotion is not None and part.emotion.probability >= LEAST_EMOTION and part.emotion.label in EMOTIONS
    }
    return [kind for kind in REACTIONS if kind in heard] + [label for label in EMOTIONS if label in felt]


__all__ = [
    "LanguageView",
    "ParagraphView",
    "SpeakerView",
    "language_views",
    "paragraph_views",
    "speaker_name",
    "speaker_views",
]
