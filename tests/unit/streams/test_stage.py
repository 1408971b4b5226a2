"""The guarded loop: which error does what, with a recording publisher in place of the broker."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from processors.domain import ExtractionEnd
from processors.errors import ChildDied, Fatal, InvalidMedia, Retryable
from processors.options import Options
from schemas.messages import Control, DeadLetter, Header, TranscriptMessage, VideoIngested
from streams import codec, topics
from streams.attempts import MAX_WORKER_DEATHS, Attempts
from streams.control import Orders
from streams.dead_letters import EXIT_DEAD_LETTER_LIMIT, EXIT_FATAL, DeadLetterLimit
from streams.leaving import _before, before_leaving, exit_worker
from streams.settings import Settings
from streams.stage import UNDELIVERED, Stage
from streams.work import Output


class FakeClock:
    """Time that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


class Recorder:
    """A publisher that keeps what it is given. Deliveries of the numbers in `lost` fail."""

    def __init__(self, lost: tuple[int, ...] = ()) -> None:
        self.items: list[TranscriptMessage] = []
        self.letters: list[DeadLetter] = []
        self.lost = lost
        self.broker: asyncio.Event | None = None  # where there is one, deliveries wait for it

    async def item(self, spec: Any, header: Header, message: Any) -> asyncio.Future[None]:
        self.items.append(message)
        return asyncio.ensure_future(self._deliver(len(self.items) - 1))

    async def _deliver(self, number: int) -> None:
        if self.broker is not None:
            await self.broker.wait()
        if number in self.lost:
            raise ConnectionError("not delivered")

    async def dead_letter(self, message: DeadLetter) -> None:
        self.letters.append(message)

    async def progress(self, header: Header, **_: Any) -> None:
        return


class Scripted:
    """Logic that raises what the script says, one entry a try, after `before` outputs."""

    name = "scripted"
    source = topics.VIDEO_INGESTED

    def __init__(self, script: list[Exception | None], before: int = 0, reports_invalid: bool = True) -> None:
        self.script = script
        self.before = before
        self.reports_invalid = reports_invalid
        self.tries = 0
        self.computed = 0

    def about(self, message: VideoIngested) -> tuple[str, int | None]:
        return message.video_id or "v", message.generation

    def _output(self, index: int, status: str, error: str | None = None) -> Output[Any]:
        header = Header("v", 0, self.name, index, status, error, 1, Options(), None, 0, False)  # type: ignore[arg-type]
        return Output(topics.TRANSCRIPT, header, TranscriptMessage(header, None, ExtractionEnd(None, 0, None, [])))

    async def outputs(self, message: VideoIngested, attempt: int) -> AsyncGenerator[Output[Any], None]:
        self.tries += 1
        for index in range(self.before):
            self.computed += 1
            yield self._output(index, "ok")
        error = self.script[self.tries - 1]
        if error is not None:
            raise error

    def failed(self, message: VideoIngested, error: Exception, attempts: int, emitted: int) -> list[Output[Any]]:
        return [self._output(-1, "failed", f"{error} after {attempts}, {emitted} sent")]


@dataclass
class Raw:
    """A Kafka record."""

    value: bytes | None
    key: bytes | None = b"v"
    topic: str = "video-ingested"
    partition: int = 0
    offset: int = 7


def orders(*cancelled: Control) -> Orders:
    """Orders that were read."""
    known = Orders(Settings())
    known._read.set()
    for order in cancelled:
        known.note(order)
    return known


def run(
    script: list[Exception | None],
    raw: Raw | None = None,
    before: int = 0,
    deaths: int = 0,
    recorder: Recorder | None = None,
    **kwargs: Any,
) -> tuple:
    clock, recorder = FakeClock(), recorder or Recorder()
    logic = Scripted(script, before, **kwargs)
    settings = Settings(retries=3, retry_base_s=1.0, dead_letter_max_consecutive=1)
    valid = Raw(codec.encode(topics.VIDEO_INGESTED, VideoIngested(uri="/v.mp4", video_id="v")))
    attempts = Attempts(Path(tempfile.mkdtemp()), clock)
    dead = next(pid for pid in range(99_999, 1, -1) if not psutil.pid_exists(pid))
    if deaths:  # so many workers died at it, the last one just now
        attempts._path(valid).write_text(f"{deaths - 1} {dead} 1.0")
    stage = Stage(logic, settings, recorder, attempts, orders(), 2, clock)  # type: ignore[arg-type]
    asyncio.run(stage._handle(raw or valid))
    left = list(attempts._folder.iterdir())
    assert left == [], "an item that is through leaves no note"
    return logic, recorder, clock, stage


