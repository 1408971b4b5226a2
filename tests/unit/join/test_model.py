"""The joiner as a whole, cut off anywhere: the real runner over a table and a log in memory, judged by `oracle.py`.

Drawn are the parts of a video in up to two generations, some failed, some mended later; their order on each topic and
between the topics; repeats; losses, some of which come after the deadline; crashes between any two effects, after which
the store is what the changelog says and the topics are read again from some committed offset.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams import topics
from streams.join.row import STATE_PREFIX
from streams.join.watchdog import overdue
from tests.unit.join.oracle import judge
from tests.unit.join.records import PART_MS, Raw, raw
from tests.unit.join.records import record as record_of
from tests.unit.join.world import World

# The quick form; CLIPSTREAM_MODEL_EXAMPLES is not a setting of the software, so it has another prefix.
EXAMPLES = int(os.environ.get("JOIN_MODEL_EXAMPLES", "150"))
DEADLINE_S, LATE_S = 600.0, 7 * 86_400.0
# A quarter of it is the first part, so that early results are as common as late ones.
DURATION_MS = 4 * PART_MS


def record(word: str, now_ms: int = 0) -> Raw:
    return record_of(word, now_ms=now_ms, duration_ms=DURATION_MS)


@dataclass(frozen=True)
class Take:
    """One step: which topic is read on, and how the process dies in it, if it does."""

    topic: int
    crash_at: int | None  # after so many effects
    again: int  # records of each topic that were not committed yet


@st.composite
def generations(draw: st.DrawFn, mark: str) -> list[str]:
    """The words of one generation."""
    words = ["M"]
    if draw(st.integers(0, 5)) == 0:
        words = draw(st.sampled_from([["M!"], ["M!", "M"]]))
    for kind in "TVC":
        count = draw(st.integers(0, 4))
        for index in range(count):
            tries = draw(st.sampled_from([[""]] * 6 + [["-"], ["!"], ["!", ""], ["!", "-"]]))
            words += [f"{kind}{index}{how}" for how in tries]
        sent = draw(st.integers(0, count))
        ends = [["" if count else "-"]] * 6 + [["~"]]
        if sent == count:
            ends += [["!"], ["!", ""]]
        words += [f"{kind}/{count}{how}" for how in draw(st.sampled_from(ends))]
    return [word + mark for word in words]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """(Words in time, words that are lost until after the deadline or for ever): any order, some of them twice."""
    words = draw(generations(""))
    if draw(st.integers(0, 3)) == 0:
        words += draw(generations("'"))
    words += draw(st.lists(st.sampled_from(words), max_size=4))
    words = draw(st.permutations(words))
    if draw(st.booleans()):
        return words, []
    cut = draw(st.integers(0, len(words)))
    return words[:cut], words[cut:]


takes = st.builds(
    Take,
    st.integers(0, 4),
    st.one_of(st.none(), st.none(), st.integers(0, 12)),
    st.integers(0, 3),
)


class Reader:
    """Reads the topics as the joiner's group does: each in order, between them as drawn, again after a crash."""

    def __init__(self, world: World, plan: list[Take]) -> None:
        self.world, self.plan = world, plan
        self.topics: dict[str, list[Raw]] = {}
        self.at: dict[str, int] = {}

    def append(self, record: Raw) -> None:
        self.topics.setdefault(record.topic, []).append(record)
        self.at.setdefault(record.topic, 0)

    async def drain(self) -> None:
        while waiting := [name for name in sorted(self.topics) if self.at[name] < len(self.topics[name])]:
            step = self.plan.pop() if self.plan else Take(0, None, 0)
            name = waiting[step.topic % len(waiting)]
            if not await self.world.take(self.topics[name][self.at[name]], step.crash_at):
                self.at[name] += 1
                continue
            self.world.restart()
            for other in self.at:
                self.at[other] = max(0, self.at[other] - step.again)


def check_log(world: World) -> None:
    """What holds of every log: equal bytes for one identity, and nothing older after something newer."""
    seen: dict[tuple[int, int], bytes] = {}
    newest = (-1, -1)
    for joined, content in zip(world.emitted, world.log, strict=True):
        identity = (joined.generation, joined.revision)
        assert seen.setdefault(identity, content) == content, f"two payloads for {identity}"
        assert identity >= newest, f"{identity} after {newest}"
        newest = identity
    for before, after in pairwise(world.emitted):
        if before.generation == after.generation and before.revision != after.revision:
            told = [(one.completeness, one.parts_uri, one.missing, one.until_ms) for one in (before, after)]
            assert told[0] != told[1], "a revision that tells nothing new"
    assert not world.letters


def check_table(world: World, generation: int) -> None:
    """The store is what the changelog says, is small, and holds rows of the newest generation only, if any."""
    assert world.store == world.changelog
    state = world.rows.state("v")
    assert state is not None
    assert state.intent is None
    assert len(state.to_bytes()) < 500
    if state.done:
        assert world.row_keys == set()
    assert all(key.startswith(f"v|{generation}|") for key in world.row_keys)
    assert sum(key.startswith(STATE_PREFIX) for key in world.store) == 1


