"""Deadlines and expiries on a clock that is handed in, through the watchdog and the real runner."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from schemas.messages import JoinTimer
from streams import topics
from streams.join import watchdog
from streams.join.passing import HOPS, Passing
from streams.join.watchdog import due_timers, overdue
from streams.settings import Settings
from tests.unit.join.records import raw, record, with_content
from tests.unit.join.world import World

SETTINGS = Settings(join_deadline_s=600.0, late_parts_s=7 * 86_400.0)
DAY_MS = 86_400_000


def timers(world: World) -> list[JoinTimer]:
    return overdue(world.rows.states(), world.clock.now_ms(), SETTINGS.join_deadline_s, SETTINGS.late_parts_s)


def pass_time(world: World, milliseconds: int) -> list[JoinTimer]:
    """Let time go by, look once, and take what the watchdog says."""
    world.clock.ms += milliseconds
    found = timers(world)

    async def take() -> None:
        for timer in found:
            await world.take(raw(topics.JOIN_TIMER, timer))

    asyncio.run(take())
    return found


def completeness(world: World) -> list[str]:
    return [one.completeness for one in world.emitted]


def test_the_deadline_is_over_just_after_its_time_and_not_before():
    world = World()
    world.run("M T0")
    assert pass_time(world, 600_000) == []
    (timer,) = pass_time(world, 1)
    assert (timer.kind, timer.reason) == ("deadline", "nothing came for 600 s")
    assert completeness(world) == ["degraded"]


def test_every_new_part_starts_the_deadline_anew_and_a_repeat_does_not():
    world = World()
    world.run("M T0")
    assert pass_time(world, 500_000) == []
    world.run("T1")
    assert pass_time(world, 500_000) == []
    world.run("T1")
    assert [timer.kind for timer in pass_time(world, 101_000)] == ["deadline"]


def test_a_part_that_comes_between_the_timer_and_its_event_keeps_the_join_open():
    world = World()
    world.run("M T0")
    world.clock.ms += 601_000
    (timer,) = timers(world)
    world.run("T1")
    asyncio.run(world.take(raw(topics.JOIN_TIMER, timer)))
    assert world.log == []


def test_a_life_from_the_deadline_over_late_parts_to_nothing():
    world = World()
    world.run("M T0")
    pass_time(world, 601_000)
    assert world.row_keys
    assert pass_time(world, 6 * DAY_MS) == []
    world.run("T/1")  # late, and taken: the seven days begin anew
    assert pass_time(world, 7 * DAY_MS - 1_000) == []
    assert [timer.kind for timer in pass_time(world, 1_000)] == ["expiry"]
    assert world.row_keys == set()
    world.run("V0 V/1")  # too late
    assert completeness(world) == ["degraded"]
    assert pass_time(world, topics.KEPT_INPUT_MS - 7 * DAY_MS - 1_000) == []
    assert [timer.kind for timer in pass_time(world, 1_000)] == ["expiry"]
    assert world.store == {}


def test_late_parts_in_time_make_it_final():
    world = World()
    world.run("M T0")
    pass_time(world, 601_000)
    pass_time(world, 6 * DAY_MS)
    world.run("T/1 V0 V/1")
    assert completeness(world) == ["degraded", "final"]
    assert world.row_keys == set()


def test_the_marker_of_a_final_join_goes_after_the_inputs():
    world = World()
    world.run("M T0 T/1 V0 V/1")
    assert pass_time(world, topics.KEPT_INPUT_MS - 1_000) == []
    assert [timer.kind for timer in pass_time(world, 1_000)] == ["expiry"]
    assert world.store == {}
    assert world.changelog == {}


def test_what_a_crash_left_undone_is_done_by_the_deadline():
    """Any event of the video carries an intent out; where none comes, the watchdog sends one."""
    world = World()
    world.run("M T0 T/1 V0")
    asyncio.run(world.take(record("V/1"), crash_at=4))  # decided and kept, not published
    world.restart()
    assert world.log == []
    assert [timer.kind for timer in pass_time(world, 601_000)] == ["deadline"]
    assert completeness(world) == ["final"]
    assert world.row_keys == set()


@pytest.mark.parametrize(("queued", "kinds"), [(0, {"deadline", "expiry"}), (3, {"expiry"})])
async def test_deadlines_wait_while_anything_is_queued_and_expiries_do_not(monkeypatch, queued, kinds):
    async def looked_at(*_: object) -> dict[str, tuple[int, int]]:
        return {"a queue": (10, 10 + queued)}

    monkeypatch.setattr(watchdog, "queues", looked_at)
    world = World()
    for word in with_content("M T0 T/1 V0 V/1"):
        await world.take(record(word, "done"))
    world.clock.ms += topics.KEPT_INPUT_MS
    await world.take(record("M", "open"))
    world.clock.ms += 601_000
    assert {timer.kind for timer in await due_timers(world.rows.states(), SETTINGS, world.clock, Passing())} == kinds


@pytest.mark.parametrize(("max_videos", "kinds"), [(0, []), (1, ["deadline"])])
async def test_requests_that_wait_for_a_free_place_keep_no_deadline_waiting(monkeypatch, max_videos, kinds):
    """They wait for this very video."""

    async def looked_at(_settings: Settings, agents: tuple[str, ...]) -> dict[str, tuple[int, int]]:
        return {agent: (0, 5 if agent == "metadata" else 0) for agent in agents}

    monkeypatch.setattr(watchdog, "queues", looked_at)
    world = World()
    await world.take(record("M", "open"))
    world.clock.ms += 601_000
    settings = SETTINGS.model_copy(update={"max_videos": max_videos})
    assert [timer.kind for timer in await due_timers(world.rows.states(), settings, world.clock, Passing())] == kinds


async def test_under_a_load_that_never_ends_a_lost_part_is_noticed_when_what_was_queued_has_passed(monkeypatch):
    """Each queue always has records; only what was there when the video last got on counts."""
    queued = {"requests": [0, 5], "items": [0, 5], "results": [0, 5]}

    async def looked_at(*_: object) -> dict[str, tuple[int, ...]]:
        return {name: tuple(position) for name, position in queued.items()}

    monkeypatch.setattr(watchdog, "queues", looked_at)
    world, passing = World(), Passing()
    await world.take(record("M", "lost-a-part"))
    world.clock.ms += 601_000
    await world.take(record("M", "goes-on"))
    looks = 0
    while not (due := await due_timers(world.rows.states(), SETTINGS, world.clock, passing)):
        looks += 1
        assert looks <= 5 * HOPS
        for name, moves in (("requests", 2), ("items", 5), ("results", 3)):  # the slowest takes three looks a round
            queued[name][0] += moves
            queued[name][1] += moves
        world.clock.ms += 1_000
    assert [timer.video_id for timer in due] == ["lost-a-part"]
    assert looks == 3 * HOPS


def test_a_part_that_is_handed_on_from_queue_to_queue_has_come_through_before_its_deadline():
    """Queues in which other records always wait behind it; one look after each move, in any order of moves."""
    for order in itertools.permutations(range(HOPS)):
        passing, ends, committed = Passing(), [1] * HOPS, [0] * HOPS
        at, now = 0, 0  # the queue that the part is the last record of
        own = ends[0] = 2
        while at < HOPS:
            now += 1
            assert passing.look(now, {n: (committed[n], ends[n]) for n in range(HOPS)}) == 0
            for queue in order:
                committed[queue] = min(committed[queue] + 1, ends[queue])
                if queue == at and committed[queue] >= own:
                    at += 1
                    if at < HOPS:
                        own = ends[at] = ends[at] + 1
                ends[queue] = max(ends[queue], committed[queue] + 1)
