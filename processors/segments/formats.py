"""A transcript as other programs want it: `json`, `srt`, `vtt`, `txt`, `rttm`.

Times are those of the video. Text is data: whatever was said (or a file's hostile text made to be "said") cannot end a
cue, start a new one or become markup; nor can the name of a speaker. Where it is known who speaks, WebVTT has it as the
voice of each cue, SRT and plain text at the beginning of each turn, and RTTM (NIST, 2009) has nothing else.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from processors.domain import Utterance
from processors.errors import InvalidMessage
from processors.segments.cues import cues_of, label_of
from processors.segments.sentences import BREAK_MS
from processors.segments.words import Token, clean_text, text_of, tokens_of

# Two utterances of one speaker with a pause up to this between them are one turn: breath, as scoring tools have it.
_SAME_TURN_MS: Final = 500


def render_transcript(utterances: list[Utterance], kind: str, name: str = "video") -> str:
    """Write a transcript.

    Args:
        utterances: in time order.
        kind: one of `FORMATS`.
        name: of the video, for formats that have it inside (rttm).

    Returns:
        The file's content: ends with a line feed; for `txt` empty when nothing was said.

    Raises:
        InvalidMessage: an unknown kind, or one that needs what the transcript lacks.
    """
    writer = _WRITERS.get(kind)
    if writer is None:
        raise InvalidMessage(f"Unknown transcript format '{kind[:40]}'. Known formats: {', '.join(FORMATS)}.")
    return writer(utterances, name)


def timestamp(ms: int, decimal_mark: str) -> str:
    """`HH:MM:SS` and three decimals; hours get more digits when they need them."""
    seconds, millis = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{decimal_mark}{millis:03d}"


def _json(utterances: list[Utterance], _name: str) -> str:
    """The `transcript` list of a result."""
    return orjson.dumps({"transcript": utterances}, option=orjson.OPT_INDENT_2).decode() + "\n"


def _srt(utterances: list[Utterance], _name: str) -> str:
    blocks = []
    for number, cue in enumerate(cues_of(tokens_of(utterances), _speakers(utterances), labels=True), start=1):
        # an arrow inside the text would be read as a time line by lenient parsers
        text = "\n".join(cue.lines).replace("-->", "->")
        blocks.append(f"{number}\n{timestamp(cue.start_ms, ',')} --> {timestamp(cue.end_ms, ',')}\n{text}\n")
    return "\n".join(blocks) or "\n"


def _vtt(utterances: list[Utterance], _name: str) -> str:
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues_of(tokens_of(utterances), _speakers(utterances)), start=1):
        # WebVTT has the markup of HTML: & < > are written as entities, which also takes the arrow apart
        text = html.escape("\n".join(cue.lines), quote=False)
        voice = html.escape(label_of(cue.speaker), quote=False)
        text = f"<v {voice}>{text}" if voice else text
        blocks.append(f"{number}\n{timestamp(cue.start_ms, '.')} --> {timestamp(cue.end_ms, '.')}\n{text}\n")
    return "\n".join(blocks)


def _txt(utterances: list[Utterance], _name: str) -> str:
    """Plain text in paragraphs: a new one after a long pause, with another language and with another speaker."""
    speakers = _speakers(utterances)
    paragraphs: list[list[Token]] = []
    for token in tokens_of(utterances):
        previous = paragraphs[-1][-1] if paragraphs else None
        if (
            previous is None
            or token.language != previous.language
            or token.start_ms - previous.end_ms >= BREAK_MS
            or speakers[token.utterance] != speakers[previous.utterance]
        ):
            paragraphs.append([])
        paragraphs[-1].append(token)
    written = []
    before: str | None = None
    for paragraph in paragraphs:
        speaker = speakers[paragraph[0].utterance]
        label = label_of(speaker) if speaker != before else ""
        before = speaker
        written.append((f"{label}: " if label else "") + clean_text(text_of(paragraph)))
    return "\n\n".join(written) + "\n" * bool(written)


def _rttm(utterances: list[Utterance], name: str) -> str:
    """One line for each turn: type, file, channel, start and length in seconds, speaker; what it lacks is `<NA>`."""
    turns: list[tuple[int, int, str]] = []
    latest: dict[str, int] = {}  # position of each speaker's last turn: two may speak at the same time
    for utterance in utterances:
        speaker = _field(label_of(utterance.speaker))
        if not speaker:
            continue
        position = latest.get(speaker)
        if position is not None and utterance.start_ms - turns[position][1] <= _SAME_TURN_MS:
            start_ms, end_ms, _ = turns[position]
            turns[position] = (start_ms, max(end_ms, utterance.end_ms), speaker)
        else:
            latest[speaker] = len(turns)
            turns.append((utterance.start_ms, utterance.end_ms, speaker))
    if utterances and not turns:
        # a file with one made-up speaker would be taken for a measured result
        raise InvalidMessage(
            "The transcript has no speakers, which is all that rttm holds.", "Use json, srt, vtt or txt."
        )
    return "".join(
        f"SPEAKER {_field(name) or 'video'} 1 {start_ms / 1000:.3f} {(end_ms - start_ms) / 1000:.3f}"
        f" <NA> <NA> {speaker} <NA> <NA>\n"
        for start_ms, end_ms, speaker in sorted(turns)
    )


def _field(text: str) -> str:
    """A text as one field of RTTM, whose fields are parted by blanks."""
    return "_".join(clean_text(text).split())


def _speakers(utterances: list[Utterance]) -> list[str | None]:
    return [utterance.speaker for utterance in utterances]


_WRITERS: Final[Mapping[str, Callable[[list[Utterance], str], str]]] = {
    "json": _json,
    "srt": _srt,
    "vtt": _vtt,
    "txt": _txt,
    "rttm": _rttm,
}
FORMATS: Final = tuple(_WRITERS)

__all__ = ["FORMATS", "render_transcript", "timestamp"]
