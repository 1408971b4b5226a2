"""The loop of the sink: batches of what waits, acks in order behind a commit, patience, halves of what is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from processors.blobs import BlobMissing
from processors.errors import Fatal, InvalidMessage, Retryable
from streams import metrics
from streams.clock import SYSTEM_CLOCK
from streams.database.connection import StatementTooLong
from streams.database.loop import SinkLoop
from streams.database.sink import Outcome
from streams.health import Health
from streams.settings import Settings
from tests.databases import Record


class Event:
    """As Faust gives it."""

    def __init__(self, number: int, acked: list[int], partition: int = 0) -> None:
        self.message = Record("segments", b"v", str(number).encode(), partition, number)
        self._number, self._acked = number, acked

    def ack(self) -> None:
        self._acked.append(self._number)


class Stream:
    """Events that are there, and then none for ever."""

    def __init__(self, events: Sequence[Event], first_taken: threading.Event | None = None) -> None:
        self._events = list(events)
        self._first_taken = first_taken  # the others come behind it

    def noack(self) -> Stream:
        return self

    async def events(self) -> Any:
        for number, event in enumerate(self._events):
            while number == 1 and self._first_taken is not None and not self._first_taken.is_set():
                await asyncio.sleep(0.001)
            yield event
        await asyncio.Event().wait()


class Letters:
    """Keeps the dead letters."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    async def dead_letter(self, message: Any) -> None:
        self.found.append(message)


class Writer:
    """Notes its batches; each call does what comes next."""

    def __init__(self, does: Callable[[list[int], int], None] = lambda numbers, call: None) -> None:
        self.batches: list[list[int]] = []
        self._does = does
        self._calls = 0

    def take(self, records: Sequence[Any]) -> Outcome:
        numbers = [int(one.value) for one in records]
        self._calls += 1
        self._does(numbers, self._calls)
        self.batches.append(numbers)
        return Outcome()


