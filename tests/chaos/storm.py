"""A storm: videos go in all the time, processes are killed at random moments, and afterwards the raw log is judged.

What must hold, whatever was killed: every video has a final result with the canonical bytes of the undisturbed run; no
two different payloads for one (video_id, generation, revision); never a lower revision after a higher one; no process
outlives the worker that started it.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from ops.local.cluster import LocalCluster
from streams import agents, topics
from streams.admin import create_topics
from streams.client import producing, read_all
from streams.groups import group_states
from streams.settings import Settings
from tests.pipeline import Pipeline, request, until
from tests.processes import alive, told

OPEN_VIDEOS: Final = 3  # submitted and not finished; enough that every stage has work
RECOVERY_LIMIT_S: Final = 120.0
END_LIMIT_S: Final = 300.0
# Of 100 rounds: a worker 70, two at once 14, the broker 6, the cache 6, a joiner whose tables are wiped 4.
ROUNDS: Final = (["worker"] * 35) + (["two"] * 7) + (["kafka"] * 3) + (["valkey"] * 3) + (["wiped"] * 2)


@dataclass
class Outcome:
    """What a storm did and what it left."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    recovery_s: list[float] = field(default_factory=list)
    videos: int = 0
    lost: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)  # canonical bytes of another run
    conflicts: int = 0  # two payloads for one identity
    backwards: int = 0  # lower after higher
    repeats: int = 0  # equal bytes again: allowed
    orphans: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "rounds": self.rounds,
            "kills": dict(sorted(self.kills.items())),
            "videos": self.videos,
            "lost": self.lost,
            "differing": self.differing,
            "conflicting_payloads": self.conflicts,
            "lower_after_higher": self.backwards,
            "repeats_with_equal_bytes": self.repeats,
            "orphans": self.orphans,
            "recovery_s": {
                "median": round(statistics.median(self.recovery_s), 1),
                "max": round(max(self.recovery_s), 1),
            },
            "seconds": round(self.seconds),
        }

    @property
    def sound(self) -> bool:
        """Whether all that must hold held."""
        return not (self.lost or self.differing or self.conflicts or self.backwards or self.orphans)


