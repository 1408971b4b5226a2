"""The join as a pure state machine: (state, event, now, rows) -> (state, rows to keep). No clock, table or broker.

Cases, each of which is run as a test. M is metadata, T0, V0 and C0 are parts of transcript, vision and content, T/2 is
the end record of a stream that counts 2 parts; `!` failed, `-` empty, `~` with a warning, `'` of the next generation;
`deadline`, `expiry` and `forget` are times that are over. The video has 100 s, part n reaches to (n + 1) x 10 s. Where
a case has no C, that of each T comes right behind it::

    case                              arrived                                     emitted
    --------------------------------  ------------------------------------------  -------------------------
    nothing but metadata              M                                           nothing
    all there                         M T0 T1 T/2 V0 V/1                          final
    metadata last                     T0 T1 T/2 V0 V/1 M                          final
    end records first                 T/2 V/1 T1 V0 M T0                          final
    a part is missing                 M T1 T/2 V0 V/1                             nothing
    a quarter, then the rest          M V0 V1 V2 T0 T1 T2 T/3 V/3                 provisional final
    a quarter, but for a gap          M T1 T2 T3 V0 V1 V2 V3                      nothing
    a quarter without a word          M T0- T1- T2- V0 V1 V2                      nothing
    a quarter without metadata        T0 T1 T2 V0 V1 V2                           nothing
    the short stream is through       M T0 T/1 V0 V1 V2                           provisional
    a quarter, then a half            M V0 V1 V2 T0 T1 T2 V3 V4 T3 T4             provisional provisional
    both at once                      M V0 V1 V2 V3 V4 T1 T2 T3 T4 T0             provisional
    a half by the end of one          M T0 T/1 V0 V1 V2 V3 V4 V/5                 provisional provisional final
    all of it, with the second mark   M V0 V1 V2 V/3 T0 T1 T2 T/3                 provisional final
    an early result without content   M V0 V1 V2 T0 T1 T2 C/3                     provisional
    all but some content              M T0 T/1 V0 V/1 C/1                         nothing
    ... which comes                   M T0 T/1 V0 V/1 C/1 C0                      final
    ... or never                      M T0 T/1 V0 V/1 C/1 deadline                final
    content before its words          C0 C/1 V0 V/1 T0 T/1 M                      final
    content that failed               M T0 T/1 V0 V/1 C0! C/1                     final
    its words come late               M T0! T/1 V0 V/1 C0! C/1 T0 C0              degraded final
    late content alone                M T0! T/1 V0 V/1 C0! C/1 C0                 degraded
    no sound                          M T/0- V0 V/1                               final
    no picture                        M T0 T/1 V/0-                               final
    neither                           M T/0- V/0-                                 final
    a part again                      M T0 T0 T/1 V0 V/1 T0 V/1 M                 final
    an empty part                     M T0- T/1 V0 V/1                            final
    a failed part                     M T0! T1 T/2 V0 V/1                         degraded
    mended before the end             M T0! T0 T/1 V0 V/1                         final
    mended after it                   M T0! T/1 V0 V/1 T0                         degraded final
    failed after ok                   M T0 T0! T/1 V0 V/1                         final
    failed after degraded             M T0! T1! T/2 V0 V/1 T0 T0! T1              degraded degraded final
    extractor stopped after a part    M T0 T/1! V0 V/1                            degraded
    stopped, a part under way         M T/1! V0 V/1                               nothing
    ... which then comes              M T/1! V0 V/1 T0                            degraded
    stopped, then all on a replay     M T0 T/1! V0 V/1 T/2 T1                     degraded final
    a warning                         M T0 T/1~ V0 V/1                            degraded
    cannot be opened                  M! T/0! V/0!                                failed
    metadata alone failed             M! T0 T/1 V0 V/1                            degraded
    metadata comes after all          M! T0 T/1 V0 V/1 M                          degraded final
    mended, which helps nobody        M! T/0- V/0! V/0                            failed
    nothing more comes                M T0 deadline                               degraded
    nothing usable came               M deadline                                  failed
    nothing but an end record         T/0- deadline                               failed
    an early result, then nothing     M V0 V1 V2 T0 T1 T2 deadline                provisional degraded
    the rest comes late               M T0 deadline T/1 V0 V/1                    degraded final
    some of it comes late             M T0 deadline T/1 V0                        degraded
    the deadline twice                M T0 deadline deadline                      degraded
    a deadline after final            M T0 T/1 V0 V/1 deadline                    final
    deadline of another generation    M T0 deadline'                              nothing
    a part beyond the end             M T5 T0 T/1 V0 V/1                          final
    anything after final              M T0 T/1 V0 V/1 T0! T5 M!                   final
    cancelled in the middle           M T0 cancel T/1 V0 V/1                      cancelled
    cancelled after an early result   M V0 V1 V2 T0 T1 T2 cancel T3               provisional cancelled
    cancelled before anything         cancel M T0 T/1 V0 V/1                      cancelled
    cancelled twice                   M cancel cancel                             cancelled
    cancelled too late                M T0 T/1 V0 V/1 cancel                      final
    cancelled after degraded          M T0 deadline cancel T/1 V0 V/1             degraded final
    the next one is not cancelled     M T0 cancel M' T0' T/1' V0' V/1'            cancelled final
    a newer one is cancelled          M T0 cancel' T/1 V0 V/1                     cancelled
    an older one is cancelled         M' T0' cancel T/1' V0' V/1'                 final
    erased in the middle              M T0 erase T/1 V0 V/1                       nothing
    erased after degraded             M T0 deadline erase T/1 V0 V/1              degraded
    erased after final                M T0 T/1 V0 V/1 erase T0 M                  final
    erased before anything            erase M T0 T/1 V0 V/1                       nothing
    a newer one is erased             M T0 erase' T/1 V0 V/1                      nothing
    an older one is erased            M' T0' erase T/1' V0' V/1'                  final
    a newer one after it was erased   M T0 erase M' T0' T/1' V0' V/1'             final
    too late                          M T0 deadline expiry T/1 V0 V/1             degraded
    expiry while it waits             M T0 expiry T/1 V0 V/1                      final
    a marker that is not needed       M T0 T/1 V0 V/1 forget                      final
    a marker of a part that is        M T0 deadline forget T/1 V0 V/1             degraded
    an older generation               M' T0' T/1' V0' V/1' M T0 T/1 V0 V/1        final
    a newer one after final           M T0 T/1 V0 V/1 M' T0' T/1' V0' V/1'        final final
    a newer one in the middle         M T0 T/1 M' V0 V/1 V0' V/1' T0' T/1'        final
    a newer one after degraded        M T0 deadline M' T0' T/1' V0' V/1' V0 V/1   degraded final

Content is what the words say by themselves, and the segmenter finds out by the same function what no part of it tells:
with or without, the result is the same to the byte. So the last result waits for content, which saves the work, and
never lacks any: a part of it that failed, or did not come by the deadline, degrades nothing and is not in `missing`;
nor do early results and late parts wait for it.

The rows are the truth about parts, the state is what can be decided without reading them all. An event that was cut off
by a crash comes again, maybe behind others: then its row may be there and not be counted. A row that was put after the
newest revision went out (`Row.after`) is therefore taken as news again.
"""

