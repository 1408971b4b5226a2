"""The runner's window: joins of several videos go on side by side, those of one video one after the other."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from streams.attempts import MAX_WORKER_DEATHS, Attempts
from streams.clock import SYSTEM_CLOCK
from tests.unit.join.records import Raw, records
from tests.unit.join.world import World

VIDEOS = tuple(f"video-{number}" for number in range(6))
WORDS = "M T0 T1 T2 T/3 V0 V1 V/2 C0 C1 C2 C/3"


class SlowWorld(World):
    """A broker that takes its time, other ones for each write; notes how many writes of a video are under way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.under_way: Counter[str] = Counter()
        self.most_of_one = self.most_of_all = 0
        super().__init__()

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        videos = {key.decode().lstrip("|").split("|")[0] for key, _ in changes}
        self.under_way.update(videos)
        self.most_of_one = max(self.most_of_one, *self.under_way.values(), 0)
        self.most_of_all = max(self.most_of_all, self.under_way.total())
        for _ in range(self.random.randint(0, 9)):
            await asyncio.sleep(0)
        await super().write(partition, changes)
        self.under_way.subtract(videos)


@dataclass
class Event:
    """One of a stream."""

    message: Any
    acked: list[Any]

    def ack(self) -> None:
        self.acked.append((self.message.tp, self.message.offset))


class Stream:
    """As much of Faust's stream as the runner uses."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Event]:
        for event in self._events:
            yield event


def mixed(seed: int) -> tuple[list[Event], list[Any]]:
    """The records of all videos in any order, some under another key than their video's."""
    order = random.Random(seed)
    raws = [record for video in VIDEOS for record in records(WORDS, video)]
    order.shuffle(raws)
    acked: list[Any] = []
    offsets: Counter[tuple[str, int]] = Counter()
    events = []
    for raw in raws:
        tp = (raw.topic, raw.partition)
        message = _Message(**vars(replace(raw, offset=offsets[tp], key=order.choice((raw.key, b"other")))), tp=tp)
        offsets[tp] += 1
        events.append(Event(message, acked))
    return events, acked


@dataclass(frozen=True)
class _Message(Raw):
    tp: Any = None


@pytest.mark.parametrize("seed", range(8))
async def test_videos_go_on_side_by_side_and_each_in_order(seed):
    world = SlowWorld(seed)
    events, acked = mixed(seed)
    await world.runner.run(Stream(events))
    while world.runner._window.in_flight:
        await asyncio.sleep(0)
    assert Counter(one.video_id for one in world.emitted if one.completeness == "final") == Counter(VIDEOS)
    for one in world.emitted:
        if one.completeness == "final":
            parts = world.parts(one)
            assert (len(parts.transcripts), len(parts.batches), len(parts.contents)) == (3, 2, 3)
    assert world.most_of_one == 1, "each would miss what the other one keeps"
    assert world.most_of_all > 1, "else nothing is won"
    for tp in {tp for tp, _ in acked}:
        offsets = [offset for one, offset in acked if one == tp]
        assert offsets == list(range(len(offsets))), "in order"
    assert len(acked) == len(events)


async def taken(world: World, events: list[Event]) -> None:
    """Run them and wait until all are through."""
    await world.runner.run(Stream(events))
    await world.runner._window.idle()


def found_dead(folder: Path, raw: Any, deaths: int) -> None:
    """The note that a worker leaves which died at a record, the last of so many."""
    dead = Attempts(folder, SYSTEM_CLOCK)
    dead._owner = "1 1.0"  # a process that began in 1970
    dead.begin(raw, deaths - 1)


async def test_what_was_in_hand_when_a_worker_died_is_taken_alone(tmp_path):
    events, acked = mixed(1)
    for event in events:
        found_dead(tmp_path, event.message, MAX_WORKER_DEATHS - 1)
    world = SlowWorld(1)
    world.attempts = Attempts(tmp_path, SYSTEM_CLOCK)
    world.restart()
    await taken(world, events)
    assert world.most_of_all == 1
    assert Counter(one.video_id for one in world.emitted if one.completeness == "final") == Counter(VIDEOS)
    assert len(acked) == len(events)
    assert not list(tmp_path.iterdir()), "what is through is noted no more"


async def test_a_record_that_killed_its_worker_again_and_again_is_a_dead_letter(tmp_path):
    events, acked = mixed(1)
    found_dead(tmp_path, events[5].message, MAX_WORKER_DEATHS)
    world = SlowWorld(1)
    world.attempts = Attempts(tmp_path, SYSTEM_CLOCK)
    world.restart()
    await taken(world, events)
    (letter,) = world.letters
    assert (letter.topic, letter.offset) == (events[5].message.topic, events[5].message.offset)
    assert (letter.error_class, letter.attempts) == ("WorkerDied", MAX_WORKER_DEATHS)
    assert len(acked) == len(events)
