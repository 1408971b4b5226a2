"""`clipstream bench gateway`: submissions and event streams through two gateways at once, one of which is killed.

Stub videos go through the real agents. Each event stream follows one video, as a page does, except for a tenth that
follow all; they come back with `Last-Event-ID`, to the gateways in turn. What they were told is compared with what
is on the topics.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson
import psutil

from ops.bench.embedded import embedded_agents
from ops.bench.machine import describe
from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from ops.local.child import spawn, stop
from ops.local.ports import choose_port
from streams import topics
from streams.client import TERMINAL, read_all
from streams.clock import SYSTEM_CLOCK
from streams.reading import to_environment
from streams.settings import Settings
from streams.supervisor import clipstream_command

_START_S: Final = 120.0
_STILL_S: Final = 120.0  # without a video that ends, what is not through counts as lost
_CATCH_UP_S: Final = 30.0
_STOP_S: Final = 15.0
_LOOK_S: Final = 0.05  # between two looks at the list and at a video
_SILENCE_S: Final = 20.0  # heartbeats come every 15 s
_ALL_SHARE: Final = 10  # one stream in so many follows all videos
Say = Callable[[int, int], None]
Told = tuple[str, int, int, bool]  # video, generation, revision, enriched


@dataclass
class Measured:
    """What was seen from outside."""

    submit_ms: list[float] = field(default_factory=list)
    look_ms: list[float] = field(default_factory=list)
    look_failed: int = 0
    results_behind_ms: list[float] = field(default_factory=list)
    progress_behind_ms: list[float] = field(default_factory=list)
    through: set[str] = field(default_factory=set)
    videos: list[str] = field(default_factory=list)
    connections: int = 0


class Stream:
    """One reader."""

    def __init__(self, urls: list[str], path: str, first: int, measured: Measured) -> None:
        self._urls, self._path, self._at, self._measured = urls, path, first, measured
        self.told: list[Told] = []
        self.last = ""

    async def run(self, client: httpx.AsyncClient) -> None:
        """Read, for ever; come back when the connection ends."""
        while True:
            url = self._urls[self._at % len(self._urls)]
            self._at += 1
            self._measured.connections += 1
            headers = {"Last-Event-ID": self.last} if self.last else {}
            try:
                async with client.stream("GET", url + self._path, headers=headers) as answer:
                    if answer.status_code == 200:
                        await self._read(answer)
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)

    async def _read(self, answer: httpx.Response) -> None:
        id_, kind = "", ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                id_ = value
            elif name == "event":
                kind = value
            elif name == "data":
                self._take(kind, orjson.loads(value))
                self.last = id_ or self.last

    def _take(self, kind: str, told: dict[str, Any]) -> None:
        now_ms = SYSTEM_CLOCK.now_ms()
        if kind == "segments":
            self.told.append((told["video_id"], told["generation"], told["revision"], told["enriched"]))
            self._measured.results_behind_ms.append(now_ms - told["finished_at_ms"])
            if told["status"] in TERMINAL:
                self._measured.through.add(told["video_id"])
        elif kind == "progress" and told.get("updated_at_ms") and told["status"] not in TERMINAL:
            self._measured.progress_behind_ms.append(now_ms - told["updated_at_ms"])


class Gateways:
    """Two gateways as processes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.ports = [choose_port(None, "a gateway"), choose_port(None, "another gateway")]
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports]
        self._processes = [self._start(port) for port in self.ports]

    def _start(self, port: int) -> Any:
        changed = self._settings.model_copy(update={"gateway_port": port, "gateway_requests_per_minute": 0.0})
        log = self._settings.log_dir / f"gateway-{port}.log"
        environment = {**os.environ, **to_environment(changed)}
        return spawn([*clipstream_command(), "gateway"], log, environment, death_signal=signal.SIGKILL)

    async def ready(self, number: int) -> float:
        """Wait until one answers; seconds that took.

        Raises:
            TimeoutError: it does not.
        """
        started = time.monotonic()
        async with httpx.AsyncClient(timeout=5.0) as client:
            while time.monotonic() - started < _START_S:
                try:
                    if (await client.get(f"{self.urls[number]}/healthz")).status_code == 200:
                        return time.monotonic() - started
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise TimeoutError(f"a gateway is not ready; logs are in {self._settings.log_dir}")

    async def replace(self, number: int) -> float:
        """Kill one and start it again; seconds until it answers."""
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._start(self.ports[number])
        return await self.ready(number)

    def memory_mb(self) -> list[float]:
        """Resident memory of each."""
        return [round(psutil.Process(one.pid).memory_info().rss / 1e6, 1) for one in self._processes]

    def stop(self) -> None:
        """End both."""
        for one in self._processes:
            stop(one, _STOP_S)


