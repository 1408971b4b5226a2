"""What several scenarios do: start everything, send videos, look for their ends and for alerts."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.request
from typing import Final

from ops.local.cluster import read_cluster
from ops.runbooks.runner import Book
from ops.runbooks.transcript import PROJECT

SAMPLE: Final = PROJECT / "ops" / "sample" / "sample.mp4"
# The sample takes 20 s on 2 free cores; other programs may use these.
FINAL_LIMIT_S: Final = 600.0
# Eight workers start within 10 s there. At a load of 60 it took 137 s, at one of 110 four minutes.
JOIN_LIMIT_S: Final = 600.0


def up(book: Book, flags: str = "") -> None:
    """Start the embedded cluster, with agents unless the flags say otherwise, and wait until they have joined."""
    book.set_up(f"clipstream up --detach {flags}".strip())
    if "--no-agents" not in flags:
        book.until("every agent has a worker", lambda: not without_worker(book), JOIN_LIMIT_S)


def without_worker(book: Book) -> list[str]:
    """Agents of which no worker runs; one that cannot be asked for counts as such."""
    agents = book.status().get("agents", [{"agent": "all", "members": 0}])
    return [one["agent"] for one in agents if not one["members"]]


def lag(book: Book, agent: str) -> int:
    """Records that wait for an agent; -1 when that cannot be said."""
    return next((one["lag"] for one in book.status().get("agents", []) if one["agent"] == agent), -1)


def video(book: Book, video_id: str) -> str:
    """Status of a video; empty when nothing is known of it."""
    return next((one["status"] for one in book.status().get("videos", []) if one["video_id"] == video_id), "")


def submit(book: Book, video_id: str) -> None:
    """Send the bundled sample under an id of its own."""
    book.set_up(f"clipstream ingest {SAMPLE} --video-id {video_id}")


def is_final(book: Book, video_id: str, limit_s: float = FINAL_LIMIT_S) -> None:
    """Check that a video ends with everything in it."""
    book.until(f"{video_id} is final", lambda: video(book, video_id) == "final", limit_s)


def observed(book: Book) -> str:
    """The flag for a Prometheus, where it is asked for and installed (ops/prometheus/install.sh)."""
    return "--observe" if book.patient and shutil.which("prometheus") else ""


def alert_fires(book: Book, name: str, limit_s: float) -> None:
    """Check that an alert of ours fires in the Prometheus of `up --observe`; nothing is checked without one."""
    running = read_cluster(book.data)
    url = running.prometheus_url if running is not None else None
    if url is None or not book.patient:
        return
    book.until(f"the alert {name} fires", lambda: name in _firing(url), limit_s)


def _firing(url: str) -> set[str]:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=5) as answer:  # noqa: S310 - our own, on loopback
            alerts = json.load(answer)["data"]["alerts"]
    except (OSError, ValueError, KeyError):
        return set()
    return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}


def sent(book: Book, topic: str, records: list[tuple[bytes | None, bytes | None, int | None]]) -> None:
    """Put (key, value, partition) on a topic as another program would."""
    asyncio.run(_send(book, topic, records))


async def _send(book: Book, topic: str, records: list[tuple[bytes | None, bytes | None, int | None]]) -> None:
    from aiokafka import AIOKafkaProducer

    from streams.connection import client_options

    settings = book.settings()
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        await asyncio.gather(
            *[
                await producer.send(settings.topic(topic), value, key=key, partition=partition)
                for key, value, partition in records
            ]
        )
    finally:
        await producer.stop()


__all__ = [
    "SAMPLE", "alert_fires", "is_final", "lag", "observed", "sent", "submit", "up", "video", "without_worker",
]  # fmt: skip
