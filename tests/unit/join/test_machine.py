"""The join's table of cases, and a model test: any order, any repeats, any crash point give the clean run's result."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.options import Options
from schemas.messages import END_INDEX, Header
from streams.join.machine import DeleteRows, Emit, Part, PutRow, Timer, advance, all_rows
from streams.join.state import JoinState

VIDEO = "v"
DURATION_MS = 100_000


def header(stage: str, index: int, status: str = "ok", error: str | None = None, generation: int = 0) -> Header:
    return Header(VIDEO, generation, stage, index, status, error, 1, Options(), None, 3, False)


def part(kind: str, index: int, status: str = "ok", error: str | None = None, generation: int = 0) -> Part:
    stage = {"transcript": "transcriber", "vision": "vision"}[kind]
    content = f"{kind}{index}{status}{generation}".encode()
    return Part(
        kind, header(stage, index, status, error, generation), content, (index + 1) * 10_000, usable=status == "ok"
    )


def end(kind: str, sent: int, status: str = "ok", error: str | None = None, generation: int = 0, warnings=()) -> Part:
    stage = {"transcript": "transcriber", "vision": "vision"}[kind]
    return Part(
        kind,
        header(stage, END_INDEX, status, error, generation),
        b"end",
        -1,
        expected=sent,
        duration_ms=DURATION_MS,
        warnings=tuple(warnings),
    )


def meta(status: str = "ok", error: str | None = None, generation: int = 0) -> Part:
    duration = DURATION_MS if status == "ok" else None
    return Part(
        "metadata",
        header("metadata", 0, status, error, generation),
        b"meta",
        -1,
        duration_ms=duration,
        usable=status == "ok",
    )


@dataclass
class Joiner:
    """The machine with a table in memory, as the runner drives it."""

    state: JoinState | None = None
    rows: dict[str, bytes] = field(default_factory=dict)
    emitted: list[Emit] = field(default_factory=list)
    seen: dict[tuple[int, int], tuple] = field(default_factory=dict)

    def take(self, event: Part | Timer, crash: str = "") -> None:
        before = self.state.to_bytes() if self.state is not None else None
        state, actions = advance(self.state, event, 0)
        for action in actions:
            if isinstance(action, PutRow):
                self.rows[action.key] = action.content
        if crash == "rows":
            return self._crash(before)
        for action in actions:
            if isinstance(action, Emit):
                self._emit(state, action)
        if crash == "emitted":
            return self._crash(before)
        self.state = JoinState.from_bytes(state.to_bytes()) if state is not None else None
        for action in actions:
            if isinstance(action, DeleteRows):
                for key in action.keys:
                    self.rows.pop(key, None)
        return None

    def _crash(self, before: bytes | None) -> None:
        self.state = JoinState.from_bytes(before) if before is not None else None

    def _emit(self, state: JoinState, emit: Emit) -> None:
        content = tuple(self.rows[key] for key in emit.keys)
        payload = (emit.completeness, content, emit.missing, emit.error)
        held = self.seen.setdefault((state.generation, emit.revision), payload)
        assert held == payload, "two payloads for one (generation, revision)"
        self.emitted.append(emit)

    def run(self, *events: Part | Timer) -> list[str]:
        for event in events:
            self.take(event)
        return [emit.completeness for emit in self.emitted]


T, V = "transcript", "vision"
COMPLETE = [meta(), part(T, 0), part(T, 1), end(T, 2), part(V, 0), end(V, 1)]
CASES = [
    ("nothing but metadata", [meta()], []),
    ("all there, end records last", COMPLETE, ["final"]),
    ("metadata last", [*COMPLETE[1:], meta()], ["final"]),
    ("end records first", [end(T, 2), end(V, 1), part(T, 1), part(V, 0), meta(), part(T, 0)], ["final"]),
    ("a part is missing", [meta(), part(T, 1), end(T, 2), part(V, 0), end(V, 1)], []),
    (
        "provisional, then final",
        [meta(), part(V, 0), part(T, 0), part(V, 1), part(V, 2), part(T, 1), part(T, 2), end(T, 3), end(V, 3)],
        ["provisional", "final"],
    ),
    ("no provisional across a gap", [meta(), part(T, 1), part(T, 2), part(T, 3), *(part(V, n) for n in range(4))], []),
    ("repeats", [*COMPLETE, *COMPLETE], ["final"]),
    ("late part after final", [*COMPLETE, part(T, 1), part(T, 5)], ["final"]),
    ("no sound", [meta(), end(T, 0, "empty"), part(V, 0), end(V, 1)], ["final"]),
    ("no picture", [meta(), part(T, 0), end(T, 1), end(V, 0, "empty")], ["final"]),
    ("neither", [meta(), end(T, 0, "empty"), end(V, 0, "empty")], ["final"]),
    ("a failed part", [meta(), part(T, 0, "failed", "x"), part(T, 1), end(T, 2), part(V, 0), end(V, 1)], ["degraded"]),
    (
        "mended later",
        [meta(), part(T, 0, "failed", "x"), end(T, 1), part(V, 0), end(V, 1), part(T, 0)],
        ["degraded", "final"],
    ),
    (
        "failed again after ok",
        [meta(), part(T, 0), part(T, 0, "failed", "x"), end(T, 1), part(V, 0), end(V, 1)],
        ["final"],
    ),
    (
        "extractor stopped after one",
        [meta(), part(T, 0), end(T, 1, "failed", "broken"), part(V, 0), end(V, 1)],
        ["degraded"],
    ),
    ("stopped, its part still under way", [meta(), end(T, 1, "failed", "broken"), part(V, 0), end(V, 1)], []),
    ("a warning", [meta(), part(T, 0), end(T, 1, warnings=["ends early"]), part(V, 0), end(V, 1)], ["degraded"]),
    (
        "cannot be opened",
        [meta("failed", "no file"), end(T, 0, "failed", "no file"), end(V, 0, "failed", "no file")],
        ["failed"],
    ),
    ("metadata alone failed", [meta("failed", "x"), part(T, 0), end(T, 1), part(V, 0), end(V, 1)], ["degraded"]),
    ("deadline", [meta(), part(T, 0), Timer(VIDEO, 0, "nothing came")], ["degraded"]),
    ("deadline, nothing usable", [meta(), Timer(VIDEO, 0, "nothing came")], ["failed"]),
    ("deadline of another generation", [meta(), Timer(VIDEO, 7, "nothing came")], []),
    ("deadline after final", [*COMPLETE, Timer(VIDEO, 0, "nothing came")], ["final"]),
    (
        "the rest comes after the deadline",
        [meta(), part(T, 0), Timer(VIDEO, 0, "late"), end(T, 1), part(V, 0), end(V, 1)],
        ["degraded", "final"],
    ),
    (
        "an older generation",
        [*(replace(p, header=replace(p.header, generation=1)) for p in COMPLETE), *COMPLETE],
        ["final"],
    ),
    (
        "a newer generation",
        [*COMPLETE, *(replace(p, header=replace(p.header, generation=1)) for p in COMPLETE)],
        ["final", "final"],
    ),
]


@pytest.mark.parametrize(("events", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_cases(events, expected):
    assert Joiner().run(*events) == expected


def test_provisional_comes_exactly_when_the_quarter_is_covered():
    joiner = Joiner()
    assert joiner.run(meta(), part(V, 0), part(V, 1), part(V, 2), part(T, 0), part(T, 1)) == []
    assert joiner.run(part(T, 2)) == ["provisional"]  # 30 s of 100 s; a quarter is 25 s
    assert joiner.emitted[0].until_ms == 25_000


def test_revisions_grow_and_the_error_names_the_cause():
    joiner = Joiner()
    joiner.run(meta("failed", "no such file"), end(T, 0, "failed", "no such file"), end(V, 0, "failed", "no such file"))
    assert joiner.emitted[-1].error == "no such file"
    joiner = Joiner()
    joiner.run(meta(), part(T, 0, "failed", "boom"), end(T, 1), part(V, 0), end(V, 1), part(T, 0))
    assert [emit.revision for emit in joiner.emitted] == [1, 2]
    assert joiner.emitted[0].missing == ("speech: part 1: boom",)
    assert joiner.emitted[1].missing == ()


def test_rows_go_with_final_and_stay_with_degraded():
    joiner = Joiner()
    joiner.run(*COMPLETE)
    assert joiner.rows == {}
    joiner = Joiner()
    joiner.run(meta(), part(T, 0, "failed", "x"), end(T, 1), part(V, 0), end(V, 1))
    assert joiner.rows
    joiner.run(part(T, 0))
    assert joiner.rows == {}


def test_rows_of_an_older_generation_go():
    joiner = Joiner()
    joiner.run(meta(), part(T, 0), part(V, 0))
    assert len(joiner.rows) == 3
    joiner.run(meta(generation=1))
    assert set(joiner.rows) == set(all_rows(joiner.state))


@st.composite
def videos(draw):
    """A video's records with some failing parts, in any order, some repeated, some preceded by a failed try."""
    events = [meta()]
    for kind in (T, V):
        count = draw(st.integers(0, 5))
        for index in range(count):
            failed = draw(st.integers(0, 5)) == 0
            events.append(part(kind, index, "failed" if failed else "ok", "x" if failed else None))
        events.append(end(kind, count, "ok" if count else "empty"))
    return events


