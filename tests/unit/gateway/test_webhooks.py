"""Callbacks when brokers, partitions and receivers come and go: a small broker in memory, deliveries that tests decide.

How a real broker and real receivers go with it is in tests/stream.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError
from pydantic import SecretStr

from processors.options import Options
from schemas.messages import Control, Run, Segments, VideoIngested
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK, SystemClock
from streams.gateway import webhooks as module
from streams.gateway.calling import Answer
from streams.gateway.view import View
from streams.gateway.webhooks import Webhooks
from streams.settings import Settings
from tests.gateways import SECRET

LIMIT_S = 60.0
RECEIVER = "https://receiver.example.org"
TAKEN, REFUSED = Answer(True, False, "200"), Answer(False, True, "503")
A, B = (TopicPartition("segments", number) for number in range(2))


class _Quick(SystemClock):
    """Pauses are a hundredth as long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


class _Broker:
    """Partitions, what is committed, and one member of the group; each error in `fails` is raised by a poll."""

    def __init__(self) -> None:
        self.records: dict[TopicPartition, list[Any]] = {A: [], B: []}
        self.committed = {A: 0, B: 0}
        self.fails: list[Exception] = []
        self.member: _Consumer | None = None
        self.deals = {A, B}  # to a member that joins

    def result(self, place: TopicPartition, video_id: str) -> None:
        now = SYSTEM_CLOCK.now_ms()
        run = Run([], [], 0.0, now, now)
        result = Segments(video_id, 0, 1, False, "final", None, 60_000, "", ["en"], 0.5, [], [], None, None, run)  # type: ignore[arg-type]
        log = self.records[place]
        value = codec.encode(topics.SEGMENTS, result)
        log.append(
            SimpleNamespace(topic=place.topic, partition=place.partition, offset=len(log), key=b"k", value=value)
        )

    def through(self) -> bool:
        return all(self.committed[place] == len(log) for place, log in self.records.items())


class _Consumer:
    def __init__(self, broker: _Broker, **options: Any) -> None:
        self._broker = broker
        self.poll_limit_s = options["max_poll_interval_ms"] / 1000
        self._dealt = asyncio.Event()
        self._dealt.set()

    def subscribe(self, _: list[str], listener: Any) -> None:
        self._listener = listener

    async def start(self) -> None:
        self._broker.member = self
        self._deal(self._broker.deals)

    async def stop(self) -> None:
        self._broker.member = None

    def _deal(self, places: set[TopicPartition]) -> None:
        self._at = {place: self._broker.committed[place] for place in sorted(places)}

    async def rebalance(self, places: set[TopicPartition]) -> None:
        """All is taken and dealt anew, and until then nothing is read."""
        self._dealt.clear()
        await self._listener.on_partitions_revoked(set(self._at))
        self._deal(places)
        self._dealt.set()
        await self._listener.on_partitions_assigned(places)

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0.001)
        if self._broker.fails:
            raise self._broker.fails.pop()
        await self._dealt.wait()
        found = {}
        for place, at in self._at.items():
            if records := self._broker.records[place][at : at + max_records]:
                found[place] = records
                self._at[place] += len(records)
                max_records -= len(records)
        return found

    async def commit(self, at: dict[TopicPartition, int]) -> None:
        for place in at:
            if place not in self._at:
                raise IllegalStateError(f"Partition {place} is not assigned")
        await asyncio.sleep(0.02)  # a way to the broker, in which others run
        self._broker.committed.update(at)


class _World:
    """Webhooks that run, and what they do."""

    def __init__(self) -> None:
        self.broker = _Broker()
        self.answers: Callable[[str], Answer] = lambda _: TAKEN
        self.called: Counter[str] = Counter()
        self.letters: list[bytes] = []
        self.loses: list[Exception] = []  # errors of letters that cannot be written
        self.settings = Settings(gateway_webhook_secret=SecretStr(SECRET), gateway_webhook_tries=3)
        self.clock: SystemClock = _Quick()
        self.view: View | None = None  # else one that knows a callback of every video

    def call(self, url: str, *_: Any) -> Answer:
        name = url.rpartition("/")[2]
        self.called[name] += 1
        return self.answers(name)

    async def send_and_wait(self, _topic: str, value: bytes, key: bytes) -> None:
        if self.loses:
            raise self.loses.pop()
        self.letters.append(value)

    async def caught_up(self, limit_s: float = 0.0) -> bool:
        return limit_s > 0  # as a view says with the setting that has no read wait

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        view: Any = self.view or SimpleNamespace(
            ready=True, caught_up=self.caught_up, callback_url=lambda video_id, _: f"{RECEIVER}/{video_id}"
        )
        producer: Any = self
        task = asyncio.create_task(Webhooks(self.settings, self.clock, view, producer).run())
        try:
            yield task
            assert not task.done(), "callbacks go on"
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    found = _World()

    async def start(consumer: _Consumer, _: Settings) -> None:
        await consumer.start()

    monkeypatch.setattr(module, "AIOKafkaConsumer", lambda **options: _Consumer(found.broker, **options))
    monkeypatch.setattr(module, "client_options", lambda _: {})
    monkeypatch.setattr(module.connection, "start", start)
    monkeypatch.setattr(module, "call", found.call)
    return found


