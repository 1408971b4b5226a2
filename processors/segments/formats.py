"""A transcript as other programs want it: `json`, `srt`, `vtt`, `txt`, `rttm`.

Times are those of the video. Text is data: whatever was said (or a file's hostile text made to be "said") cannot end a
cue, start a new one or become markup; nor can the name of a speaker. SRT has no escapes, so there what players take for
markup is written with other characters. Where it is known who speaks, WebVTT has it as the voice of each cue, SRT and
plain text at the beginning of each turn, and RTTM (NIST, 2009) has nothing else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from processors.domain import Turn, Utterance
from processors.errors import InvalidMessage
from processors.segments.cues import cues_of, label_of
from processors.segments.sentences import BREAK_MS
from processors.segments.words import Token, clean_text, text_of, tokens_of


def render_transcript(utterances: list[Utterance], kind: str, turns: Sequence[Turn] = (), name: str = "video") -> str:
    """Write a transcript.

    Args:
        utterances: in time order.
        kind: one of `FORMATS`.
        turns: who speaks when, in time order: what `rttm` holds.
        name: of the recording in `rttm`.

    Returns:
        The file's content: ends with a line feed; for `txt` empty when nothing was said.

    Raises:
        InvalidMessage: an unknown kind, or one that needs what the transcript lacks.
    """
    if kind == "rttm":
        return _rttm(utterances, turns, name)
    writer = _WRITERS.get(kind)
    if writer is None:
        raise InvalidMessage(f"Unknown transcript format '{kind[:40]}'. Known formats: {', '.join(FORMATS)}.")
    return writer(utterances, name)


def rttm(turns: Sequence[Turn], name: str) -> str:
    """NIST's form for who speaks when: one line a turn, in seconds; blanks part the fields, so names have none.

    Args:
        turns: in the order of the lines.
        name: of the recording.
    """
    file = _field(name, "video")
    return "".join(
        f"SPEAKER {file} 1 {turn.start_ms / 1_000:.3f} {(turn.end_ms - turn.start_ms) / 1_000:.3f} <NA> <NA> "
        f"{_field(turn.speaker, 'unknown')} <NA> <NA>\n"
        for turn in turns
    )


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
        text = _without_markup("\n".join(cue.lines))
        blocks.append(f"{number}\n{timestamp(cue.start_ms, ',')} --> {timestamp(cue.end_ms, ',')}\n{text}\n")
    return "\n".join(blocks) or "\n"


def _without_markup(text: str) -> str:
    """A cue's text in SRT as players show it: nothing of it hidden or obeyed.

    They know more than SRT's few tags. FFmpeg drops all from `<` to `>`, also with blanks; VLC drops what follows `<b`
    even without `>`. FFmpeg hands braces and backslashes on to libass (mpv), which hides all in braces, obeys what
    there begins with a backslash, and breaks lines at `\\N`, as VLC does. An invisible character behind `{` does not
    help in libass. So braces become parentheses and `<b>` becomes `‹b›`, as wide and in every font; behind a backslash
    a word joiner is enough. An arrow would be read as a time line by lenient parsers.
    """
    text = _TAG.sub(r"‹\1›", text.replace("-->", "->"))
    return _ESCAPE.sub("\\\\\u2060", text.translate(_LOOK_ALIKE))


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


def _rttm(utterances: list[Utterance], turns: Sequence[Turn], name: str) -> str:
    if utterances and not turns:
        # a file with one made-up speaker would be taken for a measured result
        raise InvalidMessage(
            "The transcript has no speakers, which is all that rttm holds.",
            "Process the video anew, or use json, srt, vtt or txt.",
        )
    return rttm(turns, name)


def _field(text: str, otherwise: str) -> str:
    """A text as one field of RTTM, whose fields are parted by blanks and never empty."""
    return "_".join(clean_text(text).split()) or otherwise


def _speakers(utterances: list[Utterance]) -> list[str | None]:
    return [utterance.speaker for utterance in utterances]


_TAG: Final = re.compile("<([^<>]*)>")
_LOOK_ALIKE: Final = str.maketrans("<{}", "‹()")
_ESCAPE: Final = re.compile(r"\\(?=[NnHh])")

_WRITERS: Final[Mapping[str, Callable[[list[Utterance], str], str]]] = {
    "json": _json,
    "srt": _srt,
    "vtt": _vtt,
    "txt": _txt,
}
FORMATS: Final = (*_WRITERS, "rttm")

__all__ = ["FORMATS", "render_transcript", "rttm", "timestamp"]