@given(videos(), st.integers(0, 2**32), st.lists(st.sampled_from(["", "", "rows", "emitted"]), max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_order_repeats_and_crashes_give_the_clean_result(events, seed, crashes):
    clean = Joiner()
    clean.run(*events)
    rng = random.Random(seed)
    shuffled = events + rng.choices(events, k=rng.randrange(len(events)))
    rng.shuffle(shuffled)
    joiner = Joiner()
    for number, event in enumerate(shuffled):
        crash = crashes[number] if number < len(crashes) else ""
        if crash:
            joiner.take(event, crash)  # the process dies here; the event is delivered again
        joiner.take(event)
    last, wanted = joiner.emitted[-1], clean.emitted[-1]
    assert (last.completeness, sorted(last.keys), last.missing) == (
        wanted.completeness,
        sorted(wanted.keys),
        wanted.missing,
    )
    terminal = [emit for emit in joiner.emitted if emit.completeness == wanted.completeness]
    assert len({emit.revision for emit in terminal}) == 1


@given(videos(), st.integers(0, 2**32), st.integers(0, 11))
@settings(max_examples=200, deadline=None)
def test_losses_end_with_the_deadline_and_late_parts_repair_them(events, seed, lost):
    rng = random.Random(seed)
    shuffled = events[:]
    rng.shuffle(shuffled)
    gone, there = shuffled[: lost % len(shuffled)], shuffled[lost % len(shuffled) :]
    joiner = Joiner()
    joiner.run(*there, Timer(VIDEO, 0, "nothing came"))
    assert joiner.emitted, "a join with a deadline always ends"
    joiner.run(*gone)
    clean = Joiner()
    clean.run(*events)
    assert joiner.emitted[-1].completeness == clean.emitted[-1].completeness
    assert sorted(joiner.emitted[-1].keys) == sorted(clean.emitted[-1].keys)
    revisions = [emit.revision for emit in joiner.emitted]
    assert revisions == sorted(revisions)
