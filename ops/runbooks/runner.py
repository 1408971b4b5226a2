"""Runs a runbook: its scenario sets the trouble up, the commands come out of the page, and a transcript is kept.

A scenario is `ops/runbooks/scenarios/NAME.py` with `def run(book: Book) -> None`. It has a data folder of its own, so
an embedded cluster of its own; what it and the page's commands start is ended when it is through, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka.errors import KafkaError

from ops.local.cluster import read_cluster
from ops.runbooks import page as pages
from ops.runbooks.page import Command, Page, PageWrong, call_of
from ops.runbooks.transcript import PROJECT, Transcript
from processors.errors import ClipstreamError
from streams.cli.status import gathered
from streams.clock import SYSTEM_CLOCK, Clock
from streams.settings import PREFIX, Settings
from streams.supervisor import clipstream_command

# A command of an operator; the first start of a cluster on a busy machine takes half of that.
LIMIT_S: Final = 180.0
_POLL_S: Final = 0.5
_PAUSE_SHARE: Final = 2.0  # of the time that a question took
_STATUS_LIMIT_S: Final = 90.0  # a broker that is going takes the question and gives no answer
_KEPT_SETTINGS: Final = frozenset({f"{PREFIX}CACHE_DIR"})
_COLUMNS: Final = "120"  # of tables in transcripts


class NotHere(Exception):
    """A scenario needs what this machine does not have."""


class ScenarioFailed(AssertionError):
    """A command or a check of a runbook did not do what it must."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command said.

    Attributes:
        code: of its exit.
        out: standard output.
        err: standard error.
    """

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both."""
        return self.out + self.err

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


class Book:
    """What a scenario works with.

    Args:
        page: the runbook.
        folder: empty; the data folder lies in it, and commands run in it.
        transcript: hears everything.
        clock: for waiting.
        patient: whether to wait for alerts, which takes minutes.

    Attributes:
        data: CLIPSTREAM_DATA_DIR of all commands; a scenario may set it before the first one.
        environment: more variables of all commands.
        clipstream: what `clipstream` is in commands.
    """

    def __init__(
        self, page: Page, folder: Path, transcript: Transcript, clock: Clock = SYSTEM_CLOCK, *, patient: bool = True
    ) -> None:
        self.page, self.folder, self.patient = page, folder, patient
        self.data = folder / "data"
        self.environment: dict[str, str] = {}
        self.clipstream: Sequence[str] = clipstream_command()
        self._transcript, self._clock = transcript, clock
        self._values: dict[str, str] = {}
        self._run: set[str] = set()
        self._started: list[subprocess.Popen[bytes]] = []
        self._calls = 0

    def bind(self, **values: object) -> None:
        """Give values to placeholders of the page, like VIDEO_ID."""
        self._values.update({name: str(value) for name, value in values.items()})

    def run(self, step: str, *, code: int | None = 0, limit_s: float = LIMIT_S) -> list[Output]:
        """Run a block of the page, one command after the other.

        Args:
            step: name of the block.
            code: that every command must end with; None for any.
            limit_s: for each command.

        Returns:
            What each said; of one in the background nothing.

        Raises:
            ScenarioFailed: a command ended with another code, too late, or did not print what the page shows.
            PageWrong: there is no such block, or a placeholder has no value.
        """
        if step not in self.page.steps:
            raise PageWrong(f"{self.page.name} has no block '{step}'.")
        self._run.add(step)
        self._transcript.step(step)
        return [self._command(command, code, limit_s) for command in self.page.steps[step]]

    def set_up(self, text: str, *, code: int | None = 0, limit_s: float = LIMIT_S) -> Output:
        """Run a command that is not the page's: it makes the trouble, or what is there before it."""
        self._transcript.fault(text)
        return self._call(text, code, limit_s)

    def fault(self, text: str) -> None:
        """Note what the scenario does to the system by other means."""
        self._transcript.fault(text)

    def check(self, what: str, condition: bool) -> None:
        """Something that must hold.

        Raises:
            ScenarioFailed: it does not.
        """
        self._transcript.check(what, condition)
        if not condition:
            raise ScenarioFailed(f"{self.page.name}: {what}")

    def until(self, what: str, condition: Callable[[], bool], limit_s: float = 60.0) -> None:
        """Something that must hold within a limit.

        Raises:
            ScenarioFailed: it does not.
        """
        asked_s = self._clock.monotonic_s()
        deadline_s = asked_s + limit_s
        while not (held := condition()) and (now_s := self._clock.monotonic_s()) < deadline_s:
            # a question that costs much on a busy machine is asked seldom there
            time.sleep(max(_POLL_S, _PAUSE_SHARE * (now_s - asked_s)))
            asked_s = self._clock.monotonic_s()
        self.check(what, held)

    def ask(self, text: str) -> Output:
        """Run a command for its answer alone: it is not in the transcript."""
        return self._call(text, None, LIMIT_S, told=False)

    def status(self) -> dict[str, Any]:
        """What `clipstream status --json` says; empty while it cannot say anything.

        Asked from here, since a scenario asks again and again: a command takes 2 s of processor time for its start.
        """
        try:
            return asyncio.run(asyncio.wait_for(gathered(self.settings()), _STATUS_LIMIT_S))
        except (ClipstreamError, KafkaError, TimeoutError):
            return {}

    def settings(self, **changes: Any) -> Settings:
        """Settings of the cluster that runs in the data folder."""
        running = read_cluster(self.data)
        found = running.addresses() if running is not None else {}
        return Settings(data_dir=self.data, **{**found, **changes})

    def processes(self) -> list[psutil.Process]:
        """Everything that works for the data folder."""
        return list(_working_for(self.data))

    def unused(self) -> list[str]:
        """Blocks of the page that were not run."""
        return [step for step in self.page.steps if step not in self._run]

    def end(self) -> None:
        """End what was started, in order where that is possible."""
        for process in self._started:
            process.terminate()
        self.ask("clipstream down")
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10.0)
            process.kill()
            process.wait()
        for left in self.processes():
            with contextlib.suppress(psutil.Error):
                left.kill()

    def _command(self, command: Command, code: int | None, limit_s: float) -> Output:
        text = command.bound(self._values)
        self._transcript.command(text)
        output = self._call(text, code, limit_s)
        missing = command.missing_in(output.text)
        if missing is not None:
            self.check(f"`{text}` prints `{missing.strip()}`, as the page says", False)
        return output

    def _call(self, text: str, code: int | None, limit_s: float, *, told: bool = True) -> Output:
        call = call_of(text)
        self._calls += 1
        paths = [self.folder / f"{self._calls}.{kind}" for kind in ("out", "err")]
        # files, not pipes: what a command leaves running in the background would hold a pipe open
        with paths[0].open("wb") as out, paths[1].open("wb") as err:
            process = subprocess.Popen(
                [*self._program(call.words[0]), *call.words[1:]],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={**self._environment(), **call.environment},
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        if call.background:
            self._started.append(process)
            return Output(0, "", "")
        late = False
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            late = True
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output = Output(process.returncode, *(path.read_text(errors="replace") for path in paths))
        if told:
            self._transcript.output(output.text)
        if late and (told or code is not None):
            self.check(f"`{text}` ends within {limit_s:.0f} s", False)
        if code is not None and output.code != code:
            self.check(f"`{text}` ends with {code}, not {output.code}", False)
        return output

    def _program(self, name: str) -> Sequence[str]:
        return {"clipstream": self.clipstream, "python": [sys.executable]}.get(name, [name])

    def _environment(self) -> dict[str, str]:
        known = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX) or name in _KEPT_SETTINGS
        }
        ours = {f"{PREFIX}DATA_DIR": str(self.data), "COLUMNS": _COLUMNS, "NO_COLOR": "1"}
        return known | ours | self.environment