class Quick:
    """Sleeps no longer than it takes to say so."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now_ms, self.monotonic_s = SYSTEM_CLOCK.now_ms, SYSTEM_CLOCK.monotonic_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def run(
    writer: Writer, count: int, until: Callable[[], bool], tmp_path: Any, **changes: Any
) -> tuple[SinkLoop, list[int], Letters, Quick, list[BaseException]]:
    acked: list[int] = []
    letters, clock, left = Letters(), Quick(), []
    settings = Settings(data_dir=tmp_path, **changes)
    loop = SinkLoop(writer, settings, letters, clock, left.append)  # type: ignore[arg-type]
    loop.health = Health("sink", SYSTEM_CLOCK)
    waits: list[str] = []
    task = asyncio.create_task(loop.run(Stream([Event(n, acked) for n in range(count)])))
    async with asyncio.timeout(20):
        while not until() and not left:
            await asyncio.sleep(0.001)
            waits.append(loop.health.waits_for)
        while not left and len(acked) < count:
            await asyncio.sleep(0.001)
    task.cancel()
    loop.waits = sorted(set(waits) - {""})  # type: ignore[attr-defined]
    return loop, acked, letters, clock, left


async def test_what_comes_while_a_batch_is_written_is_the_next_one(tmp_path):
    go, begun = threading.Event(), threading.Event()

    def first_waits(numbers: list[int], call: int) -> None:
        begun.set()
        assert go.wait(20)

    writer, acked = Writer(first_waits), list[int]()
    loop = SinkLoop(writer, Settings(data_dir=tmp_path), Letters(), SYSTEM_CLOCK)  # type: ignore[arg-type]
    stream = Stream([Event(n, acked, n % 2) for n in range(50)], begun)
    task = asyncio.create_task(loop.run(stream))
    async with asyncio.timeout(20):
        while sum(loop._held.values()) < 50:
            await asyncio.sleep(0.001)
        assert acked == [], "nothing is acked before it is committed"
        assert loop.holds(("segments", 0))
        go.set()
        while len(acked) < 50:
            await asyncio.sleep(0.001)
    task.cancel()
    assert acked == list(range(50))
    assert writer.batches == [[0], list(range(1, 50))]
    assert not loop.holds(("segments", 0))
    assert loop.still_s() == 0.0


async def test_a_full_hand_takes_no_more(tmp_path):
    go = threading.Event()

    def waits(numbers: list[int], call: int) -> None:
        assert go.wait(20)

    writer, acked = Writer(waits), list[int]()
    settings = Settings(data_dir=tmp_path, sink_batch_records=4)
    loop = SinkLoop(writer, settings, Letters(), SYSTEM_CLOCK)  # type: ignore[arg-type]
    stream = Stream([Event(n, acked) for n in range(20)])
    task = asyncio.create_task(loop.run(stream))
    async with asyncio.timeout(20):
        while loop.blocked_s() == 0.0 or len(loop._waiting) < 4:
            await asyncio.sleep(0.001)
        assert loop.holds(("segments", 7)), "there is no room for any"
        go.set()
        while len(acked) < 20:
            await asyncio.sleep(0.001)
    task.cancel()
    assert max(map(len, writer.batches)) <= 4


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_given_up(tmp_path):
    def away(numbers: list[int], call: int) -> None:
        if call <= 30:
            raise Retryable("The database is away.", "Start it.")

    writer = Writer(away)
    loop, acked, letters, clock, left = await run(writer, 7, lambda: bool(writer.batches), tmp_path, retries=3)
    assert (letters.found, left) == ([], [])
    assert acked == list(range(7))
    assert len(clock.slept) == 30
    assert clock.slept[0] <= 1.0
    assert 7.5 <= clock.slept[-1] <= 15.0
    assert loop.waits == ["The database is away."]  # type: ignore[attr-defined]
    assert loop.health is not None
    well, told = loop.health.report()
    assert well, "a restart would not help"
    assert told["waits_for"] == ""


@pytest.mark.parametrize("error", [InvalidMessage("refused"), ValueError("a bug")])
async def test_one_that_is_refused_is_found_in_halves_and_the_others_are_written(tmp_path, error):
    def refuse(numbers: list[int], call: int) -> None:
        if 11 in numbers:
            raise error

    writer = Writer(refuse)
    _, acked, letters, _, left = await run(writer, 20, lambda: sum(map(len, writer.batches)) == 19, tmp_path)
    assert left == []
    assert acked == list(range(20))
    assert sorted([n for batch in writer.batches for n in batch]) == [n for n in range(20) if n != 11]
    [letter] = letters.found
    assert (letter.stage, letter.offset, letter.video_id) == ("sink", 11, "v")


async def test_a_database_that_cannot_be_used_ends_the_worker_without_an_ack(tmp_path):
    def unusable(numbers: list[int], call: int) -> None:
        raise Fatal("no such table")

    _, acked, letters, _, left = await run(Writer(unusable), 3, lambda: False, tmp_path)
    assert (acked, letters.found) == ([], [])
    assert [str(one) for one in left] == ["no such table"]


async def test_too_many_bugs_in_a_row_stop_it(tmp_path):
    def bug(numbers: list[int], call: int) -> None:
        raise ValueError("a bug")

    _, acked, letters, _, left = await run(Writer(bug), 9, lambda: False, tmp_path, dead_letter_max_consecutive=5)
    assert type(left[0]).__name__ == "DeadLetterLimit"
    assert acked == []
    assert len(letters.found) == 6


async def test_a_statement_that_takes_too_long_is_tried_in_halves_and_a_single_record_is_waited_for(tmp_path):
    slow = iter(range(3))

    def too_long(numbers: list[int], call: int) -> None:
        if len(numbers) > 3 or (numbers == [11] and next(slow, None) is not None):
            raise StatementTooLong("It takes too long.", "Raise the limit.")
        if 11 in numbers and len(numbers) > 1:
            raise StatementTooLong("It takes too long.", "Raise the limit.")

    writer = Writer(too_long)
    loop, acked, letters, clock, left = await run(
        writer, 20, lambda: sum(map(len, writer.batches)) == 20, tmp_path, dead_letter_max_consecutive=1
    )
    assert (letters.found, left) == ([], [])
    assert acked == list(range(20))
    assert sorted(n for batch in writer.batches for n in batch) == list(range(20))
    assert len(clock.slept) == 3, "only the one that is alone is waited for"
    assert loop.waits in ([], ["It takes too long."])  # type: ignore[attr-defined]


async def test_partitions_that_are_taken_away_take_what_waits_with_them(tmp_path):
    """The batch in hand is not tried again, and what comes from then on is written."""
    acked: list[int] = []
    tried, away = threading.Event(), threading.Event()
    away.set()

    def is_away(numbers: list[int], call: int) -> None:
        tried.set()
        if away.is_set():
            raise Retryable("The database is away.", "Start it.")

    writer, dropped = Writer(is_away), asyncio.Event()

    class Both(Stream):
        async def events(self) -> Any:
            for event in self._events[:5]:
                yield event
            await dropped.wait()
            for event in self._events[5:]:
                yield event
            await asyncio.Event().wait()

    loop = SinkLoop(writer, Settings(data_dir=tmp_path), Letters(), Quick())  # type: ignore[arg-type]
    loop.health = Health("sink", SYSTEM_CLOCK)
    task = asyncio.create_task(loop.run(Both([Event(n, acked) for n in range(8)])))
    async with asyncio.timeout(20):
        while not tried.is_set() or sum(loop._held.values()) < 5:
            await asyncio.sleep(0.001)
        await loop.drop({("segments", 0)})
        assert not loop.holds(("segments", 0))
        while loop._writing:
            await asyncio.sleep(0.001)
        assert loop.health.waits_for == ""
        away.clear()
        dropped.set()
        while len(acked) < 3:
            await asyncio.sleep(0.001)
    task.cancel()
    assert acked == [5, 6, 7]
    assert sorted(n for batch in writer.batches for n in batch) == [5, 6, 7]
    assert not loop.holds(("segments", 0))


async def test_what_is_given_up_counts_as_failed_or_invalid_and_not_as_ok(tmp_path):
    class Reading(Writer):
        def take(self, records: Sequence[Any]) -> Outcome:
            outcome, whys = super().take(records), {3: InvalidMessage("unreadable"), 4: BlobMissing("lost")}
            outcome.invalid += [(one, whys[int(one.value)]) for one in records if int(one.value) in whys]
            return outcome

    def refuse(numbers: list[int], call: int) -> None:
        if 11 in numbers:
            raise InvalidMessage("refused")

    before = _counted()
    writer = Reading(refuse)
    _, acked, letters, _, left = await run(writer, 20, lambda: sum(map(len, writer.batches)) == 19, tmp_path)
    assert (len(acked), len(letters.found), left) == (20, 3, [])
    found = _counted()
    assert {name: found[name] - before[name] for name in found} == {"ok": 17, "failed": 2, "invalid": 1, "errors": 3}


async def test_a_batch_of_which_nothing_can_be_read_is_no_success(tmp_path):
    """Bugs in a row are counted through records that nobody can read."""

    class Reading(Writer):
        def take(self, records: Sequence[Any]) -> Outcome:
            if all(int(one.value) % 2 for one in records):
                return Outcome([(one, InvalidMessage("unreadable")) for one in records])
            raise ValueError("a bug")

    _, _, letters, _, left = await run(Reading(), 12, lambda: False, tmp_path, dead_letter_max_consecutive=3)
    assert type(left[0]).__name__ == "DeadLetterLimit"
    assert len(letters.found) < 12


def _counted() -> dict[str, float]:
    counted = {name: metrics.ITEMS.labels("sink", name)._value.get() for name in ("ok", "failed", "invalid")}
    errors = [one.value for one in metrics.ERRORS.collect()[0].samples if one.name.endswith("_total")
              and one.labels["stage"] == "sink"]  # fmt: skip
    return {**counted, "errors": sum(errors)}
