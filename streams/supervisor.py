"""Keeps a set of workers running: starts them, restarts what dies with back-off, stops them in order."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ops.local.alive import lives
from ops.local.child import spawn
from ops.local.info import write_json
from streams.clock import Clock
from streams.dead_letters import EXIT_DEAD_LETTER_LIMIT, EXIT_FATAL
from streams.logs import log_path
from streams.reading import to_environment
from streams.settings import Settings

FIRST_BACK_OFF_S: Final = 0.5
MAX_BACK_OFF_S: Final = 30.0
# Alive that long, a worker's next death counts as its first: one that cannot work dies while it starts (5 s, with
# models up to 20). With 60 s, a worker that others killed every minute waited for half a minute each time.
STEADY_AFTER_S: Final = 20.0
SOUND_AFTER_S: Final = 60.0  # alive that long, its environment is no longer to blame for earlier exits
STOP_LIMIT_S: Final = 10.0
# Broker and gateway answer somebody, and what computes can wait for them: beside one of them it has a tenth of a core.
# 95 % of 200 submissions at once are answered in 125 to 140 ms (with 5 in 290 to 370). With 15 the first result of a
# film of 3 minutes comes at 40 to 43 % of its time instead of 36 to 40: `give_way` then has 4 steps left of its 10.
WORKER_NICENESS: Final = 10
_LOG_TAIL_BYTES: Final = 8_192
GATEWAY: Final = "gateway"  # no agent: a command of its own
STATES_FILE: Final = "agents.json"  # in the state folder, for `status`
# What a stage said, what the command line said before there was a stage, and the end of a trace.
_WHY: Final = re.compile(r"(?: CRITICAL clipstream\.stage: |^Error: |^(?=(?:\w+\.)*\w*(?:Error|Exception): ))(.*)")

State = Literal["starting", "running", "restarting", "stopped", "down"]


@dataclass(slots=True)
class Child:
    """One supervised worker."""

    agent: str
    instance: str
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    restarts: int = 0
    back_off_s: float = FIRST_BACK_OFF_S
    due_s: float = 0.0
    state: State = "stopped"
    last_exit: str = ""
    reason: str = ""  # of the last exit, from its log
    fatal: int = 0  # exits in a row with the environment to blame
    log: Path = field(default_factory=Path)


class Supervisor:
    """Runs workers as child processes of this one, which die with it.

    Args:
        settings: handed to the workers through their environment.
        agents: names, in the order of the flow; each gets one worker.
        clock: monotonic time for back-off.
        copies: how many workers an agent gets where it is not one.
        command: how to start this program; None for `clipstream` itself.
    """

    def __init__(
        self,
        settings: Settings,
        agents: tuple[str, ...],
        clock: Clock,
        *,
        copies: Mapping[str, int] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._copies = copies or {}
        self._command = command or clipstream_command()
        self.children: list[Child] = []
        self._note(agents)

    def start(self) -> None:
        """Start every worker."""
        for child in self.children:
            self._start(child)
        self._write_states()

    def add(self, agents: tuple[str, ...]) -> None:
        """Start workers of agents that have none here."""
        for child in self._note(agents):
            self._start(child)
        self._write_states()

    def poll(self) -> list[Child]:
        """Notice deaths and start again what is due; returns those whose state changed."""
        before = [(child.state, child.restarts, child.fatal) for child in self.children]
        now = self._clock.monotonic_s()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, child.process.returncode, now)
            elif child.state == "restarting" and now >= child.due_s:
                child.restarts += 1
                self._start(child)
            elif child.state == "running" and now - child.started_s > STEADY_AFTER_S:
                child.back_off_s = FIRST_BACK_OFF_S
                child.fatal = 0 if now - child.started_s > SOUND_AFTER_S else child.fatal
        changed = [
            child
            for child, known in zip(self.children, before, strict=True)
            if known != (child.state, child.restarts, child.fatal)
        ]
        if changed:
            self._write_states()
        return changed

    def stop(self) -> None:
        """Stop all workers in the order of the flow: first those that make work, last those that finish it."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            assert child.process is not None
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGTERM)
        deadline = self._clock.monotonic_s() + STOP_LIMIT_S
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, deadline - self._clock.monotonic_s()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.process, child.state = None, "stopped"
        # not that of another one: `process` beside `up` keeps nothing, and ends first
        if (_note_of(self._settings.data_dir) or {}).get("supervisor") == os.getpid():
            with contextlib.suppress(OSError):
                (self._settings.data_dir / STATES_FILE).unlink()

    def _write_states(self) -> None:
        states = {
            child.agent: {
                "state": child.state,
                "restarts": child.restarts,
                "last_exit": child.last_exit,
                "reason": child.reason,
                "fatal": child.fatal,
            }
            for child in self.children
        }
        with contextlib.suppress(OSError):  # a full disk is told by the agents themselves
            write_json(self._settings.data_dir / STATES_FILE, {"supervisor": os.getpid(), "agents": states})

    def _note(self, agents: tuple[str, ...]) -> list[Child]:
        present = {child.agent for child in self.children}
        new = [
            Child(agent, str(number), log=log_path(self._settings.log_dir, agent, str(number)))
            for agent in agents
            if agent not in present
            for number in range(1, self._copies.get(agent, 1) + 1)
        ]
        self.children += new
        return new

    def _start(self, child: Child) -> None:
        words = [GATEWAY] if child.agent == GATEWAY else ["worker", child.agent, "--instance", child.instance]
        command = [*self._command, *words]
        environment = {**os.environ, **to_environment(self._settings)}
        niceness = 0 if child.agent == GATEWAY else WORKER_NICENESS
        # killed, not asked: when this process is killed the broker ends too, and a worker that waits for it never stops
        child.started_s = self._clock.monotonic_s()
        try:
            child.process = spawn(command, child.log, environment, death_signal=signal.SIGKILL, niceness=niceness)
        except OSError as error:  # no memory or no room right now: as if it had died at once
            child.last_exit, child.reason = "not started", str(error)
            self._later(child, child.started_s)
            return
        child.state = "running"

    def _died(self, child: Child, code: int, now: float) -> None:
        child.process = None
        child.last_exit = signal.Signals(-code).name if code < 0 else f"exit {code}"
        child.reason = _last_words(child.log) if code > 0 else ""
        child.fatal = child.fatal + 1 if code == EXIT_FATAL else 0
        if code == EXIT_DEAD_LETTER_LIMIT:
            child.state = "down"  # it stopped itself since everything fails: starting it again would only go on so
            return
        self._later(child, now)

    def _later(self, child: Child, now: float) -> None:
        child.state = "restarting"
        child.due_s = now + child.back_off_s
        child.back_off_s = min(MAX_BACK_OFF_S, child.back_off_s * 2)


