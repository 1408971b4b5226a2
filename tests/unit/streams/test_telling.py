"""Progress is thinned out, and nothing of it is lost while the worker lives."""

from __future__ import annotations

import asyncio

import faust

import streams.publisher
from processors.options import Options
from schemas.messages import Header, Progress
from streams.progress import VideoProgress
from streams.publisher import Publisher
from streams.settings import Settings
from streams.telling import EACH_S, Teller


class Time:
    """Time that the test moves; sleepers wake when it has passed them."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.moved = asyncio.Condition()

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        until = self.now_s + seconds
        async with self.moved:
            await self.moved.wait_for(lambda: self.now_s >= until)

    async def pass_(self, seconds: float) -> None:
        await _settle()
        async with self.moved:
            self.now_s += seconds
            self.moved.notify_all()
        await _settle()


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def record(index: int, video_id: str = "v", status: str = "running", **fields: int | None) -> Progress:
    plain = {"generation": 0, "done": 1, "total": None, "position_ms": None, **fields}
    return Progress(video_id=video_id, stage="transcriber", index=index, status=status, note=None, at_ms=1, **plain)


async def test_the_first_of_a_video_goes_out_at_once_and_the_others_together_within_a_second():
    sent: list[Progress] = []
    time = Time()
    teller = Teller(_into(sent), time)
    for index in range(5):
        await teller.tell(record(index, position_ms=1_000 * (5 - index)))
    await teller.tell(record(0, video_id="w"))
    assert [(one.video_id, one.index, one.also) for one in sent] == [("v", 0, []), ("w", 0, [])]
    await time.pass_(EACH_S)
    assert [(one.index, one.also, one.position_ms) for one in sent[2:]] == [(4, [1, 2, 3], 4_000)]
    await time.pass_(EACH_S)
    await teller.tell(record(5))
    assert (sent[-1].index, len(sent)) == (5, 4), "after a pause at once again"


async def test_ends_and_failures_take_along_what_was_kept():
    sent: list[Progress] = []
    teller = Teller(_into(sent), Time())
    for one in (record(0), record(1), record(-1, status="ok", total=3), record(2), record(3, status="failed")):
        await teller.tell(one)
    assert [(one.index, one.also) for one in sent] == [(0, []), (-1, [1]), (3, [2])]
    video = VideoProgress("v")
    for one in sent:
        video.update(one)
    stage = video.stages["transcriber"]
    assert (stage.done, stage.total, stage.ended) == (4, 3, True)


async def test_what_is_kept_goes_out_before_the_worker_stops():
    sent: list[Progress] = []
    time = Time()
    app = faust.App("last-words", autodiscover=False)
    publisher = Publisher(app, Settings(), "transcriber", time)
    publisher._teller._send = _into(sent)
    for index in (0, 1, -1, 2, 3):  # an end record has nothing to compute, and overtakes the last items
        status = "ok" if index < 0 else "running"
        await publisher.progress(header(index), done=1, total=4 if index < 0 else None, status=status)
    assert [(one.index, one.also) for one in sent] == [(0, []), (-1, [1])]
    await app.on_before_shutdown.send()
    assert [(one.index, one.also) for one in sent[2:]] == [(3, [2])]
    video = VideoProgress("v")
    for one in sent:
        video.update(one)
    assert video.summary() == "speech 4/?"


async def test_a_broker_that_hangs_does_not_keep_the_worker_from_stopping(monkeypatch):
    monkeypatch.setattr(streams.publisher, "_LAST_WORDS_S", 0.01)
    app = faust.App("last-words", autodiscover=False)
    publisher = Publisher(app, Settings(), "transcriber", Time())
    for index in (0, 1):
        publisher._teller._send = _into([]) if index == 0 else _hang
        await publisher.progress(header(index), done=1)
    await app.on_before_shutdown.send()


async def _hang(_: Progress) -> None:
    await asyncio.Event().wait()


def header(index: int) -> Header:
    return Header("v", 0, "transcriber", index, "ok", None, 1, Options(), None, 0, cached=False)


async def test_a_broker_that_is_away_ends_nothing():
    async def fail(_: Progress) -> None:
        raise ConnectionError("away")

    sent: list[Progress] = []
    time = Time()
    teller = Teller(_into(sent), time)
    await teller.tell(record(0))
    await teller.tell(record(1))
    teller._send = fail
    await time.pass_(EACH_S)
    teller._send = _into(sent)
    await teller.tell(record(2))
    await time.pass_(EACH_S)
    assert [one.index for one in sent] == [0, 2]


def _into(sent: list[Progress]):
    async def send(one: Progress) -> None:
        sent.append(one)

    return send
