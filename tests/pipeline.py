"""Runs all agents for tests, as `clipstream up` does, and waits on conditions instead of times."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from typing import Final, Self

from processors.blobs import BlobStore
from processors.options import Options
from schemas.messages import Segments, VideoIngested
from streams import agents, results, topics
from streams.client import TERMINAL, following, keep_highest, latest_results, producing, read_all
from streams.clock import SYSTEM_CLOCK
from streams.connection import BrokerUnreachable
from streams.groups import agents_with_members, group_states
from streams.settings import Settings
from streams.supervisor import Supervisor

LIMIT_S: Final = 180.0
_START_S: Final = 180.0  # 6 s on a quiet machine
# Why a worker may leave on a busy machine, and does right: it stood still for longer than its group waits for it, or
# the broker took longer for an answer at its start than it waits.
_BUSY: Final = re.compile(
    r"^The process stood still|Kafka broker.* at |^What listens at |Kafka(Connection|Timeout)Error"
)
_ASK_EACH_S: Final = 0.05
_REST: Final = 3.0  # times what the last answer took
_ASK_AT_LEAST_S: Final = 1.0


class Pipeline:
    """All agents against a broker; use as a context manager."""

    def __init__(
        self, settings: Settings, names: tuple[str, ...] | None = None, supervisor: Supervisor | None = None
    ) -> None:
        self.settings = settings
        self.blobs = BlobStore(settings.store)
        self.supervisor = supervisor or Supervisor(settings, names or agents.wanted(settings), SYSTEM_CLOCK)
        self._done = threading.Event()
        self._exits: list[tuple[str, str, str]] = []  # agent, how, why
        self._watch = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Self:
        self.supervisor.start()
        self._watch.start()
        try:
            # else the start of all agents would be part of what the first wait of a test has time for
            until(self._joined, "every agent has a worker in its group", _START_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_watching()
        self.supervisor.stop()

    def stop_watching(self) -> None:
        """Start no worker again from now on."""
        self._done.set()
        self._watch.join()

    def _poll(self) -> None:
        while not self._done.wait(0.1):
            for child in self.supervisor.poll():
                if child.process is None:
                    self._exits.append((child.agent, child.last_exit, child.reason))

    def _joined(self) -> bool:
        wanted = {child.agent for child in self.supervisor.children if child.state != "down"}  # it needs no group then
        try:
            return wanted <= asyncio.run(agents_with_members(self.settings))
        except BrokerUnreachable:  # too busy for an answer just now
            return False

    def pid(self, agent: str) -> int:
        """Process of an agent that runs now."""
        child = next(child for child in self.supervisor.children if child.agent == agent)
        until(lambda: child.process is not None, f"{agent} runs")
        assert child.process is not None
        return child.process.pid

    def restarts(self, agent: str) -> int:
        """How often an agent was started again."""
        return next(child.restarts for child in self.supervisor.children if child.agent == agent)

    def crashes(self, agent: str) -> list[str]:
        """How its workers ended, but for ends that a busy machine excuses."""
        return [f"{how}: {why}" for name, how, why in self._exits if name == agent and not _BUSY.search(why)]

    def process(self, *requests: VideoIngested, limit_s: float = LIMIT_S) -> list[Segments]:
        """Submit requests and wait for their terminal results."""
        return asyncio.run(self._process(requests, limit_s))

    async def _process(self, requests: tuple[VideoIngested, ...], limit_s: float) -> list[Segments]:
        wanted = {request.video_id or "": request.generation for request in requests}
        found: dict[str, Segments] = {}
        async with following(self.settings, topics.SEGMENTS) as arrivals, producing(self.settings) as submit:
            for request in requests:
                await submit(request)
            deadline = time.monotonic() + limit_s
            async for arrival in arrivals:
                if arrival is not None and wanted.get(arrival[1].video_id) == arrival[1].generation:
                    keep_highest(found, arrival[1])
                if all(key in found and found[key].status in TERMINAL for key in wanted):
                    break
                assert time.monotonic() < deadline, f"no result within {limit_s} s; there are {sorted(found)}"
        return [found[key] for key in wanted]

    async def submit(self, *requests: VideoIngested) -> None:
        """Submit requests and wait for nothing."""
        async with producing(self.settings) as submit:
            for request in requests:
                await submit(request)

    def canonical(self, result: Segments) -> bytes:
        """The canonical bytes of a result."""
        return results.canonical(result, self.blobs)

    def latest(self) -> dict[str, Segments]:
        """The newest result of every video."""
        return asyncio.run(latest_results(self.settings))

    def status(self, video_id: str) -> str:
        """Status of a video's newest result; empty without one."""
        found = self.latest().get(video_id)
        return found.status if found is not None else ""

    def lag(self, *names: str) -> int:
        """Records that these agents have not committed, or all agents."""
        states = asyncio.run(group_states(self.settings))
        return sum(state.lag for state in states if not names or state.agent in names)

    def read(self, spec: topics.TopicSpec) -> list:
        """All records on a topic."""

        async def collect() -> list:
            return [message async for message in read_all(self.settings, spec)]

        return asyncio.run(collect())


def request(uri: object, video_id: str, generation: int = 0, fresh: bool = False, **options: object) -> VideoIngested:
    """An ingest message."""
    return VideoIngested(
        uri=str(uri),
        video_id=video_id,
        options=Options(**options),
        generation=generation,  # type: ignore[arg-type]
        replay_from="all" if fresh else None,
        fresh=fresh,
    )


def until(condition: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Wait until a condition holds, which is asked for a quarter of the time at most.

    One that reads topics takes as much processor as a stage: asked all the time, it would hold up what it waits for.
    """
    deadline = time.monotonic() + limit_s
    asked = time.monotonic()
    while not condition():
        took = time.monotonic() - asked
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(min(max(_ASK_EACH_S, _REST * took), _ASK_AT_LEAST_S))
        asked = time.monotonic()