from __future__ import annotations

import zlib
from typing import Final

from processors.domain import MAX_SOUNDS
from processors.options import Options
from processors.timeline import clock
from schemas.messages import END_INDEX, ResultStatus
from streams.join.events import Part, Step, Timer
from streams.join.marks import highest_mark
from streams.join.row import About, Ending, Look, Row, about_key, row_key
from streams.join.state import (
    NEEDED,
    NOTHING,
    STATUS_LETTER,
    STATUS_RANK,
    Emit,
    Intent,
    JoinState,
    Kind,
    StreamKind,
    Sweep,
)
from streams.topics import KEPT_INPUT_MS

# The emission is one record: with more it says how many. A reason of more letters is cut.
MAX_REASONS: Final = 20
MAX_REASON: Final = 500
# Names of the streams for people.
EXTRACTORS: Final[dict[Kind, str]] = {"transcript": "audio-extractor", "vision": "frame-extractor"}
_SPOKEN: Final[dict[StreamKind, str]] = {"transcript": "speech", "vision": "pictures"}


def advance(state: JoinState | None, event: Part | Timer, now_ms: int, look: Look) -> Step:
    """Take one event.

    Args:
        state: of the event's video, without an intent; None when nothing is known of it. It is changed in place.
        event: a part or a timer.
        now_ms: wall time.
        look: gives the rows that are kept.
    """
    assert state is None or state.intent is None, "what was decided is carried out before the next event"
    if isinstance(event, Timer):
        if event.kind in ("cancel", "erase"):
            return _cancel(state, event, now_ms) if event.kind == "cancel" else _erase(state, event, now_ms)
        return _time_is_over(state, event, look)
    header = event.header
    key = row_key(header.video_id, header.generation, event.kind, header.index)
    sweeps: tuple[Sweep, ...] = ()
    if state is not None:
        if header.generation < state.generation or (header.generation == state.generation and state.done):
            return Step(state, stray=(key, about_key(header.video_id, header.generation)))
        if header.generation > state.generation:
            sweeps = () if state.done else (state.sweep,)
            state = None
    rows: list[tuple[str, Row]] = []
    if state is None:
        state = JoinState(header.video_id, header.generation, now_ms)
        about = About(header.options, header.fresh_from, now_ms)
        rows.append((about_key(header.video_id, header.generation), about.to_row()))
    kept = look(key)
    row = _row(event, state.revision)
    better = kept is None or STATUS_RANK[row.letter] > STATUS_RANK[kept.letter]
    if better:
        rows.append((key, row))
        state.touched_at_ms = now_ms
    elif kept is not None:
        row = kept
    added = dict(rows)

    def see(wanted: str) -> Row | None:
        return added.get(wanted) or look(wanted)

    uncounted = _count(state, event, row, see)
    emit = _evaluate(state, see) if better or uncounted or row.after == state.revision else None
    # what content tells the segmenter has found out by itself
    brings_something = row.letter == "o" and not header.is_end and event.kind != "content"
    if emit is not None and not brings_something and _told(emit) == state.told:
        emit = None  # the same once more
    return Step(_with_intent(state, emit, sweeps), tuple(rows))


