"""Meetings in the form of QMSum for `clipstream bench segments`: marked is what answers people's questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ops.bench.meetings import WORD_MS, each_meeting, written
from ops.bench.segments_item import Item, spans_of
from processors.domain import ChunkTranscript, Utterance, Word
from processors.segments.parts import Parts

_NEEDED: Final = ("meeting_transcripts", "specific_query_list")


def meetings_of(data: Path) -> list[Item]:
    """All meetings with questions of the `*.jsonl` files in a folder and those below it, in order of name and line.

    Times are not given: each word takes 0.4 s, and nobody pauses. Objects without `meeting_transcripts` or
    `specific_query_list` are passed over, and so are meetings of which no passage is marked.

    Raises:
        InvalidMessage: a line that is no meeting.
    """
    return [item for item in each_meeting(data, _NEEDED, _item) if item.spans]


def _item(name: str, content: dict[str, Any]) -> Item:
    utterances: list[Utterance] = []
    bounds: list[tuple[int, int]] = []  # of each turn
    at_ms = 0
    for turn in content["meeting_transcripts"]:
        said = written(turn["content"]).split()
        start_ms, at_ms = at_ms, at_ms + WORD_MS * len(said)
        bounds.append((start_ms, at_ms))
        if said:
            times = range(start_ms, at_ms, WORD_MS)
            words = [Word(begin, begin + WORD_MS, word, 1.0) for begin, word in zip(times, said, strict=True)]
            utterances.append(Utterance(start_ms, at_ms, " ".join(said), "en", words, 0.0, 0.0, None))
    marked = [
        (bounds[_turn(first)][0], bounds[_turn(last)][1])
        for query in content["specific_query_list"]
        for first, last in query["relevant_text_span"]
    ]
    chunk = ChunkTranscript(0, at_ms, at_ms, "en", 1.0, utterances, [], "people")
    parts = Parts(name, transcripts=[chunk], audio_duration_ms=at_ms)
    return Item(name, parts, spans_of(marked, at_ms), frozenset(range(len(utterances))), timed=False)


def _turn(number: str | int) -> int:
    turn = int(number)
    if turn < 0:
        raise ValueError(f"a turn cannot be {turn}")
    return turn


__all__ = ["meetings_of"]
