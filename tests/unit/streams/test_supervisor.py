"""Starting again: soon after a death out of the blue, later and later where a worker cannot live."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from streams.settings import Settings
from streams.supervisor import FIRST_BACK_OFF_S, SOUND_AFTER_S, STEADY_AFTER_S, Child, Supervisor, read_states
from tests.pipeline import until

LIVES = (sys.executable, "-c", "import time; time.sleep(600)")
NO_ENVIRONMENT = (sys.executable, "-c", "import sys; sys.exit(75)")


class HandClock:
    """Time that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def supervised(folder: Path, clock: HandClock, command: tuple[str, ...]) -> tuple[Supervisor, Child]:
    supervisor = Supervisor(Settings(data_dir=folder, broker_url="kafka://h:1"), ("vision",), clock, command=command)
    supervisor.start()
    return supervisor, supervisor.children[0]


def dies(supervisor: Supervisor, child: Child) -> float:
    """Kill it where it lives; returns how long the supervisor waits then."""
    assert child.process is not None
    if child.process.poll() is None and LIVES[-1] in child.process.args:
        child.process.kill()
    until(lambda: bool(supervisor.poll()) and child.state == "restarting", "the death is noticed")
    return child.due_s - supervisor._clock.monotonic_s()


def test_deaths_soon_after_the_start_wait_longer_each_time_and_others_do_not(tmp_path, clock):
    supervisor, child = supervised(tmp_path, clock, LIVES)
    waits = []
    for lived_s in (1.0, 1.0, 1.0, STEADY_AFTER_S + 1, 1.0):
        clock.now_s += lived_s
        supervisor.poll()
        waits.append(dies(supervisor, child))
        clock.now_s = child.due_s
        supervisor.poll()
        assert child.state == "running"
    assert waits == [FIRST_BACK_OFF_S * factor for factor in (1, 2, 4, 1, 2)]
    assert read_states(tmp_path)["vision"]["restarts"] == 5
    supervisor.stop()
    assert read_states(tmp_path) == {}


def test_exits_for_the_environment_are_counted_until_a_worker_lived_for_a_minute(tmp_path, clock):
    supervisor, child = supervised(tmp_path, clock, NO_ENVIRONMENT)
    for number in (1, 2, 3):
        dies(supervisor, child)
        assert child.fatal == number
        clock.now_s = child.due_s
        supervisor._command = LIVES if number == 3 else NO_ENVIRONMENT
        supervisor.poll()
    clock.now_s += STEADY_AFTER_S + 1
    supervisor.poll()
    assert child.fatal == read_states(tmp_path)["vision"]["fatal"] == 3
    clock.now_s += SOUND_AFTER_S
    supervisor.poll()
    assert child.fatal == read_states(tmp_path)["vision"]["fatal"] == 0
    supervisor.stop()


def test_a_worker_that_cannot_be_started_right_now_is_tried_again(tmp_path, clock):
    in_the_way = Settings(data_dir=tmp_path).log_dir
    in_the_way.write_text("no folder")
    supervisor, child = supervised(tmp_path, clock, LIVES)
    assert (child.state, child.last_exit) == ("restarting", "not started")
    in_the_way.unlink()
    clock.now_s = child.due_s
    supervisor.poll()
    assert child.state == "running"
    supervisor.stop()


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("2026 CRITICAL clipstream.stage: No room. Free some.\nbye\n", "No room. Free some."),
        (
            '{"at":"t","level":"CRITICAL","logger":"clipstream.stage","message":"No room. Free some."}\nbye\n'
            '{"at":"t","level":"WARNING","logger":"mode","message":"bye"}\n{"cut',
            "No room. Free some.",
        ),
        ("Error: No Kafka broker answers.\n  Check that it runs.\n", "No Kafka broker answers."),
        ("2026 CRITICAL clipstream.stage: old\nTraceback\n  File x\na.b.DataError: bad\n", "a.b.DataError: bad"),
        ("Traceback\n  File x\nImportError: Install s3fs\n", "ImportError: Install s3fs"),
        ("nothing of note\n", ""),
    ],
)  # fmt: skip
def test_the_reason_of_an_exit_is_the_last_line_that_says_one(tmp_path, clock, log, why):
    leaves = (sys.executable, "-c", f"import sys; sys.stderr.write({log!r}); sys.exit(1)")
    supervisor, child = supervised(tmp_path, clock, leaves)
    dies(supervisor, child)
    assert child.reason == why
    supervisor.stop()


def test_what_another_supervisor_says_of_its_agents_stays(tmp_path, clock):
    said = {"vision": {"state": "running"}}
    (tmp_path / "agents.json").write_text(json.dumps({"supervisor": os.getppid(), "agents": said}))
    Supervisor(Settings(data_dir=tmp_path, broker_url="kafka://h:1"), (), clock).stop()
    assert read_states(tmp_path) == said
    supervisor, _ = supervised(tmp_path, clock, LIVES)
    assert set(read_states(tmp_path)) == {"vision"}
    supervisor.stop()
    assert read_states(tmp_path) == {}