def _time_is_over(state: JoinState | None, timer: Timer, look: Look) -> Step:
    if state is None or state.generation != timer.generation or state.touched_at_ms >= timer.due_at_ms:
        return Step(state)  # meant for another state: a part came since
    if timer.kind == "deadline":
        return Step(_with_intent(state, _finish(state, timer.reason, look), ()) if state.open else state)
    if state.open:
        return Step(state)
    if not state.done:
        state.expired = True
        state.intent = Intent(None, (state.sweep,))
        return Step(state)
    # the timer that let late parts expire may come twice: the marker has a time of its own
    return Step(None if timer.due_at_ms - state.touched_at_ms >= KEPT_INPUT_MS else state)


def _cancel(state: JoinState | None, order: Timer, now_ms: int) -> Step:
    sweeps: tuple[Sweep, ...] = ()
    rows: tuple[tuple[str, Row], ...] = ()
    if state is not None and state.generation < order.generation:
        sweeps = () if state.done else (state.sweep,)
        state = None
    if state is None:
        state = JoinState(order.video_id, order.generation, now_ms)
        about = About(Options(), None, now_ms)
        rows = ((about_key(order.video_id, order.generation), about.to_row()),)
    if state.generation > order.generation or not state.open:
        return Step(state)
    return Step(_with_intent(state, Emit("cancelled", None, (), order.reason), sweeps), rows)


def _erase(state: JoinState | None, order: Timer, now_ms: int) -> Step:
    """Forget all of a video but the marker, which keeps its late parts from beginning anew; nothing is told."""
    if state is not None and state.generation > order.generation:
        return Step(state)
    revision = 0 if state is None else state.revision
    sweeps = () if state is None or state.done else (state.sweep,)
    marker = JoinState(order.video_id, order.generation, now_ms, revision, "cancelled")
    marker.intent = Intent(None, sweeps) if sweeps else None
    return Step(marker)


def _with_intent(state: JoinState, emit: Emit | None, sweeps: tuple[Sweep, ...]) -> JoinState:
    if emit is not None:
        state.revision += 1
        state.emitted, state.told = emit.completeness, _told(emit)
        state.shown_ms = emit.until_ms or 0
        if emit.completeness in ("final", "cancelled"):
            sweeps = (*sweeps, state.sweep)
    state.intent = Intent(emit, sweeps) if emit is not None or sweeps else None
    return state


def _told(emit: Emit) -> int:
    """A number for what an emission tells beside its parts."""
    told: tuple[object, ...] = (emit.completeness, emit.missing, emit.error)
    if emit.until_ms is not None:
        told += (emit.until_ms,)
    return zlib.crc32(repr(told).encode())


def _row(part: Part, after: int) -> Row:
    header, letter = part.header, STATUS_LETTER[part.header.status]
    # an end record tells what its extractor spent; the stage that passed it on had nothing to do
    stage = EXTRACTORS.get(part.kind, "") if header.is_end else header.stage
    content = b""
    if header.is_end:
        warnings = [_short(text) for text in part.warnings[:MAX_REASONS]]
        if len(part.warnings) > MAX_REASONS:
            warnings.append(f"and {len(part.warnings) - MAX_REASONS} more")
        error = _short(header.error) if header.error is not None else None
        content = Ending(part.expected, error, part.duration_ms, tuple(warnings), part.sounds[:MAX_SOUNDS]).to_bytes()
    elif letter == "o" and not part.usable:
        letter = "e"
    elif letter == "o":
        content = part.content
    elif letter == "f":
        content = _short(header.error or "failed").encode()
    return Row(letter, part.end_ms, after, stage, header.took_ms, header.cached, content)