async def _until(condition: Callable[[], bool], task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            assert not task.done(), f"callbacks ended: {task}"
            await asyncio.sleep(0.005)


@pytest.fixture
def gate() -> Any:
    """Holds deliveries until it is set; threads that wait there are let go at the end."""
    found = threading.Event()
    yield found
    found.set()


def _held_by(gate: threading.Event, *names: str) -> Callable[[str], Answer]:
    def answers(name: str) -> Answer:
        if not names or name in names:
            gate.wait(LIMIT_S)
        return TAKEN

    return answers


async def test_a_broker_that_goes_away(world: _World, gate: threading.Event):
    """While a delivery is under way, whose partition is another gateway's then, and comes back later."""
    world.answers = _held_by(gate, "first")
    world.broker.result(A, "first")
    async with world.running() as task:
        await _until(lambda: world.called["first"] == 1, task)
        world.broker.deals = {B}
        world.broker.fails.append(KafkaConnectionError("gone"))
        await _until(lambda: not world.broker.fails, task)
        world.broker.result(B, "second")
        await _until(lambda: world.broker.committed[B] == 1, task)
        assert world.broker.committed[A] == 0
        gate.set()
        assert world.broker.member is not None
        await world.broker.member.rebalance({A, B})
        await _until(world.broker.through, task)
    assert world.called == {"first": 2, "second": 1}


@pytest.mark.parametrize("after", [{A, B}, {A}, {B}], ids=["both", "one", "the other"])
async def test_a_revocation_while_there_is_no_room(
    world: _World, gate: threading.Event, after: set[TopicPartition], caplog: pytest.LogCaptureFixture
):
    """What was read before it is read again by whoever has the partition then, and is committed by nobody else."""
    caplog.set_level(logging.WARNING)
    world.answers = _held_by(gate)
    for number in range(80):
        world.broker.result(A, f"a{number}")
        world.broker.result(B, f"b{number}")
    async with world.running() as task:
        await _until(lambda: len(world.called) >= 16, task)
        assert world.broker.member is not None
        await world.broker.member.rebalance(after)
        gate.set()
        await _until(lambda: all(world.broker.committed[place] == 80 for place in after), task)
        assert all(world.broker.committed[place] == 0 for place in {A, B} - after)
    assert not caplog.records
    delivered = {name for name in world.called if {A: "a", B: "b"}[min(after)] == name[0]}
    assert len(delivered) == 80
    assert sum(world.called.values()) <= 80 * len(after) + 16 + 16, "once, and those that were under way"


async def test_commits_while_partitions_go(world: _World, caplog: pytest.LogCaptureFixture):
    """Ticks of the committing task fall into every moment of a rebalance."""
    caplog.set_level(logging.WARNING)
    async with world.running() as task:
        await _until(lambda: world.broker.member is not None, task)
        member = world.broker.member
        assert member is not None
        for number in range(20):
            for place in (A, B):
                world.broker.result(place, f"{place.partition}-{number}")
            await _until(lambda number=number: world.called[f"0-{number}"] > 0, task)  # type: ignore[misc]
            await member.rebalance({A} if number % 2 else {A, B})
        await member.rebalance({A, B})
        await _until(world.broker.through, task)
    assert not caplog.records


async def test_a_dead_letter_that_cannot_be_written(world: _World):
    """The record is not committed: it is tried again, until there is a letter or a delivery."""
    world.answers = lambda name: REFUSED if name == "bad" else TAKEN
    world.loses.append(KafkaConnectionError("gone"))
    world.broker.result(A, "bad")
    world.broker.result(A, "good")
    async with world.running() as task:
        await _until(world.broker.through, task)
    assert len(world.letters) == 1
    assert world.called["bad"] == 6


async def test_a_delivery_that_is_cut_short(world: _World):
    """By the end of a client of Kafka, not by us: nothing is held back for ever."""
    world.answers = lambda _: REFUSED
    world.loses.append(asyncio.CancelledError())  # type: ignore[arg-type]
    world.broker.result(A, "bad")
    async with world.running() as task:
        await _until(world.broker.through, task)
    assert len(world.letters) == 1


async def test_receivers_that_refuse_hold_up_no_others(world: _World):
    """In their pauses, which last two minutes together, others are called."""
    goes_on = asyncio.Event()

    class Held(_Quick):
        async def sleep(self, seconds: float) -> None:
            if asyncio.current_task().get_coro().__name__ == "_one":  # type: ignore[union-attr]
                await goes_on.wait()
            await super().sleep(seconds)

    world.clock = Held()
    world.answers = lambda name: REFUSED if name.startswith("bad") else TAKEN
    for number in range(40):
        world.broker.result(A, f"bad{number}")
    world.broker.result(B, "good")
    async with world.running() as task:
        await _until(lambda: world.called["good"] == 1, task)
        await _until(lambda: world.broker.committed[B] == 1, task)
        goes_on.set()
        await _until(world.broker.through, task)
    assert len(world.letters) == 40


async def test_one_that_takes_long_holds_up_no_others(
    world: _World, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    """Those behind it on its partition are delivered; nothing asks over and over what is done already."""
    waited_for_done: list[int] = []
    wait = asyncio.wait

    async def watched(tasks: Any, **options: Any) -> Any:
        waited_for_done.extend(1 for task in tasks if task.done())
        return await wait(tasks, **options)

    monkeypatch.setattr(module.asyncio, "wait", watched)
    world.answers = _held_by(gate, "long")
    world.broker.result(A, "long")
    for number in range(200):
        world.broker.result(A, f"a{number}")
    async with world.running() as task:
        await _until(lambda: len(world.called) == 201, task)
        assert world.broker.committed[A] == 0
        gate.set()
        await _until(world.broker.through, task)
    assert set(world.called.values()) == {1}
    assert not waited_for_done


async def test_only_so_many_are_held(world: _World, gate: threading.Event, monkeypatch: pytest.MonkeyPatch):
    """As many come again when a gateway is killed."""
    monkeypatch.setattr(module, "_NOT_COMMITTED", 100)
    world.answers = _held_by(gate, "long")
    world.broker.result(A, "long")
    for number in range(200):
        world.broker.result(A, f"a{number}")
    async with world.running() as task:
        await _until(lambda: len(world.called) == 100, task)
        gate.set()
        await _until(world.broker.through, task)
    assert set(world.called.values()) == {1}


def _view_of(world: _World, videos: int, monkeypatch: pytest.MonkeyPatch) -> View:
    """One that holds 10 videos and read so many requests."""
    world.view = view = View(Settings(gateway_videos=10), SYSTEM_CLOCK)
    monkeypatch.setattr(view, "caught_up", world.caught_up)
    view._ready.set()
    for number in range(videos):
        options = Options(callback_url=f"{RECEIVER}/v{number}" if number != 1 else None)
        view.videos.submitted(f"v{number}", VideoIngested("/v.mp4", options=options), number, (0, number))
    return view


def _read(world: _World, view: View, number: int) -> None:
    world.broker.result(A, f"v{number}")
    raw = world.broker.records[A][-1].value
    view.videos.came(codec.decode(topics.SEGMENTS, raw), raw, (0, number))


async def test_more_videos_under_way_than_are_held(world: _World, monkeypatch: pytest.MonkeyPatch):
    """A callback of each but of the one that wants none, also where what is through is forgotten before."""
    view = _view_of(world, 30, monkeypatch)
    for number in range(30):
        _read(world, view, number)
    assert len(view.videos) == 10
    async with world.running() as task:
        await _until(world.broker.through, task)
    assert world.called == {f"v{number}": 1 for number in range(30) if number != 1}
    assert not world.letters


async def test_a_result_whose_request_nobody_knows(world: _World, monkeypatch: pytest.MonkeyPatch):
    """It is no silence but a dead letter; of one that was erased there is nothing to tell."""
    view = _view_of(world, 0, monkeypatch)
    _read(world, view, 5)
    view.erasures._note(Control("v6", "erase", 1, 0), view._forget)
    world.broker.result(A, "v6")
    async with world.running() as task:
        await _until(world.broker.through, task)
    assert not world.called
    letters = [codec.decode(topics.DEAD_LETTER, raw) for raw in world.letters]
    assert [(one.video_id, one.error_class, one.attempts) for one in letters] == [("v5", "CallbackUnknown", 0)]


@pytest.mark.parametrize(
    ("tries", "timeout_s", "needs_s"), [(8, 10.0, 4 * 8 * 10 + 127), (8, 120.0, 4 * 8 * 120 + 127), (30, 120.0, 14_400)]
)
async def test_partitions_stay_through_all_tries(world: _World, tries: int, timeout_s: float, needs_s: float):
    """Of 64 receivers that hang, 16 at a time: else all tries began anew, and no dead letter was ever reached."""
    world.settings = Settings(
        gateway_webhook_secret=SecretStr(SECRET), gateway_webhook_tries=tries, gateway_webhook_timeout_s=timeout_s
    )
    async with world.running() as task:
        await _until(lambda: world.broker.member is not None, task)
        assert world.broker.member is not None
        assert needs_s < world.broker.member.poll_limit_s < 86_400