def _last_words(log: Path) -> str:
    """Why a worker left: the last line of its log that says so; empty without one."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        if line.startswith("{"):
            if why := _critical(line):
                return why
        elif found := _WHY.search(line):
            return found[1].strip()
    return ""


def _critical(line: str) -> str:
    """What a stage said as it left, in a line of JSON; empty in any other line."""
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    is_why = told.get("level") == "CRITICAL" and told.get("logger") == "clipstream.stage"
    return str(told.get("message", "")).strip() if is_why else ""


def supervisor_of(data_dir: Path) -> int | None:
    """The process that keeps the workers, whose parent it is; None where none ever said so."""
    found = (_note_of(data_dir) or {}).get("supervisor")
    return found if isinstance(found, int) else None


def read_states(data_dir: Path) -> dict[str, dict[str, Any]]:
    """What a supervisor that runs on this host says of its agents, by name; empty without one."""
    note = _note_of(data_dir)
    try:
        if note is None or not isinstance(note["supervisor"], int):
            return {}
        if not lives(note["supervisor"]):
            return {}
        states: dict[str, dict[str, Any]] = note["agents"]
    except KeyError:
        return {}
    return states


def _note_of(data_dir: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((data_dir / STATES_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def clipstream_command() -> list[str]:
    """How to start this program again; the command line of a worker then reads `clipstream worker NAME`."""
    script = Path(sys.executable).with_name("clipstream")
    if script.exists():
        return [sys.executable, str(script)]
    found = shutil.which("clipstream")
    return [found] if found else [sys.executable, "-m", "streams.cli.main"]
