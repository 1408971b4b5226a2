"""The Redis tier against a real Valkey: filled, expiring, killed in the middle, hanging; never in the way of a loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from ops.local.ports import choose_port
from ops.local.valkey import ValkeyServer
from processors.blobs import BlobStore
from processors.cache import DiskTier, MemoryTier, RedisTier, ResultCache, TierUnavailable
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings
from streams.work import Bench
from tests.pipeline import until
from tests.unit.cache.test_results import KEY, Counts, Now

pytestmark = pytest.mark.timeout(120)
TTL_S = 3_600


@pytest.fixture
def redis_tier() -> Iterator[Callable[..., RedisTier]]:
    """Makes tiers, and closes their connections, which processes keep: left to a later collection they are warnings."""
    made: list[RedisTier] = []

    def make(url: str, timeout_s: float = 10.0) -> RedisTier:
        # by default half a second, for those who have something better to do: here a late answer is an answer
        made.append(RedisTier(url, TTL_S, timeout_s=timeout_s))
        return made[-1]

    yield make
    for tier in made:
        tier._client.connection_pool.disconnect()


@pytest.fixture
def valkey(tmp_path: Path, redis_tier: Callable[..., RedisTier]) -> Iterator[SimpleNamespace]:
    """A server of its own, with its URL and a client to look into it."""
    port = choose_port(None, "Valkey")
    server = ValkeyServer(tmp_path / "valkey", tmp_path / "logs")

    def start() -> None:
        server.spawn(port)
        server.wait_ready()

    start()
    client = redis.Redis(port=port)
    url = f"redis://127.0.0.1:{port}/0"
    yield SimpleNamespace(server=server, start=start, client=client, tier=lambda: redis_tier(url))
    client.close()
    server.stop()


def tiers(valkey: SimpleNamespace, folder: Path) -> list[Any]:
    return [MemoryTier(0), valkey.tier(), DiskTier(folder)]


def test_memory_then_redis_then_disk(valkey, tmp_path):
    counts = Counts()
    made = tiers(valkey, tmp_path / "cache")
    cache = ResultCache(made, Now(), counts)
    outputs = [b'{"text": "' + b"hello " * 200 + b'"}']
    cache.put("transcriber", KEY, outputs)
    assert cache.get("transcriber", KEY) == outputs
    assert counts.events[("hit", "redis")] == 1
    (name,) = valkey.client.keys()
    assert 0 < valkey.client.ttl(name) <= TTL_S
    assert valkey.client.strlen(name) == counts.bytes[("hit", "redis")] < len(outputs[0]) / 4, "it is compressed"
    valkey.client.flushall()
    assert cache.get("transcriber", KEY) == outputs
    assert counts.events[("hit", "disk")] == 1
    assert valkey.client.exists(name), "the hit on the disk filled it again"


def test_large_values_are_left_to_the_disk(valkey, tmp_path):
    cache = ResultCache(tiers(valkey, tmp_path / "cache"), Now())
    large = [os.urandom(2**20).hex().encode()]
    cache.put("s", KEY, large)
    assert valkey.client.dbsize() == 0
    assert cache.get("s", KEY) == large
    assert valkey.client.dbsize() == 0


def test_killed_in_the_middle_and_back_again(valkey, tmp_path):
    counts, now = Counts(), Now()
    cache = ResultCache(tiers(valkey, tmp_path / "cache"), now, counts)
    cache.put("s", KEY, [b"x"])
    assert cache.get("s", KEY) == [b"x"]
    os.kill(valkey.server.pid, signal.SIGKILL)
    valkey.server.stop()
    assert cache.get("s", KEY) == [b"x"]
    assert counts.events[("hit", "disk")] == 1
    valkey.start()
    now.s += RedisTier.pause_s
    assert cache.get("s", KEY) == [b"x"]  # from the disk, and kept in the new server
    assert cache.get("s", KEY) == [b"x"]
    assert counts.events[("hit", "redis")] == 2


def test_garbage_in_redis_is_a_miss(valkey, tmp_path):
    cache = ResultCache(tiers(valkey, tmp_path / "cache"), Now())
    cache.put("s", KEY, [b"x"])
    (name,) = valkey.client.keys()
    valkey.client.set(name, b"\x80\x04garbage")
    assert cache.get("s", KEY) == [b"x"]
    valkey.client.delete(name)
    valkey.client.lpush(name, "no string at all")
    assert cache.get("s", KEY) == [b"x"]


def test_a_server_that_accepts_and_never_answers_is_given_up_and_left_alone(tmp_path, redis_tier):
    listening = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def accept() -> None:
        try:
            while True:
                accepted.append(listening.accept()[0])
        except OSError:
            return

    thread = threading.Thread(target=accept, daemon=True)  # one that fails before it is told to end would be waited for
    thread.start()
    tier = redis_tier(f"redis://127.0.0.1:{listening.getsockname()[1]}/0", timeout_s=0.05)
    with pytest.raises(TierUnavailable, match="Timeout"):
        tier.get(KEY)
    cache = ResultCache([tier, DiskTier(tmp_path)], Now())
    until(lambda: len(accepted) >= 1, "the first one is taken")
    before = len(accepted)
    for _ in range(50):
        cache.put("s", KEY, [b"x"])
        assert cache.get("s", KEY) == [b"x"]
    assert len(accepted) <= before + 1
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()
    for one in accepted:
        one.close()


async def test_a_slow_server_does_not_hold_up_the_loop(valkey, tmp_path):
    """Valkey goes on only when the loop has told it to: were the loop waiting for it, that would never come."""
    cache = ResultCache([valkey.tier()], SYSTEM_CLOCK.monotonic_s)
    pool: Any = SimpleNamespace(run=compute)
    bench = Bench(Settings(data_dir=tmp_path), pool, cache, BlobStore(str(tmp_path / "blobs")), SYSTEM_CLOCK)
    assert await collect(bench) == [(b"computed", False)]
    os.kill(valkey.server.pid, signal.SIGSTOP)
    try:
        asked = asyncio.create_task(collect(bench))
        done, _ = await asyncio.wait({asked}, timeout=0.1)
        assert not done, "the server stands still"
    finally:
        os.kill(valkey.server.pid, signal.SIGCONT)
    assert await asked == [(b"computed", True)]


async def compute(job: str, request: dict[str, Any]) -> Any:
    yield b"computed", 5


async def collect(bench: Bench) -> list[tuple[bytes, bool]]:
    return [(one.body, one.cached) async for one in bench.run("transcriber", "transcribe", {}, "input", None)]