def test_success_publishes_and_dead_letters_nothing():
    logic, recorder, clock, _ = run([None], before=2)
    assert (logic.tries, len(recorder.items), recorder.letters, clock.slept) == (1, 2, [], [])


def test_an_output_that_is_not_delivered_is_made_again():
    logic, recorder, clock, _ = run([None, None], before=3, recorder=Recorder(lost=(1,)))
    assert (logic.tries, recorder.letters, len(clock.slept)) == (2, [], 1)
    assert [item.header.index for item in recorder.items] == [0, 1, 2, 0, 1, 2]


def test_only_what_was_delivered_without_a_gap_counts_as_sent():
    lost = (1, 4, 7, 10)  # the second of three, each time
    logic, recorder, _, _ = run([None] * 4, before=3, recorder=Recorder(lost=lost))
    assert logic.tries == 4
    assert recorder.items[-1].header.error == "not delivered after 4, 1 sent"


def test_an_event_is_not_through_before_its_outputs_are_delivered():
    async def handle() -> None:
        clock, recorder = FakeClock(), Recorder()
        recorder.broker, left = asyncio.Event(), []
        attempts = Attempts(Path(tempfile.mkdtemp()), clock)
        stage = Stage(Scripted([None], 40), Settings(), recorder, attempts, orders(), 2, clock)  # type: ignore[arg-type]
        raw = Raw(codec.encode(topics.VIDEO_INGESTED, VideoIngested(uri="/v.mp4", video_id="v")))
        handled = asyncio.ensure_future(stage._handle(raw, lambda: left.append(len(recorder.items))))
        for _ in range(200):
            await asyncio.sleep(0)
        assert (len(recorder.items), left, handled.done()) == (UNDELIVERED, [], False), "bounded without the broker"
        recorder.broker.set()
        await handled
        assert (len(recorder.items), left) == (40, [40])

    asyncio.run(handle())


def test_retryable_backs_off_with_jitter_and_recovers():
    logic, recorder, clock, _ = run([Retryable("x"), ValueError("y"), None])
    assert (logic.tries, recorder.letters) == (3, [])
    assert 0.5 <= clock.slept[0] <= 1.0
    assert 1.0 <= clock.slept[1] <= 2.0


def test_after_the_last_try_a_dead_letter_and_a_failed_record_downstream():
    logic, recorder, clock, _ = run([Retryable("x")] * 4, before=1)
    assert (logic.tries, len(clock.slept)) == (4, 3)
    assert [(letter.reason, letter.attempts, letter.offset) for letter in recorder.letters] == [("x", 4, 7)]
    assert recorder.items[-1].header.error == "x after 4, 1 sent"


def test_invalid_media_is_never_tried_again():
    logic, recorder, clock, _ = run([InvalidMedia("empty file")])
    assert (logic.tries, clock.slept) == (1, [])
    assert recorder.letters[0].error_class == "InvalidMedia"
    assert recorder.items[-1].header.status == "failed"


def test_the_second_death_of_a_child_ends_the_item():
    logic, recorder, _, _ = run([ChildDied("a"), ChildDied("b"), None, None])
    assert logic.tries == 2
    assert recorder.letters[0].error_class == "ChildDied"


def test_after_deaths_of_its_worker_an_item_is_tried_until_the_limit():
    logic, recorder, _, _ = run([None], deaths=MAX_WORKER_DEATHS - 1)
    assert (logic.tries, recorder.letters) == (1, [])
    logic, recorder, _, _ = run([None], deaths=MAX_WORKER_DEATHS)
    assert logic.tries == 0
    assert [(letter.error_class, letter.attempts) for letter in recorder.letters] == [("WorkerDied", MAX_WORKER_DEATHS)]
    assert recorder.items[-1].header.status == "failed"


def test_deaths_of_the_worker_take_no_try_from_an_item():
    logic, recorder, _, _ = run([Retryable("x")] * 3 + [None], deaths=2)
    assert (logic.tries, recorder.letters) == (4, [])


def test_fatal_is_never_swallowed_and_writes_no_dead_letter():
    with pytest.raises(Fatal):
        run([Fatal("disk")])


@pytest.mark.parametrize(("reports", "letters"), [(True, 1), (False, 0)])
def test_unreadable_messages_go_to_dead_letter_once(reports, letters):
    logic, recorder, _, _ = run([], Raw(b"{"), reports_invalid=reports)
    assert (logic.tries, len(recorder.letters), recorder.items) == (0, letters, [])


def test_the_limit_on_failures_of_valid_items_ends_the_stage():
    _, recorder, _, stage = run([Retryable("x")] * 8)
    raw = Raw(codec.encode(topics.VIDEO_INGESTED, VideoIngested(uri="/v.mp4", video_id="v")))
    with pytest.raises(DeadLetterLimit):
        asyncio.run(stage._handle(raw))
    assert len(recorder.letters) == 2  # the letter is out before the stage stops


