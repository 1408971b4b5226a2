"""The join as a pure state machine: (state, event, now) -> (state, actions). No clock, no table, no broker.

Cases (T, V, M: parts of transcript, vision, metadata; E: the end record of a stream; n/m: n of m parts)::

    arrived                                          what is emitted
    -----------------------------------------------  ----------------------------------------------------------
    M, T n/?, V n/?                                  nothing
    M, T and V up to min(30 s, 25 %), a word, a frame  provisional, once
    M, T m/m E, V m/m E, all ok or empty             final
    the same, a part failed or an extractor stopped  degraded, missing says which
    M failed, no part usable                         failed, with the reason of M
    E failed (count unknown), parts sent before it   waits for the parts that were sent, then degraded
    nothing more within the deadline, no lag         degraded, or failed when no part is usable
    a part again (same index)                        nothing; ok beats empty beats failed in any order
    a better part after degraded or failed           the next revision, at once when all parts are there
    any part after final                             nothing
    a part of an older generation                    nothing
    a part of a newer generation                     state starts anew; rows of the older one go
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from processors.priority import FIRST_RESULT_MS
from processors.timeline import clock
from schemas.messages import Header, ResultStatus, StageRun
from streams.join.state import STATUS_LETTER, STATUS_RANK, STREAM_KINDS, JoinState, Kind, StreamState

PROVISIONAL_SHARE: Final = 0.25
# Names of the streams for people.
_EXTRACTORS: Final = {"transcript": "audio-extractor", "vision": "frame-extractor", "metadata": "metadata"}
_SPOKEN: Final = {"transcript": "speech", "vision": "pictures"}


@dataclass(frozen=True, slots=True)
class Part:
    """A record of one of the joined topics."""

    kind: Kind
    header: Header
    content: bytes  # the record as it came, kept as the row
    end_ms: int  # how far it reaches; -1 for records without a time
    expected: int | None = None  # end records: items that were sent
    duration_ms: int | None = None  # of the end record's stream, or of the whole video by its metadata
    warnings: tuple[str, ...] = ()
    usable: bool = False  # carries words or frames


@dataclass(frozen=True, slots=True)
class Timer:
    """A deadline that was found to be over."""

    video_id: str
    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class PutRow:
    """Keep a part."""

    key: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DeleteRows:
    """Forget parts."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish a `VideoJoined` with the parts under these keys."""

    completeness: ResultStatus
    revision: int
    keys: tuple[str, ...]
    until_ms: int | None
    missing: tuple[str, ...]
    error: str | None


Action = PutRow | DeleteRows | Emit


def row_key(video_id: str, generation: int, kind: Kind, index: int) -> str:
    """Key of a part's row."""
    return f"{video_id}|{generation}|{kind}|{index}"


def advance(state: JoinState | None, event: Part | Timer, now_ms: int) -> tuple[JoinState | None, list[Action]]:
    """Take one event.

    Args:
        state: of the event's video; None when nothing is known of it. It is changed in place.
        event: a part or a timer.
        now_ms: wall time.

    Returns:
        The new state, None when there is still nothing to remember, and what to do, in this order.
    """
    if isinstance(event, Timer):
        if state is None or state.generation != event.generation or not state.open:
            return state, []
        return state, _finish(state, event.reason)
    header = event.header
    actions: list[Action] = []
    if state is not None and header.generation > state.generation:
        actions.append(DeleteRows(tuple(all_rows(state))))
        state = None
    if state is None:
        state = JoinState(header.video_id, header.generation, header.options, header.fresh_from, now_ms, now_ms)
    if header.generation < state.generation or state.emitted in ("final", "cancelled"):
        return state, actions
    if not _note(state, event):
        return state, actions
    state.touched_at_ms = now_ms
    _count(state, event.kind, header)
    if event.kind == "metadata":
        actions.append(PutRow(row_key(state.video_id, state.generation, "metadata", 0), event.content))
    elif not header.is_end:
        actions.append(PutRow(row_key(state.video_id, state.generation, event.kind, header.index), event.content))
    actions.extend(_evaluate(state))
    return state, actions


def all_rows(state: JoinState) -> list[str]:
    """Keys of every row that the state may have."""
    keys = [row_key(state.video_id, state.generation, "metadata", 0)] if state.metadata != "." else []
    for kind in STREAM_KINDS:
        received = state.stream(kind).received
        keys += [
            row_key(state.video_id, state.generation, kind, i) for i, letter in enumerate(received) if letter != "."
        ]
    return keys


