"""Hundreds of records that nobody can read, and requests whose files are not there for a while."""

from __future__ import annotations

import json
import random
import shutil
from typing import Any, Final

from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import SAMPLE, alert_fires, is_final, lag, observed, sent, submit, up, without_worker
from streams import topics

# On each topic that is sent to by others or in masses; together what a broken producer sends in a minute.
GARBAGE: Final[dict[topics.TopicSpec[Any], int]] = {
    topics.VIDEO_INGESTED: 200,
    topics.AUDIO_CHUNK: 100,
    topics.TRANSCRIPT: 100,
}
MISSING: Final = 8  # requests on a share that is not mounted
REASON: Final = "InvalidMedia"


def run(book: Book) -> None:
    """See the page."""
    book.bind(REASON_WORDS=REASON)
    up(book, observed(book))
    submit(book, "before")
    _poison(book)
    share = book.folder / "share"
    book.fault(f"{MISSING} requests by another program, for files on a share that is not mounted")
    sent(book, topics.VIDEO_INGESTED.name, [_request(share / f"talk-{n}.mp4", f"talk-{n}") for n in range(MISSING)])
    submit(book, "between")
    is_final(book, "before")
    is_final(book, "between")
    book.until("every message was taken", lambda: _all_lag(book) == 0, 300)
    # a worker may have been started again because the machine was busy; what counts is that none gave up
    book.check(f"no agent gave up{_restarts(book)}", not _down(book))
    book.until("every agent has a worker", lambda: not without_worker(book), 600)
    alert_fires(book, "DeadLetterStorm", 300)

    book.run("look")
    told = book.run("kinds")[0].text
    book.check("all garbage is in one line a stage", "200" in told and "100" in told)
    letters = book.run("list-one-kind")[0].text
    book.check("one letter a stage for each file that is missing", letters.count("video-ingested:") >= MISSING)
    found = next(line.split()[0] for line in letters.splitlines() if line.startswith("video-ingested:"))
    book.bind(LETTER_ID=found)
    book.check("the letter has its message, decoded", "talk-" in book.run("show")[0].text)

    book.fault("the share is mounted")
    share.mkdir()
    for number in range(MISSING):
        shutil.copy(SAMPLE, share / f"talk-{number}.mp4")
    again = book.run("send-again")[0].text
    book.check("each message was sent again once", f"{MISSING} messages sent again" in again)
    for number in range(MISSING):
        is_final(book, f"talk-{number}")
    told = book.run("see")[0].text
    book.check("what was sent again is marked", "sent again" in told)


def _poison(book: Book) -> None:
    chance = random.Random(7)
    for spec, number in GARBAGE.items():
        book.fault(f"{number} records of random bytes on {spec.name}, as a broken producer sends")
        records = [
            (chance.randbytes(8), b"\xff" + chance.randbytes(chance.randint(1, 500)), chance.randrange(spec.partitions))
            for _ in range(number)
        ]
        sent(book, spec.name, list(records))


def _request(path: object, video_id: str) -> tuple[None, bytes, None]:
    return None, json.dumps({"uri": str(path), "video_id": video_id}).encode(), None


def _all_lag(book: Book) -> int:
    return sum(lag(book, one) for one in ("metadata", "audio-extractor", "frame-extractor", "transcriber", "joiner"))


def _down(book: Book) -> list[str]:
    return [one["agent"] for one in book.status()["agents"] if one.get("state") == "down"]


def _restarts(book: Book) -> str:
    """Agents that were started again, and why, for the transcript."""
    told = [f"{one['agent']}: {one['reason']}" for one in book.status().get("agents", []) if one.get("restarts")]
    return f" (started again: {'; '.join(told)})" if told else ""