@pytest.mark.parametrize(
    ("error", "code"),
    [(DeadLetterLimit("many"), EXIT_DEAD_LETTER_LIMIT), (Fatal("disk"), EXIT_FATAL), (KeyError("bug"), EXIT_FATAL)],
)
def test_exit_codes(error, code, monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr("os._exit", seen.append)

    def fails() -> None:
        raise OSError("no room")

    before_leaving(fails)  # keeps nobody here
    exit_worker(error)
    _before.remove(fails)
    assert seen == [code]


def test_a_later_try_that_fails_at_once_takes_nothing_back_of_what_was_sent():
    """Else the join would end at once, and begin anew with each of the items that are on their way."""

    class Vanishing(Scripted):
        async def outputs(self, message: VideoIngested, attempt: int) -> AsyncGenerator[Output[Any], None]:
            self.tries += 1
            for index in range(3 if attempt == 1 else 0):
                yield self._output(index, "ok")
            raise Retryable("the source is gone")

    recorder, logic = Recorder(), Vanishing([])
    attempts = Attempts(Path(tempfile.mkdtemp()), FakeClock())
    stage = Stage(logic, Settings(), recorder, attempts, orders(), 2, FakeClock())  # type: ignore[arg-type]
    asyncio.run(stage._handle(Raw(codec.encode(topics.VIDEO_INGESTED, VideoIngested(uri="/v.mp4", video_id="v")))))
    assert logic.tries == 4
    assert recorder.items[-1].header.error == "the source is gone after 4, 3 sent"


def handled(known: Orders, recorder: Recorder, logic: Scripted | None = None) -> Scripted:
    """The logic after an event of generation 3 under orders."""
    attempts, logic = Attempts(Path(tempfile.mkdtemp()), FakeClock()), logic or Scripted([None], 5)
    stage = Stage(logic, Settings(), recorder, attempts, known, 2, FakeClock())  # type: ignore[arg-type]
    message = VideoIngested(uri="/v.mp4", video_id="v", generation=3)
    asyncio.run(stage._handle(Raw(codec.encode(topics.VIDEO_INGESTED, message))))
    return logic


@pytest.mark.parametrize(("generation", "tries"), [(2, 1), (3, 0), (4, 0)])
def test_nothing_is_done_for_a_cancelled_generation(generation, tries):
    recorder = Recorder()
    assert handled(orders(Control("v", "cancel", 0, generation)), recorder).tries == tries
    assert (len(recorder.items), recorder.letters) == (5 * tries, [])


def test_a_job_ends_when_its_video_is_cancelled_in_the_middle():
    known = orders()

    class Cancelling(Recorder):
        async def item(self, spec: Any, header: Header, message: Any) -> Any:
            known.note(Control("v", "cancel", 0, 3))
            return await super().item(spec, header, message)

    recorder = Cancelling()
    logic = handled(known, recorder)
    assert (len(recorder.items), logic.computed) == (1, 2)
    assert recorder.letters == []


class _Ends(Scripted):
    """As the segmenter with an end: no cancelling stops it."""

    def about(self, message: VideoIngested) -> tuple[str, int | None]:
        return "v", None


@pytest.mark.parametrize(("action", "generation", "tries"), [("cancel", 3, 1), ("erase", 2, 1), ("erase", 3, 0)])
def test_an_end_is_told_of_what_is_cancelled_and_not_of_what_is_erased(action: Any, generation: int, tries: int):
    recorder = Recorder()
    logic = handled(orders(Control("v", action, 0, generation)), recorder, logic=_Ends([None], 5))
    assert (logic.tries, len(recorder.items), recorder.letters) == (tries, 5 * tries, [])


@pytest.mark.parametrize(("action", "computed"), [("cancel", 1), ("erase", 0)])
def test_an_end_that_is_computed_ends_when_its_video_is_erased(action: Any, computed: int):
    """A late part is ranked behind a result, whose tombstone is written meanwhile: it would come after that."""
    known = orders()

    class Ranking(_Ends):
        async def outputs(self, message: VideoIngested, attempt: int) -> AsyncGenerator[Output[Any], None]:
            known.note(Control("v", action, 0, 3))
            await asyncio.sleep(0)  # the job runs; one that is ended puts no document
            self.computed += 1
            yield self._output(0, "ok")

    recorder, logic = Recorder(), Ranking([])
    handled(known, recorder, logic=logic)
    assert (logic.computed, len(recorder.items), recorder.letters) == (computed, computed, [])
