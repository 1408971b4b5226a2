"""A worker that stopped itself for good, and one that somebody started by hand and that was killed."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import Final

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import alert_fires, is_final, lag, observed, sent, submit, up, without_worker
from processors.domain import AudioChunk, Span
from processors.options import Options
from schemas.messages import AudioChunkMessage, Header
from streams import codec, topics
from streams.worker import living_workers

AGENT: Final = "transcriber"
HAND: Final = "by-hand"  # the instance that the page starts
LIMIT: Final = 2  # failures in a row that are still accepted
SENT: Final = 5


def run(book: Book) -> None:
    """See the page."""
    book.bind(AGENT_NAME=AGENT)
    book.environment |= {"CLIPSTREAM_DEAD_LETTER_MAX_CONSECUTIVE": str(LIMIT), "CLIPSTREAM_RETRIES": "0"}
    up(book, observed(book))
    broken = _breaks(book)
    book.until("the worker has stopped itself", lambda: _state(book) == "down", 300)
    submit(book, "waits")
    book.until(
        "status says why the video waits",
        lambda: any(
            (one["stuck"] or {}).get("stage") == AGENT and "valid items failed" in one["stuck"]["reason"]
            for one in book.status().get("videos", [])
        ),
        120,
    )
    told = book.run("look")[0].text
    book.check("status names the agent, its exit and the reason", "down after exit 78" in told and "in a row" in told)
    said = book.run("why")[0].text
    book.check("the log has the reason of the exit", "valid items failed in a row" in said)
    alert_fires(book, "WorkerDown", 300)

    book.fault("the store answers again")
    for path in broken:
        path.rmdir()
    book.run("start")
    book.until("every agent has a worker again", lambda: not without_worker(book), 600)
    is_final(book, "waits")
    letters = book.run("given-up")[0].text
    book.check("what it gave up on is in the dead letters", letters.count("audio-chunk:") > LIMIT)

    # not by its command line: a child that was forked from it has the same one for a moment
    (pid,) = [int(str(note["pid"])) for note in living_workers(book.data) if note["instance"] == HAND]
    book.fault(f"kill -9 of the {AGENT} that was started by hand, as when its host dies")
    os.kill(pid, signal.SIGKILL)
    book.until("the broker has noticed", lambda: AGENT in without_worker(book), 300)
    submit(book, "waits-too")
    book.until("the next video waits", lambda: lag(book, AGENT) > 0, 300)
    book.run("look")
    book.run("start-all")
    book.until("every agent has a worker again", lambda: not without_worker(book), 600)
    is_final(book, "waits-too")
    book.run("see")


def _breaks(book: Book) -> list[Path]:
    """The store has a folder where a blob should be, as a broken mount has, and chunks name such blobs."""
    book.fault(f"the store answers with an error for {SENT} chunks of sound")
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(SENT)]
    paths = [Path(book.settings().store) / digest[:2] / digest for digest in digests]
    for path in paths:
        path.mkdir(parents=True)
    sent(book, "audio-chunk", [_chunk(number, digest) for number, digest in enumerate(digests)])
    return paths


def _chunk(number: int, digest: str) -> tuple[bytes, bytes, int]:
    video_id = f"broken-{number}"
    header = Header(video_id, 0, "audio-extractor", 0, "ok", None, 1, Options(), None, 0, False)
    chunk = AudioChunkMessage(header, AudioChunk(f"blob:{digest}", 0, 1000, [Span(0, 1000)], None, None), None)
    partition = topics.item_partition(video_id, 0, topics.AUDIO_CHUNK.partitions)
    return topics.item_key(video_id, 0), codec.encode(topics.AUDIO_CHUNK, chunk), partition


def _state(book: Book) -> str:
    agents = book.status().get("agents", [])
    return next((str(one.get("state", "")) for one in agents if one["agent"] == AGENT), "")