async def run(submissions: int, streams: int, plan: Plan, base: Settings, say: Say) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        submissions: that are sent at once, half of them to each gateway.
        streams: event streams that are open meanwhile.
        plan: parts of a stub video and their cost.
        base: cache folder, number of children.
        say: hears (videos through, videos in all).
    """
    async with embedded_agents(base, command(plan.to_text())) as running:
        source = running.settings.data_dir / "stub.mp4"
        source.write_bytes(b"stub")
        gateways = Gateways(running.settings)
        try:
            await asyncio.gather(gateways.ready(0), gateways.ready(1))
            await _warmed(gateways, str(source))
            return await _measured(submissions, streams, gateways, running.settings, str(source), say)
        finally:
            await asyncio.to_thread(gateways.stop)


async def _warmed(gateways: Gateways, source: str) -> None:
    """Have one video through each gateway: in the second after a start, Kafka and agents are busy with themselves."""
    limit = time.monotonic() + _STILL_S
    async with httpx.AsyncClient(timeout=30.0) as client:
        for number, url in enumerate(gateways.urls):
            await _submit(gateways.ports[number], {"uri": source, "video_id": f"warm-{number}"}, Measured())
            while (await client.get(f"{url}/v1/videos/warm-{number}")).json()["status"] not in TERMINAL:
                if time.monotonic() > limit:
                    raise TimeoutError("a first video did not come through")
                await asyncio.sleep(_LOOK_S)


async def _measured(
    submissions: int, streams: int, gateways: Gateways, settings: Settings, source: str, say: Say
) -> dict[str, Any]:
    measured = Measured(videos=[f"stub-{number:06d}" for number in range(submissions)])
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, video in enumerate(measured.videos):
            port = gateways.ports[number % 2]
            group.create_task(_submit(port, {"uri": source, "video_id": video}, measured))
    submitted_s = time.monotonic() - started
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=submissions)
    async with httpx.AsyncClient(timeout=httpx.Timeout(60.0, read=_SILENCE_S), limits=limits) as client:
        readers = [_stream(number, gateways, measured) for number in range(streams)]
        async with _running([reader.run(client) for reader in readers], [_look(client, gateways, measured)]):
            back_s = await _until_through(measured, gateways, say)
            memory = gateways.memory_mb()
            expected = await _on_topics(settings)
            deadline = time.monotonic() + _CATCH_UP_S
            while _lost(readers, expected) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
    told = sum(len(reader.told) for reader in readers)
    return {
        "bench": "gateway",
        "machine": describe(),
        "load": [round(one, 1) for one in os.getloadavg()],
        "submissions": submissions,
        "streams": streams,
        "rows": [
            _row("submit", measured.submit_ms),
            _row("look", measured.look_ms),
            _row("results behind", measured.results_behind_ms),
            _row("progress behind", measured.progress_behind_ms),
        ],
        "pooled": {
            "submitted_s": round(submitted_s, 2),
            "through": len(measured.through),
            "seconds": round(time.monotonic() - started, 1),
            "results_told": told,
            "lost": _lost(readers, expected),
            "repeated": told - sum(len(set(reader.told)) for reader in readers),
            "connections": measured.connections,
            "answers_failed": measured.look_failed,
            "back_s": round(back_s, 1),
            "gateway_mb": memory,
        },
        "baselines": {},
    }


def _stream(number: int, gateways: Gateways, measured: Measured) -> Stream:
    everything = number % _ALL_SHARE == 0
    video = measured.videos[number % len(measured.videos)]
    path = "/v1/events" if everything else f"/v1/videos/{video}/events"
    found = Stream(gateways.urls, path, number, measured)
    # of a stream of all nothing counts as missed that came before it
    found.last = "" if everything else found.last
    return found


async def _submit(port: int, body: dict[str, Any], measured: Measured) -> None:
    # bare, since httpx takes 3 ms of the two cores for each, which is more than the gateway does
    content = orjson.dumps(body)
    head = (
        f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + content)
    answer = await reader.read()
    measured.submit_ms.append((time.monotonic() - started) * 1000)
    writer.close()
    if not answer.startswith(b"HTTP/1.1 202"):
        raise RuntimeError(f"a submission was answered: {answer[:600].decode(errors='replace')}")


async def _look(client: httpx.AsyncClient, gateways: Gateways, measured: Measured) -> None:
    """What a page asks, of both gateways in turn."""
    number = 0
    while True:
        path = (
            "/v1/videos?limit=50" if number % 4 < 2 else f"/v1/videos/{measured.videos[number % len(measured.videos)]}"
        )
        started = time.monotonic()
        try:
            answer = await client.get(gateways.urls[number % 2] + path)
            answer.raise_for_status()
            measured.look_ms.append((time.monotonic() - started) * 1000)
        except httpx.HTTPError:
            measured.look_failed += 1
        number += 1
        await asyncio.sleep(_LOOK_S)


async def _until_through(measured: Measured, gateways: Gateways, say: Say) -> float:
    """Wait for all videos; when a third is through, one gateway is killed. Seconds until it answered again."""
    back: asyncio.Task[float] | None = None
    seen, at = 0, time.monotonic()
    while len(measured.through) < len(measured.videos) and time.monotonic() - at < _STILL_S:
        say(len(measured.through), len(measured.videos))
        if len(measured.through) > seen:
            seen, at = len(measured.through), time.monotonic()
        if back is None and seen * 3 >= len(measured.videos):
            back = asyncio.create_task(gateways.replace(0))
        await asyncio.sleep(0.1)
    say(len(measured.through), len(measured.videos))
    return await (back or asyncio.create_task(gateways.replace(0)))


async def _on_topics(settings: Settings) -> dict[str, set[Told]]:
    found: dict[str, set[Told]] = {}
    async for result in read_all(settings, topics.SEGMENTS):
        found.setdefault(result.video_id, set()).add((result.video_id, *result.order))
    return found


def _lost(readers: list[Stream], expected: dict[str, set[Told]]) -> int:
    """Results that a reader was not told: of its video all from the first that it was told, of all videos the last."""
    lost = 0
    for reader in readers:
        told = set(reader.told)
        videos = {one[0] for one in told} or set(expected)
        for video in videos:
            first = min((one for one in told if one[0] == video), default=None)
            lost += sum(1 for one in expected.get(video, ()) if (first is None or one >= first) and one not in told)
    return lost


def _row(item: str, values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)

    def quantile(share: float) -> float | None:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None

    return {
        "item": item,
        "count": len(ordered),
        "p50_ms": quantile(0.5),
        "p95_ms": quantile(0.95),
        "max_ms": quantile(1),
    }


@asynccontextmanager
async def _running(*jobs: list[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for group in jobs for job in group]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


__all__ = ["Gateways", "Measured", "Stream", "run"]
