"""More items than one transcriber gets through; two more workers join. Stub jobs sleep, all else is real."""

from __future__ import annotations

import json
import urllib.request
from typing import Final

from ops.bench.plan import Plan
from ops.bench.stub_worker import command
from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import lag, sent, up, without_worker
from streams import agents, topics
from streams.worker import living_workers

AGENT: Final = "transcriber"
# One worker with one child does 3 items a second: 140 s of work at first, so that a busy machine has the time to look
# and to send as much again. The alert asks for more than 500 records.
PLAN: Final = Plan(chunks=60, batches=2, stub_ms=330.0)
VIDEOS: Final = 7  # at a time, two times
_DONE: Final = f'video_processing_requests_total{{stage="{AGENT}",status="ok"}}'


def run(book: Book) -> None:
    """See the page."""
    book.bind(AGENT_NAME=AGENT)
    book.clipstream = command(PLAN.to_text())
    # stub items are alike, and would be answered from the cache
    book.environment |= {"CLIPSTREAM_WORKERS": "1", "CLIPSTREAM_CACHE_ENABLED": "false"}
    up(book, "--no-agents")
    for agent in agents.NAMES:
        book.set_up(f"clipstream worker {agent} --instance first &")
    book.until("every agent has a worker", lambda: not without_worker(book), 600)
    _submit(book, 0)
    book.until(f"records wait for the {AGENT}", lambda: lag(book, AGENT) > PLAN.chunks, 120)
    book.run("look")
    before = lag(book, AGENT)
    _submit(book, VIDEOS)
    book.until(
        "more wait than before, and more than the alert asks for", lambda: lag(book, AGENT) > max(before, 500), 60
    )
    book.run("look")
    book.run("why")
    book.run("more")
    book.until(f"the {AGENT} has three workers", lambda: _members(book) == 3, 120)
    book.until("nothing waits any more", lambda: lag(book, AGENT) == 0, 600)
    book.until("every video is final", lambda: _final(book) == 2 * VIDEOS, 300)
    done = _done_by_worker(book)
    book.check("all three did some of it", len(done) == 3 and all(done.values()))
    book.run("see")


def _submit(book: Book, first: int) -> None:
    source = book.folder / "stub.mp4"
    source.write_bytes(b"stub")
    book.fault(f"{VIDEOS} videos of half an hour at once, {VIDEOS * PLAN.chunks} chunks of sound")
    records = [json.dumps({"uri": str(source), "video_id": f"video-{first + n}"}).encode() for n in range(VIDEOS)]
    sent(book, topics.VIDEO_INGESTED.name, [(None, record, None) for record in records])


def _members(book: Book) -> int:
    return next((int(one["members"]) for one in book.status().get("agents", []) if one["agent"] == AGENT), 0)


def _final(book: Book) -> int:
    return sum(one["status"] == "final" for one in book.status().get("videos", []))


def _done_by_worker(book: Book) -> dict[str, float]:
    """Items that each worker of the agent did, as it tells Prometheus."""
    done = {}
    for note in living_workers(book.data):
        if note["agent"] == AGENT:
            with urllib.request.urlopen(f"http://127.0.0.1:{note['port']}/metrics", timeout=30) as answer:
                lines = answer.read().decode().splitlines()
            counts = [float(line.split()[-1]) for line in lines if line.startswith(_DONE)]
            done[str(note["instance"])] = sum(counts)
    return done