def _count(state: JoinState, part: Part, row: Row, look: Look) -> bool:
    """Enter the part, whose row is kept now, into the numbers; returns whether it was not in them yet."""
    rank = STATUS_RANK[row.letter]
    if part.kind == "metadata":
        if rank <= STATUS_RANK[state.metadata]:
            return False
        state.metadata, state.duration_ms = row.letter, part.duration_ms
        return True
    stream, index = state.stream(part.kind), part.header.index
    if part.header.is_end:
        if rank <= STATUS_RANK[stream.ended]:
            return False
        stream.ended, stream.expected = row.letter, part.expected
        return True
    known = (stream.highest, stream.prefix)
    stream.highest = max(stream.highest, index)
    stream.heard = stream.heard or row.letter == "o"
    _extend(state, part.kind, look)
    return known != (stream.highest, stream.prefix)


def _extend(state: JoinState, kind: Kind, look: Look) -> None:
    stream = state.stream(kind)
    while (there := look(row_key(state.video_id, state.generation, kind, stream.prefix))) is not None:
        stream.prefix += 1
        stream.reach_ms = max(stream.reach_ms, there.end_ms)


def _evaluate(state: JoinState, look: Look) -> Emit | None:
    through = all(state.stream(kind).complete for kind in NEEDED)
    # a late part after degraded need not be understood first: nothing but time is lost with its content
    if state.metadata != NOTHING and through and (state.content.complete or not state.open):
        return _finish(state, None, look)
    # degraded before: the next revision comes when all parts are there. All but content is there: the last one is near
    if through or not state.open or state.metadata != "o" or not state.duration_ms:
        return None
    if not all(state.stream(kind).heard for kind in NEEDED):
        return None
    mark = highest_mark(state, state.duration_ms)
    return Emit("provisional", mark, (), None) if mark > state.shown_ms else None


def _finish(state: JoinState, deadline_reason: str | None, look: Look) -> Emit:
    """What the rows allow: final, degraded or failed. Rows that were not counted yet (see above) are from now on."""
    metadata = look(row_key(state.video_id, state.generation, "metadata", 0))
    metadata_error = metadata.content.decode() if metadata is not None and metadata.letter == "f" else None
    missing, usable = [], False
    if metadata is None or metadata_error is not None:
        missing.append(f"metadata: {metadata_error or deadline_reason}")
    if metadata is not None:
        state.metadata = metadata.letter
    _missing_of(state, "content", deadline_reason, look)  # counts its rows
    for kind in NEEDED:
        texts, heard = _missing_of(state, kind, deadline_reason, look)
        missing += [f"{_SPOKEN[kind]}: {text}" for text in texts]
        usable = usable or heard
    failed = not usable and (metadata_error is not None or bool(missing))
    error = (metadata_error or missing[0]) if failed else None
    if metadata_error is not None and failed:
        # three stages that could not open a file say the same thing
        missing = [text for text in missing if not text.endswith(metadata_error)]
    completeness: ResultStatus = "failed" if failed else "degraded" if missing else "final"
    return Emit(completeness, None, tuple(missing), error)


def _missing_of(state: JoinState, kind: StreamKind, deadline_reason: str | None, look: Look) -> tuple[list[str], bool]:
    """What is missing of a stream, in words for people, in a fixed order; and whether any part of it is usable."""
    stream, found, failed, absent, heard = state.stream(kind), [], [], 0, False
    end = look(row_key(state.video_id, state.generation, kind, END_INDEX))
    if end is None:
        found.append(deadline_reason or "no end record")
    else:
        ending = Ending.from_bytes(end.content)
        found += ending.warnings
        if end.letter == "f":
            found.append(ending.error or "extraction stopped")
        stream.ended, stream.expected = end.letter, ending.expected
    _extend(state, kind, look)
    expected = stream.highest + 1 if stream.expected is None else stream.expected
    reach_ms, first_gap_ms = 0, 0
    for index in range(max(stream.highest + 1, stream.prefix, expected)):
        row = look(row_key(state.video_id, state.generation, kind, index))
        if row is None:
            first_gap_ms = first_gap_ms if absent else reach_ms
            absent += index < expected
            continue
        stream.highest = max(stream.highest, index)
        reach_ms = max(reach_ms, row.end_ms)
        heard = heard or row.letter == "o"
        if row.letter == "f":
            failed.append(index)
            if len(failed) <= MAX_REASONS:
                found.append(f"part {index + 1}: {row.content.decode()}")
    if len(failed) > MAX_REASONS:
        found.append(f"{len(failed)} parts failed in all")
    if absent:
        at = clock(first_gap_ms)
        found.append(f"{absent} of {expected} parts, first one from {at}: {deadline_reason or 'lost'}")
    return found, heard


def _short(text: str) -> str:
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."


__all__ = ["EXTRACTORS", "Part", "Step", "Timer", "advance"]
