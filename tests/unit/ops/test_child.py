"""Children: they die with their parent, outlive the thread that asked for them, and end within limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from ops.local import child

LIMIT_S = 20.0
SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)",
]


def ready(log: Path) -> bool:
    return "ready" in child.tail(log)


def start(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    process = child.spawn(argv, log)
    assert child.wait_until(lambda: ready(log), LIMIT_S, process), child.tail(log)
    return process


def test_the_process_id_is_that_of_the_command_and_output_goes_to_the_log(tmp_path):
    log = tmp_path / "new folder" / "log"
    process = child.spawn([sys.executable, "-c", "import os; print('pid', os.getpid())"], log)
    assert process.wait(LIMIT_S) == 0
    assert log.read_text().split() == ["pid", str(process.pid)]


def test_a_command_that_is_not_there(tmp_path):
    process = child.spawn(["no-such-command-here"], tmp_path / "log")
    assert process.wait(LIMIT_S) == 127
    assert "no-such-command-here" in child.tail(tmp_path / "log")


def test_signals_that_python_ignores_are_as_usual_in_the_child(tmp_path):
    # A shell, since Python ignores SIGPIPE by itself at its start.
    process = child.spawn(["/bin/sh", "-c", "kill -PIPE $$; echo survived"], tmp_path / "log")
    assert process.wait(LIMIT_S) == -signal.SIGPIPE


def test_stop_ends_it_and_is_content_with_one_that_ended(tmp_path):
    process = start(SLEEP, tmp_path / "log")
    assert child.stop(process, LIMIT_S) == -signal.SIGTERM
    assert child.stop(process, LIMIT_S) == -signal.SIGTERM


def test_stop_kills_one_that_does_not_listen(tmp_path):
    process = start(STUBBORN, tmp_path / "log")
    assert child.stop(process, 0.2) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path):
    go = tmp_path / "go"
    code = f"import os, time\nprint('ready', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(start([sys.executable, "-c", code], tmp_path / "log")))
    thread.start()
    thread.join()
    go.touch()
    assert started[0].wait(LIMIT_S) == 0  # -15 where the thread's end had been taken for the parent's


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
@pytest.mark.parametrize(("argv", "number"), [(SLEEP, signal.SIGTERM), (STUBBORN, signal.SIGKILL)])
def test_a_child_dies_with_its_parent(tmp_path, argv, number):
    code = (
        "import signal, sys, time; from pathlib import Path; from ops.local import child\n"
        f"log, number = Path({str(tmp_path / 'log')!r}), signal.Signals({int(number)})\n"
        f"process = child.spawn({argv!r}, log, death_signal=number)\n"
        "print(process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert child.wait_until(lambda: ready(tmp_path / "log"), LIMIT_S)
        parent.kill()
        parent.wait(LIMIT_S)
    assert child.wait_until(lambda: not child.is_ours(pid, "time.sleep(600)"), LIMIT_S)


def test_a_parent_that_is_gone_already_starts_nothing(tmp_path):
    wrapper = Path(child.__file__).with_name("exec_child.py")
    marker = tmp_path / "started"
    not_its_parent = str(os.getppid())
    command = [sys.executable, str(wrapper), not_its_parent, "15", "5", "--", "touch", str(marker)]
    assert subprocess.run(command, timeout=LIMIT_S).returncode == 0
    assert not marker.exists()


def test_a_child_gives_way_as_far_as_asked(tmp_path):
    said = [sys.executable, "-c", "import os; print(os.nice(0))"]
    for niceness in (0, 5):
        process = child.spawn(said, tmp_path / f"{niceness}.log", niceness=niceness)
        assert process.wait(LIMIT_S) == 0
        assert (tmp_path / f"{niceness}.log").read_text().strip() == str(min(19, os.nice(0) + niceness))


def test_a_leftover_is_ended_by_pid_and_marker_only(tmp_path):
    process = start([*SLEEP, "marker-abc"], tmp_path / "log")
    assert not child.stop_leftover(process.pid, "marker-xyz", LIMIT_S)
    assert psutil.pid_exists(process.pid)
    assert child.stop_leftover(process.pid, "marker-abc", LIMIT_S)
    assert process.poll() is not None
    assert not child.stop_leftover(process.pid, "marker-abc", LIMIT_S)


def test_a_long_log_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "_OUTPUT_LIMIT_BYTES", 10)
    log = tmp_path / "log"
    log.write_text("something long")
    child.spawn([sys.executable, "-c", "print('new')"], log).wait(LIMIT_S)
    assert (log.read_text(), (tmp_path / "log.1").read_text()) == ("new\n", "something long")


def test_tail_gives_the_last_lines(tmp_path):
    log = tmp_path / "log"
    assert child.tail(log) == ""
    log.write_text("\n".join(map(str, range(100_000))))
    assert child.tail(log, 2) == "99998\n99999"
