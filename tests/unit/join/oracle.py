"""What a join must come to, worked out from the set of its parts alone; shares no line with the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Stream:
    """The best that came of a stream: 'ok', 'empty' or 'failed' by index; and its ends."""

    parts: dict[int, str] = field(default_factory=dict)
    ends: list[tuple[str, int]] = field(default_factory=list)  # (status, count)

    @property
    def end(self) -> tuple[str, int] | None:
        return max(self.ends, key=lambda end: _RANKS[end[0]], default=None)


@dataclass
class Outcome:
    """What the last emission must be."""

    through: bool  # all that a last result cannot do without is there
    complete: bool  # and all content, for which it waits
    completeness: str
    words: set[int]  # indexes of transcripts in it
    shots: set[int]  # of vision batches
    facts: bool
    failed: int  # parts that are named as failed
    absent: int  # parts that are counted as absent
    understood: set[int]  # indexes of content that may be in it


_RANKS = {"failed": 0, "empty": 1, "ok": 2, "warned": 2}
_STATUS = {"": "ok", "!": "failed", "-": "empty", "~": "warned"}


def judge(words: Iterable[str]) -> Outcome:
    """The outcome of one generation's words (see the cases), in any order and number, all of which arrived."""
    streams, content, metadata = {"T": Stream(), "V": Stream()}, Stream(), ""
    for full in words:
        word = full.rstrip("'")
        how = word[-1] if word[-1] in "!-~" else ""
        body = word.removesuffix(how) if how else word
        status = _STATUS[how]
        if body == "M":
            metadata = max(metadata, status, key=lambda one: _RANKS.get(one, -1))
            continue
        stream = content if body[0] == "C" else streams[body[0]]
        if body[1] == "/":
            stream.ends.append((status, int(body[2:])))
        else:
            index = int(body[1:])
            held = stream.parts.get(index, status)
            stream.parts[index] = max(held, status, key=lambda one: _RANKS[one])
    heard = {name: {i for i, how in stream.parts.items() if how == "ok"} for name, stream in streams.items()}
    through, clean, failed, absent = metadata != "", metadata == "ok", 0, 0
    for stream in streams.values():
        failed += sum(how == "failed" for how in stream.parts.values())
        clean = clean and "failed" not in stream.parts.values()
        if stream.end is None:
            through = clean = False
            absent += max(stream.parts, default=-1) + 1 - len(stream.parts)
            continue
        status, count = stream.end
        gone = count - sum(index < count for index in stream.parts)
        through = through and not gone
        clean = clean and not gone and status in ("ok", "empty")
        absent += gone
    usable = any(heard.values())
    completeness = "final" if clean else "degraded" if usable else "failed"
    understood = {i for i, how in content.parts.items() if how == "ok"}
    complete = through and content.end is not None and all(i in content.parts for i in range(content.end[1]))
    return Outcome(
        through, complete, completeness, heard["T"], heard["V"], metadata == "ok", failed, absent, understood
    )


__all__ = ["Outcome", "judge"]
