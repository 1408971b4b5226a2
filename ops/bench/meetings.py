"""Meetings with known topics, as QMSum gives them: one JSON object a line, with turns and the turns of each topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from processors.domain import Utterance
from processors.errors import InvalidMessage
from processors.segments.sentences import split_sentences
from processors.segments.words import tokens_of

T = TypeVar("T")

# Times are not given; 150 words a minute, for the splitter's longest sentence.
WORD_MS: Final = 400
# Topics of fewer sentences than this are slips of the annotation (spans that miss each other by a turn).
MIN_SENTENCES: Final = 5


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting.

    Args:
        name: file and line.
        sentences: as the pipeline splits them, in order; a sentence never spans two turns.
        turns: of each sentence the number of its turn.
        starts: positions of the sentences with which a new topic starts, without the first.
    """

    name: str
    sentences: list[str]
    turns: list[int]
    starts: list[int]


def read_meetings(data: Path) -> list[Meeting]:
    """All meetings of the `*.jsonl` files in a folder and those below it, in order of name and line.

    Meetings with fewer than two topics say nothing about boundaries and are left out, and so are objects without
    `meeting_transcripts` or `topic_list`.

    Raises:
        InvalidMessage: a line that is no meeting.
    """
    return [one for one in each_meeting(data, ("meeting_transcripts", "topic_list"), _meeting) if one.starts]


def each_meeting(data: Path, needed: Sequence[str], made: Callable[[str, dict[str, Any]], T]) -> Iterator[T]:
    """What is made of each meeting of a folder, in order of name and line.

    Args:
        data: folder with `*.jsonl` files, also in folders below it.
        needed: keys without which an object is passed over.
        made: of the name (file and line) and the object.

    Raises:
        InvalidMessage: a line that is no meeting.
    """
    for path in sorted(data.rglob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines()):
            if not line.strip():
                continue
            try:
                content = orjson.loads(line)
                if any(key not in content for key in needed):
                    continue
                one = made(f"{path.stem}:{number}", content)
            except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
                raise InvalidMessage(
                    f"{path}, line {number + 1}, is no meeting in the form of QMSum: {type(error).__name__}: {error}.",
                    "Mend it, or take it out of the folder; docs/quality.md has the fields (Data of one's own).",
                ) from error
            yield one


def _meeting(name: str, content: dict[str, Any]) -> Meeting:
    sentences: list[str] = []
    turns: list[int] = []
    for turn, said in enumerate(content["meeting_transcripts"]):
        text = written(said["content"])
        length_ms = WORD_MS * len(text.split())
        spoken = Utterance(0, length_ms, text, "en", [], 0.0, 0.0, None)
        for sentence in split_sentences(tokens_of([spoken])) if text else []:
            sentences.append(sentence.text)
            turns.append(turn)
    first_turns = sorted({int(span[0]) for topic in content["topic_list"] for span in topic["relevant_text_span"]})
    starts: list[int] = []
    for turn in first_turns:
        start = next((index for index, of in enumerate(turns) if of >= turn), len(turns))
        previous = starts[-1] if starts else 0
        if start - previous >= MIN_SENTENCES and len(turns) - start >= MIN_SENTENCES:
            starts.append(start)
    return Meeting(name, sentences, turns, starts)


def written(text: str) -> str:
    """The transcript's way of writing (`That 's it , {vocalsound} OK .`) as text is usually written."""
    words: list[str] = []
    depth = 0
    for word in text.split():
        depth += word.count("{")
        if depth == 0:
            joins = words and (not any(map(str.isalnum, word[:1])) and word not in ("-", "&", "<", "("))
            words[-1:] = [words[-1] + word] if joins else [*words[-1:], word]
        depth = max(0, depth - word.count("}"))
    return " ".join(words)


__all__ = ["Meeting", "each_meeting", "read_meetings", "written"]