class Storm:
    """Runs one storm against a cluster of its own.

    Args:
        folder: state; empty.
        videos: sources; each submission is a new video_id.
        seed: of the random choices.
    """

    def __init__(self, folder: Path, videos: list[Path], seed: int) -> None:
        base = Settings()
        self._folder = folder
        self._videos = videos
        self._random = random.Random(seed)
        self._cluster = LocalCluster(folder, base.cache_dir)
        self._settings = Settings(data_dir=folder, cache_enabled=False)
        self._submitted: dict[str, Path] = {}
        self._done = threading.Event()
        self.outcome = Outcome()

    def run(self, rounds: int, say: Any = print) -> Outcome:
        """Do so many rounds and judge."""
        started = time.monotonic()
        info = self._cluster.start()
        self._settings = self._settings.model_copy(update={"broker_url": info.broker_url, "cache_url": info.cache_url})
        asyncio.run(create_topics(self._settings))
        keeper = threading.Thread(target=self._revive, daemon=True)
        keeper.start()
        try:
            with Pipeline(self._settings) as pipeline:
                clean = self._clean(pipeline)
                for number in range(rounds):
                    self._feed(pipeline)
                    self._round(pipeline, say, number)
                until(lambda: not self._open(pipeline), "every video is final", END_LIMIT_S)
                self._judge(pipeline, clean)
        finally:
            self._done.set()
            keeper.join()
            self._cluster.stop()
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    def _clean(self, pipeline: Pipeline) -> dict[Path, bytes]:
        """Canonical bytes of each source, undisturbed, under the name `V`."""
        found = {}
        for number, source in enumerate(self._videos):
            name = f"clean-{number}"
            result = pipeline.process(request(source, name))[0]
            assert result.status == "final", result
            found[source] = pipeline.canonical(result).replace(name.encode(), b"V")
        return found

    def _feed(self, pipeline: Pipeline) -> None:
        """Submit videos until enough are open."""
        missing = OPEN_VIDEOS - len(self._open(pipeline))

        async def submit_all() -> None:
            async with producing(self._settings) as submit:
                for _ in range(missing):
                    name = f"storm-{len(self._submitted):04d}"
                    self._submitted[name] = self._random.choice(self._videos)
                    await submit(request(self._submitted[name], name))

        if missing > 0:
            asyncio.run(submit_all())

    def _open(self, pipeline: Pipeline) -> list[str]:
        latest = pipeline.latest()
        return [name for name in self._submitted if name not in latest or latest[name].status != "final"]

    def _round(self, pipeline: Pipeline, say: Any, number: int) -> None:
        time.sleep(self._random.uniform(0.0, 3.0))  # the moment is the experiment, not a wait for something
        kind = self._random.choice(ROUNDS)
        chosen = self._random.sample(agents.NAMES, 2 if kind == "two" else 1)
        if kind == "wiped":
            chosen = ["joiner"]
        if kind in ("kafka", "valkey"):
            chosen = []  # no worker dies, and so none of their children
        before = {name: (pipeline.pid(name), pipeline.restarts(name)) for name in chosen}
        children = [child for pid, _ in before.values() for child in _children(pid)]
        server = self._pid(kind) if kind in ("kafka", "valkey") else None
        killed = time.monotonic()
        if server is not None:
            os.kill(server, signal.SIGKILL)
        else:
            for pid, _ in before.values():
                os.kill(pid, signal.SIGKILL)
            if kind == "wiped":
                shutil.rmtree(self._folder / "tables" / "joiner-1", ignore_errors=True)
            until(
                lambda: all(pipeline.restarts(name) > restarts for name, (_, restarts) in before.items()),
                "the killed workers are started again",
                RECOVERY_LIMIT_S,
            )
        self._wait_for_progress(chosen or ["joiner"])
        took = time.monotonic() - killed
        self.outcome.rounds += 1
        self.outcome.kills[kind] += 1
        self.outcome.recovery_s.append(took)
        orphans = _outliving(children)
        self.outcome.orphans += len(orphans)
        for orphan in orphans:
            say(f"outlived its worker: {orphan}")
        victims = kind if kind in ("kafka", "valkey") else f"{kind} {' and '.join(chosen)}"
        say(f"round {number + 1}: {victims}, progress after {took:.1f} s; {len(self._submitted)} videos so far")

    def _pid(self, server: str) -> int:
        """Of a server that runs: the one that was killed before may not be back yet, since nobody waited for it."""

        def runs() -> bool:
            return not self._cluster.died() and psutil.pid_exists(self._cluster.describe().pids[server])

        until(runs, f"{server} runs again", RECOVERY_LIMIT_S)
        return self._cluster.describe().pids[server]

    def _wait_for_progress(self, names: list[str]) -> None:
        """Until each of these groups has committed something newer, or has nothing to do with a worker in place."""

        async def state() -> dict[str, tuple[int, int, int]]:
            return {s.agent: (s.members, s.lag, s.committed) for s in await group_states(self._settings)}

        async def wait() -> None:
            deadline = time.monotonic() + RECOVERY_LIMIT_S
            first: dict[str, int] = {}
            waiting = set(names)
            while waiting:
                assert time.monotonic() < deadline, f"no progress of {sorted(waiting)} within {RECOVERY_LIMIT_S} s"
                try:
                    now = await state()
                except Exception:  # the broker is what was killed
                    await asyncio.sleep(0.5)
                    continue
                for name in sorted(waiting):
                    members, lag, committed = now[name]
                    if committed > first.setdefault(name, committed) or (members and not lag):
                        waiting.discard(name)
                await asyncio.sleep(0.2)

        asyncio.run(wait())

    def _judge(self, pipeline: Pipeline, clean: dict[Path, bytes]) -> None:
        latest = pipeline.latest()
        self.outcome.videos = len(self._submitted)
        for name, source in self._submitted.items():
            result = latest.get(name)
            if result is None or result.status != "final":
                self.outcome.lost.append(name)
            elif pipeline.canonical(result).replace(name.encode(), b"V") != clean[source]:
                self.outcome.differing.append(name)
        asyncio.run(self._judge_log(pipeline))

    async def _judge_log(self, pipeline: Pipeline) -> None:
        """The raw log of results, in the order of each partition, which is that of each video."""
        payloads: dict[tuple[str, int, int], bytes] = {}
        highest: dict[str, tuple[int, int]] = {}
        async for result in read_all(self._settings, topics.SEGMENTS):
            key = (result.video_id, result.generation, result.revision)
            content = pipeline.canonical(result)
            if key in payloads:
                self.outcome.repeats += 1
                self.outcome.conflicts += payloads[key] != content
            payloads[key] = content
            self.outcome.backwards += key[1:] < highest.get(result.video_id, (0, 0))
            highest[result.video_id] = max(highest.get(result.video_id, (0, 0)), key[1:])

    def _revive(self) -> None:
        while not self._done.wait(0.1):
            if self._cluster.died():
                self._cluster.revive()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _outliving(children: list[psutil.Process]) -> list[str]:
    """Those of killed workers that are still there after 10 s."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline and any(alive(child) for child in children):
        time.sleep(0.05)
    left = told([child for child in children if alive(child)], psutil.Process.cmdline)
    return [f"{child} {command}" for child, command in left]
