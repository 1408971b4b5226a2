"""Deaths of workers counted on disk, with real processes that die."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.attempts import Attempts, Isolation
from streams.clock import SYSTEM_CLOCK


@dataclass(frozen=True)
class Record:
    """Where a record is."""

    topic: str = "audio-chunk"
    partition: int = 3
    offset: int = 42


# A worker in a process of its own: takes the record, tells what it found, and ends as told.
WORKER = """
import os, signal, sys
from pathlib import Path
from streams.attempts import Attempts
from streams.clock import SYSTEM_CLOCK
from tests.unit.streams.test_attempts import Record
attempts = Attempts(Path(sys.argv[1]), SYSTEM_CLOCK)
deaths = attempts.deaths(Record())
attempts.begin(Record(), deaths)
print(deaths, flush=True)
if sys.argv[2] == "closes":
    attempts.close()
elif sys.argv[2] == "finishes":
    attempts.end(Record())
os.kill(os.getpid(), signal.SIGKILL)
"""


def worker(folder: Path, end: str) -> int:
    """Run a worker; the deaths that it found."""
    return int(
        subprocess.run([sys.executable, "-c", WORKER, str(folder), end], capture_output=True, check=False).stdout
    )


def test_every_death_in_the_middle_of_an_item_counts(tmp_path):
    assert [worker(tmp_path, "dies") for _ in range(3)] == [0, 1, 2]
    assert Attempts(tmp_path, SYSTEM_CLOCK).deaths(Record()) == 3
    assert Attempts(tmp_path, SYSTEM_CLOCK).deaths(Record(offset=43)) == 0


def test_an_item_that_is_through_leaves_nothing(tmp_path):
    assert [worker(tmp_path, end) for end in ("dies", "finishes", "dies")] == [0, 1, 0]


def test_a_worker_that_leaves_for_reasons_of_its_own_blames_no_item(tmp_path):
    ends = ("closes", "dies", "closes", "closes", "dies", "dies")
    assert [worker(tmp_path, end) for end in ends] == [0, 0, 1, 1, 1, 2]


def test_an_item_in_the_hands_of_a_living_worker_has_killed_nobody(tmp_path):
    mine = Attempts(tmp_path, SYSTEM_CLOCK)
    mine.begin(Record(), 1)
    assert Attempts(tmp_path, SYSTEM_CLOCK).deaths(Record()) == 1


def test_the_note_of_another_worker_is_left_alone(tmp_path):
    """The item went there in a rebalance, while this worker still had it."""
    mine, path = Attempts(tmp_path, SYSTEM_CLOCK), Attempts(tmp_path, SYSTEM_CLOCK)._path(Record())
    for leave in (lambda: mine.end(Record()), mine.close):
        mine.begin(Record(), 0)
        path.write_text("1 1 1.0")
        leave()
        assert path.read_text() == "1 1 1.0"
    mine.begin(Record(), 0)
    path.unlink()
    mine.close()


@pytest.mark.parametrize("content", ["", "x y z", "1"])
def test_a_damaged_note_counts_as_none(tmp_path, content):
    attempts = Attempts(tmp_path, SYSTEM_CLOCK)
    attempts._path(Record()).write_text(content)
    assert attempts.deaths(Record()) == 0


async def test_a_suspect_runs_alone_and_before_those_that_come_later():
    isolation, running, seen = Isolation(), set(), []
    gates = {name: asyncio.Event() for name in ("a", "b", "suspect", "c")}

    async def work(name: str) -> None:
        async with isolation.entered(alone=name == "suspect"):
            running.add(name)
            seen.append(frozenset(running))
            await gates[name].wait()
            running.discard(name)

    async def settle() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    tasks = []
    for name in gates:
        tasks.append(asyncio.create_task(work(name)))
        await settle()
    assert running == {"a", "b"}
    for gate in gates.values():
        gate.set()
        await settle()
    await asyncio.gather(*tasks)
    assert seen == [{"a"}, {"a", "b"}, {"suspect"}, {"c"}]