def _note(state: JoinState, part: Part) -> bool:
    """Enter a part into the state; returns whether it tells anything new."""
    header, letter = part.header, STATUS_LETTER[part.header.status]
    if part.kind == "metadata":
        if STATUS_RANK[letter] <= STATUS_RANK[state.metadata]:
            return False
        state.metadata, state.metadata_error, state.duration_ms = letter, header.error, part.duration_ms
        return True
    stream = state.stream(part.kind)
    if not header.is_end:
        return stream.put(header.index, letter if part.usable or letter != "o" else "e", part.end_ms, header.error)
    if STATUS_RANK[letter] <= STATUS_RANK[stream.ended]:
        return False
    stream.ended, stream.end_error = letter, header.error
    stream.expected, stream.duration_ms = part.expected, part.duration_ms
    stream.warnings = list(part.warnings)
    return True


def _count(state: JoinState, kind: Kind, header: Header) -> None:
    # an end record tells what its extractor spent; the stage that passed it on had nothing to do
    stage = _EXTRACTORS[kind] if header.is_end else header.stage
    old = state.runs.get(stage, StageRun(stage, 0, 0, 0))
    state.runs[stage] = replace(
        old,
        took_ms=old.took_ms + header.took_ms,
        records=old.records + 1,
        cached=old.cached + header.cached,
    )


def _evaluate(state: JoinState) -> list[Action]:
    if state.metadata != "." and all(state.stream(kind).complete for kind in STREAM_KINDS):
        return _finish(state, None)
    if not state.open:
        return []  # degraded before: the next revision comes when all parts are there
    if state.emitted is None and _ready_for_provisional(state):
        assert state.duration_ms is not None
        until = _provisional_until(state.duration_ms)
        return [_emit(state, "provisional", until, (), None)]
    return []


def _provisional_until(duration_ms: int) -> int:
    return min(FIRST_RESULT_MS, int(duration_ms * PROVISIONAL_SHARE))


def _ready_for_provisional(state: JoinState) -> bool:
    if state.metadata != "o" or not state.duration_ms:
        return False
    until = _provisional_until(state.duration_ms)
    return all(state.stream(kind).covers(until) and state.stream(kind).ok_indexes for kind in STREAM_KINDS)


def _finish(state: JoinState, deadline_reason: str | None) -> list[Action]:
    """Emit what the parts allow: final, degraded or failed."""
    if state.emitted_parts == state.letters and not state.open:
        return []
    missing = _missing(state, deadline_reason)
    usable = any(state.stream(kind).ok_indexes for kind in STREAM_KINDS)
    failed = not usable and (state.metadata == "f" or bool(missing))
    completeness: ResultStatus = "failed" if failed else "degraded" if missing else "final"
    error = (state.metadata_error or missing[0]) if failed else None
    if state.metadata_error is not None and failed:
        # three stages that could not open a file say the same thing
        missing = [text for text in missing if not text.endswith(state.metadata_error)]
    actions: list[Action] = [_emit(state, completeness, None, tuple(missing), error)]
    if completeness == "final":
        actions.append(DeleteRows(tuple(all_rows(state))))
    return actions


def _emit(
    state: JoinState, completeness: ResultStatus, until_ms: int | None, missing: tuple[str, ...], error: str | None
) -> Emit:
    state.revision += 1
    state.emitted = completeness
    state.emitted_parts = state.letters
    keys = [row_key(state.video_id, state.generation, "metadata", 0)] if state.metadata == "o" else []
    for kind in STREAM_KINDS:
        indexes = state.stream(kind).ok_indexes
        keys += [row_key(state.video_id, state.generation, kind, index) for index in indexes]
    return Emit(completeness, state.revision, tuple(keys), until_ms, missing, error)


def _missing(state: JoinState, deadline_reason: str | None) -> list[str]:
    """What is not there, in words for people, in a fixed order."""
    found = []
    if state.metadata == "f":
        found.append(f"metadata: {state.metadata_error}")
    elif state.metadata == ".":
        found.append(f"metadata: {deadline_reason}")
    for kind in STREAM_KINDS:
        found += [f"{_SPOKEN[kind]}: {text}" for text in _missing_of(state.stream(kind), deadline_reason)]
    return found


def _missing_of(stream: StreamState, deadline_reason: str | None) -> list[str]:
    found = list(stream.warnings)
    if stream.ended == "f":
        found.append(stream.end_error or "extraction stopped")
    elif stream.ended == ".":
        found.append(deadline_reason or "no end record")
    for index, letter in enumerate(stream.received):
        if letter == "f":
            found.append(f"part {index + 1}: {stream.errors.get(str(index), 'failed')}")
    expected = len(stream.received) if stream.expected is None else stream.expected
    absent = [i for i in range(expected) if i >= len(stream.received) or stream.received[i] == "."]
    if absent:
        before = max((end for end in stream.ends[: absent[0]] if end >= 0), default=0)
        found.append(f"{len(absent)} of {expected} parts, first one from {clock(before)}: {deadline_reason or 'lost'}")
    return found