def run(name: str, transcripts: Path, *, clock: Clock = SYSTEM_CLOCK, patient: bool = True) -> None:
    """Run one runbook and write its transcript, if all held.

    Args:
        name: of the page.
        transcripts: folder for NAME.txt.
        clock: tells the seconds.
        patient: whether to wait for alerts, which takes minutes.

    Raises:
        ScenarioFailed: something did not hold, or a block of the page was not run.
        PageWrong: the page is not of the agreed form.
        NotHere: it cannot be run on this machine.
    """
    page = pages.read(name)
    scenario = importlib.import_module(f"ops.runbooks.scenarios.{name.replace('-', '_')}")
    started_s = clock.monotonic_s()
    with tempfile.TemporaryDirectory(prefix="clipstream-runbook-") as folder:
        transcript = Transcript(lambda: clock.monotonic_s() - started_s, _hidden(Path(folder)))
        book = Book(page, Path(folder), transcript, clock, patient=patient)
        try:
            scenario.run(book)
        finally:
            book.end()
        book.check("every command of the page was run", not book.unused())
        book.until("nothing is left running", lambda: not book.processes(), 10)
    transcripts.mkdir(parents=True, exist_ok=True)
    (transcripts / f"{name}.txt").write_text(transcript.text(), encoding="utf-8")


def _hidden(folder: Path) -> Mapping[str, str]:
    cache = Settings().cache_dir
    return {
        str(folder / "data"): "<data>",
        str(folder): "<folder>",
        str(PROJECT): "<project>",
        str(cache): "<cache>",
        sys.prefix: "<python>",
        os.uname().nodename: "<host>",
    }


def _working_for(data: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            used = process.environ().get(f"{PREFIX}DATA_DIR")
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE and used == str(data):
                yield process


__all__ = ["LIMIT_S", "Book", "NotHere", "Output", "ScenarioFailed", "run"]