def check_outcome(world: World, words: list[str], generation: int, *, deadline: bool) -> None:
    """The last emission is the one that the oracle wants."""
    wanted = judge(words)
    if not (wanted.complete or deadline):
        assert all(one.completeness == "provisional" for one in world.emitted if one.generation == generation)
        return
    last = world.emitted[-1]
    parts = world.parts(last)
    assert last.generation == generation
    assert last.completeness == wanted.completeness, last
    assert {said.start_ms // PART_MS for said in parts.transcripts} == wanted.words
    assert {shot.index for batch in parts.batches for shot in batch.shots} == wanted.shots
    assert (parts.facts is not None) == wanted.facts
    understood = {part.start_ms // PART_MS for part in parts.contents}
    assert understood <= wanted.understood
    assert sum("is broken" in text and "the file" not in text for text in last.missing) == wanted.failed
    absent = [text.split(": ")[1].split(" of ")[0] for text in last.missing if " of " in text and " parts, " in text]
    assert sum(map(int, absent)) == wanted.absent


async def run_cancelled(words: list[str], plan: list[Take], order: int) -> World:
    """An order to cancel comes somewhere in between; the deadline ends what it does not."""
    world = World()
    reader = Reader(world, plan)
    for number, word in enumerate(words):
        if number == order % len(words):
            reader.append(record("cancel", now_ms=world.clock.ms))
        reader.append(record(word))
    await reader.drain()
    world.clock.ms += int(DEADLINE_S * 1000) + 1
    for timer in overdue(world.rows.states(), world.clock.now_ms(), DEADLINE_S, LATE_S):
        reader.append(raw(topics.JOIN_TIMER, timer))
    await reader.drain()
    return world


async def run(words: tuple[list[str], list[str]], plan: list[Take], returned: int) -> World:
    in_time, lost = words
    world = World()
    reader = Reader(world, plan)
    for word in in_time:
        reader.append(record(word))
    await reader.drain()
    check_log(world)
    generation = max((int(word.endswith("'")) for word in in_time), default=0)
    mine = [word for word in in_time if word.endswith("'") == bool(generation)]
    if not in_time:
        return world
    check_outcome(world, mine, generation, deadline=False)
    if not lost:
        check_table(world, generation)
        return world
    world.clock.ms += int(DEADLINE_S * 1000) + 1
    for timer in overdue(world.rows.states(), world.clock.now_ms(), DEADLINE_S, LATE_S):
        reader.append(raw(topics.JOIN_TIMER, timer))
    await reader.drain()
    check_log(world)
    check_outcome(world, mine, generation, deadline=True)
    check_table(world, generation)
    late = lost[: returned % (len(lost) + 1)]
    for word in late:
        reader.append(record(word))
    await reader.drain()
    check_log(world)
    newest = max([generation, *(int(word.endswith("'")) for word in late)])
    there = [word for word in [*in_time, *late] if word.endswith("'") == bool(newest)]
    # parts that come after final change nothing; a join that was given up waits for no content
    settled = judge(mine).completeness == "final" and newest == generation
    ready = judge(there).through if newest == generation else judge(there).complete
    if not settled and ready:
        check_outcome(world, there, newest, deadline=True)
    check_table(world, newest)
    return world


@given(logs(), st.lists(takes, max_size=60), st.integers(0, 20))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_repeats_losses_generations_and_crashes_come_to_what_the_parts_say(words, plan, returned):
    asyncio.run(run(words, plan, returned))


@given(generations(""), st.lists(takes, max_size=60), st.integers(0, 20))
@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_order_to_cancel_ends_it_unless_the_parts_were_quicker(words, plan, order):
    world = asyncio.run(run_cancelled(words, plan, order))
    check_log(world)
    check_table(world, 0)
    said = [one.completeness for one in world.emitted]
    if "cancelled" in said:
        assert set(said[: said.index("cancelled")]) <= {"provisional"}
        assert set(said[said.index("cancelled") :]) == {"cancelled"}, "a repeat with equal bytes at most"
        assert world.emitted[-1].parts_uri is None
    else:  # it was through when the order came
        check_outcome(world, words, 0, deadline=True)


@given(logs(), st.lists(takes, min_size=10, max_size=60))
@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
def test_crashes_end_with_the_bytes_of_the_clean_run(words, plan):
    clean = asyncio.run(run((words[0], []), [], 0))
    crashed = asyncio.run(run((words[0], []), plan, 0))
    if clean.emitted and clean.emitted[-1].completeness != "provisional":
        ours, theirs = crashed.emitted[-1], clean.emitted[-1]
        assert ours.generation == theirs.generation
        assert ours.completeness == theirs.completeness
        # content that failed and is mended comes before the last result or after it, and tells nothing else
        assert replace(crashed.parts(ours), contents=[]) == replace(clean.parts(theirs), contents=[])
        assert (ours.missing, ours.error) == (theirs.missing, theirs.error)


@pytest.mark.parametrize("returned", [0, 1])
def test_the_model_runs_without_any_luck(returned):
    """One plain example, so that a model that checks nothing is seen."""
    world = asyncio.run(run((["M", "T0", "T/1", "V0", "C0", "C/1"], ["V/1"]), [], returned))
    assert [one.completeness for one in world.emitted] == ["provisional", "degraded", "final"][: 2 + returned]
