"""The in-order window: acks in the order of arrival per partition, whatever finishes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from streams.window import PER_PARTITION_FACTOR, InOrderWindow


class Run:
    """Works that end when told to."""

    def __init__(self, limit: int = 3, admitted: int = 0, spare: int = 0) -> None:
        self.errors: list[BaseException] = []
        self.acked: list[str] = []
        self.started: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.leave: dict[str, Callable[[], None]] = {}
        self.window = InOrderWindow(limit, admitted or limit, self.errors.append, spare=spare)

    async def submit(
        self,
        name: str,
        partition: int = 0,
        key: str | None = None,
        error: Exception | None = None,
        place: int = 0,
        level: int = 0,
    ) -> None:
        self.gates[name] = asyncio.Event()

        async def work(leave: Callable[[], None]) -> None:
            self.started.append(name)
            self.leave[name] = leave
            await self.gates[name].wait()
            if error is not None:
                raise error

        await self.window.submit(partition, key or name, work, lambda: self.acked.append(name), place, level=level)

    async def finish(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
        for _ in range(20):
            await asyncio.sleep(0)


async def test_acks_wait_for_what_came_before_in_the_partition():
    run = Run()
    for name in ("a", "b", "c"):
        await run.submit(name)
    await run.finish("c", "b")
    assert run.acked == []
    await run.finish("a")
    assert run.acked == ["a", "b", "c"]


async def test_partitions_do_not_wait_for_each_other():
    run = Run()
    await run.submit("slow", partition=0)
    await run.submit("quick", partition=1)
    await run.finish("quick")
    assert run.acked == ["quick"]


async def test_no_more_than_the_limit_is_in_flight():
    run = Run(limit=2)
    await run.submit("a")
    await run.submit("b")
    blocked = asyncio.ensure_future(run.submit("c"))
    await run.finish("b")
    assert blocked.done()
    assert run.window.in_flight == 2
    await run.finish("a", "c")


async def test_one_partition_cannot_pile_up_unacked_events_behind_its_oldest():
    run = Run(limit=2)
    await run.submit("oldest")
    names = [f"n{n}" for n in range(2 * PER_PARTITION_FACTOR)]
    for name in names[:-1]:
        await run.submit(name)
        await run.finish(name)
    blocked = asyncio.ensure_future(run.submit(names[-1]))
    await run.finish()
    assert not blocked.done()
    await run.finish("oldest")
    assert blocked.done()


async def test_events_with_one_key_run_one_after_the_other():
    run = Run()
    await run.submit("first", key="video")
    await run.submit("second", key="video")
    await run.finish()
    assert run.started == ["first"]
    await run.finish("first")
    assert run.started == ["first", "second"]
    await run.finish("second")


async def test_an_error_is_reported_and_nothing_behind_it_is_acked():
    run = Run()
    await run.submit("bad", error=ValueError("x"))
    await run.submit("good")
    await run.finish("good", "bad")
    assert [type(error) for error in run.errors] == [ValueError]
    assert run.acked == []


@pytest.mark.parametrize("seed", range(5))
async def test_random_order_of_completion_never_changes_the_order_of_acks(seed):
    import random

    run, rng = Run(limit=8), random.Random(seed)
    expected: dict[int, list[str]] = {0: [], 1: []}
    pending: list[str] = []
    for number in range(60):
        partition = rng.randrange(2)
        name = f"{partition}:{number}"
        expected[partition].append(name)
        task = asyncio.ensure_future(run.submit(name, partition))
        await run.finish()
        while not task.done():
            await run.finish(pending.pop(rng.randrange(len(pending))))
        pending.append(name)
    await run.finish(*pending)
    for partition, names in expected.items():
        assert [name for name in run.acked if name.startswith(f"{partition}:")] == names


async def test_of_those_that_wait_the_earliest_part_runs_next():
    run = Run(limit=1, admitted=4)
    for name, priority in (("running", 9), ("late", 5), ("early", 1), ("middle", 3)):
        await run.submit(name, partition=name, place=priority)
    await run.finish()
    await run.finish("running", "late", "early", "middle")
    assert run.started == ["running", "early", "middle", "late"]


async def test_an_error_frees_its_place():
    run = Run(limit=1, admitted=2)
    await run.submit("bad", error=ValueError("x"))
    await run.submit("next", partition=1)
    await run.finish("bad", "next")
    assert run.acked == ["next"]


async def test_a_work_that_waits_for_the_broker_leaves_its_turn_and_keeps_its_place():
    run = Run(limit=1, admitted=3)
    for name in ("a", "b", "c"):
        await run.submit(name)
    await run.finish()
    assert run.started == ["a"]
    run.leave["a"]()
    run.leave["a"]()
    await run.finish()
    assert run.started == ["a", "b"], "one turn, once"
    await run.finish("b")
    assert (run.started, run.acked) == (["a", "b", "c"], [])
    await run.finish("a", "c")
    assert run.acked == ["a", "b", "c"]


async def test_what_waits_at_a_gate_takes_no_room_from_those_behind_it():
    run, gate = Run(limit=1), asyncio.Event()
    run.gates["first"] = asyncio.Event()

    async def work(_: object) -> None:
        run.started.append("first")

    for number in range(5):  # far more than there is room for
        await run.window.submit(0, f"first-{number}", work, lambda: run.acked.append("first"), gate=gate.wait)
    await run.submit("second", partition=1)
    await run.finish("second")
    assert (run.started, run.acked) == (["second"], ["second"])
    assert run.window.holds(0)
    gate.set()
    await run.finish()
    assert run.acked == ["second"] + ["first"] * 5
    assert not run.window.holds(0)


async def test_what_is_abandoned_is_never_acked_and_what_runs_comes_to_its_end():
    run = Run(limit=1, admitted=3)
    for name in ("runs", "waits", "waits too"):
        await run.submit(name)
    blocked = asyncio.ensure_future(run.submit("no room"))
    await run.finish()
    abandoned = asyncio.ensure_future(run.window.abandon())
    await run.finish("waits", "waits too")
    assert not abandoned.done(), "the work that runs is waited for"
    await run.finish("runs")
    await abandoned
    await blocked
    assert (run.started, run.acked, run.window.in_flight) == (["runs"], ["runs"], 0)
    for name in ("again", "next", "last"):
        await run.submit(name)
    await run.finish("again")
    await run.finish("next", "last")
    assert run.acked == ["runs", "again", "next", "last"], "all the room is there again"


async def test_what_is_abandoned_before_its_first_step_gives_its_room_back():
    run = Run(limit=2)
    for _ in range(3):
        await run.submit("never begun")
        await run.window.abandon()
    await run.submit("again")
    await run.finish("again")
    assert (run.started, run.acked) == (["again"], ["again"])


async def test_a_turn_that_is_given_in_the_moment_of_abandoning_is_not_lost():
    run = Run(limit=1, admitted=3)
    await run.submit("runs")
    await run.submit("waits")
    await run.finish()
    abandoned = asyncio.ensure_future(run.window.abandon())
    run.leave["runs"]()  # gives the turn to the one that waits; its task goes on after the abandoning has begun
    await run.finish("runs")
    await abandoned
    await run.submit("again")
    await run.finish("again")
    assert (run.started[-1], run.acked[-1]) == ("again", "again")


async def test_the_spare_turn_is_for_what_is_more_urgent_than_all_that_runs():
    run = Run(limit=1, admitted=9, spare=1)
    for name, level in (("low", -1), ("other low", -1), ("high", 1), ("other high", 1)):
        await run.submit(name, level=level)
    await run.finish()
    assert run.started == ["low", "high"]
    await run.finish("high")
    assert run.started == ["low", "high", "other high"]
    await run.finish("low")
    assert run.started == ["low", "high", "other high", "other low"], "the usual turn is for whoever waits"
    await run.finish("other low", "other high")


async def test_a_higher_level_runs_next_and_what_is_dropped_is_never_acked():
    run = Run(limit=1, admitted=9)
    await run.submit("first")
    await run.submit("low", level=-1)
    await run.submit("high", level=1)
    await run.finish()  # all of them wait for their turn
    await run.finish("first")
    assert run.started == ["first", "high"]
    await run.window.drop()
    await run.finish("high", "low")
    assert (run.started, run.acked) == (["first", "high"], ["first"])
    await run.submit("again")
    await run.finish("again")
    assert run.acked == ["first", "again"]
