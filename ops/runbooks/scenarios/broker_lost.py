"""Kafka killed under a video, then everything killed at once, then Kafka's folder lost."""

from __future__ import annotations

import os
import signal

from ops.local.cluster import read_cluster
from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import SAMPLE, is_final, submit, up, video
from streams.cli.up_note import read_up

# A Kafka that was killed is ready some 12 s later (`LocalCluster.revive`), on a busy machine a few times that.
BACK_LIMIT_S = 300.0


def run(book: Book) -> None:
    """See the page."""
    book.bind(DATA_DIR=book.data, VIDEO_FILE=SAMPLE, VIDEO_ID="again")
    up(book)
    submit(book, "under-way")
    book.until("the video is under way", lambda: video(book, "under-way") == "running", 300)
    before = read_cluster(book.data)
    assert before is not None
    book.fault("kill -9 of Kafka")
    os.kill(before.pids["kafka"], signal.SIGKILL)
    told = book.run("look", code=None)[0].text
    book.check("status says what is wrong with Kafka", "Kafka is just starting, restarting or stopping" in told)
    book.until("Kafka is back without anybody's help", lambda: read_cluster(book.data) is not None, BACK_LIMIT_S)
    after = read_cluster(book.data)
    book.check("at the same address", after is not None and after.broker_url == before.broker_url)
    is_final(book, "under-way")
    book.run("see")

    note = read_up(book.data)
    assert note is not None
    submit(book, "all-killed")
    book.fault("kill -9 of `clipstream up` as soon as that is acknowledged, and with it of everything")
    os.kill(note.pid, signal.SIGKILL)
    book.until("nothing runs any more", lambda: not book.processes(), 30)
    told = book.run("look", code=None)[0].text
    book.check("status says that none runs", "clipstream up" in told)
    book.run("start")
    is_final(book, "all-killed")

    book.run("stop")
    book.fault("Kafka's folder is lost")
    book.run("put-aside")
    book.run("start")
    book.check("nothing is known of videos any more", not book.status().get("videos", [None]))
    book.run("send-again")
    is_final(book, "again")
