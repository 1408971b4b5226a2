"""The embedded cluster as users meet it: two runs at a time, a full disk, a supervisor that is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from ops.local.ports import choose_port
from ops.runbooks.runner import NotHere
from ops.runbooks.small_disk import small_disk as mounted_disk
from streams.cli.whole import app
from tests import media
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]


def start(state: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    known = {name: value for name, value in os.environ.items() if name != "CLIPSTREAM_DATA_DIR"}
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**known, "CLIPSTREAM_DATA_DIR": str(state), **environment},
    )


def ended(process: subprocess.Popen[str], limit_s: float = 200) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=limit_s)
    return process.returncode, out, err


def of_folder(state: Path) -> list[psutil.Process]:
    """Every living process that works for a state folder, or for one below it."""
    found = []
    for process in psutil.process_iter():
        try:
            used = process.environ().get("CLIPSTREAM_DATA_DIR")
            if (
                process.pid != os.getpid()
                and used
                and process.status() != psutil.STATUS_ZOMBIE
                and Path(used).is_relative_to(state)
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Iterator[None]:
    """What a failed test left running would disturb the others."""
    yield
    for process in of_folder(tmp_path):
        with contextlib.suppress(psutil.Error):
            process.kill()


def test_two_runs_at_once_share_one_cluster_and_one_set_of_agents(tmp_path, sample):
    other = media.MAKERS["audio_only"](tmp_path)
    runs = [start(tmp_path / "state", "process", str(video), "--json") for video in (sample, other)]
    outcomes = [ended(run) for run in runs]
    for code, out, err in outcomes:
        assert code == 0, err
        assert json.loads(out)["results"][0]["status"] == "final"
    said = "".join(err for _, _, err in outcomes)
    assert said.count("Starting the agents") == 1
    assert "died" not in said
    assert of_folder(tmp_path / "state") == []


@contextlib.contextmanager
def file_system(folder: Path, size: str) -> Iterator[Path]:
    """A file system of that size, in memory; it needs the right to mount."""
    try:
        with mounted_disk(folder, size) as disk:
            yield disk
    except NotHere as error:
        pytest.skip(str(error))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a few blobs only."""
    with file_system(tmp_path / "disk", "600k") as folder:
        yield folder


def test_a_full_disk_ends_the_run_with_the_reason_and_nothing_is_lost(tmp_path, sample, small_disk):
    state, store = tmp_path / "state", str(small_disk / "blobs")
    code, _, err = ended(start(state, "process", str(sample), CLIPSTREAM_STORE_URL=store))
    assert code == 1
    assert "Error: No room left" in err
    assert "clipstream gc" in err
    assert "Traceback" not in err
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    code, out, err = ended(start(state, "process", str(sample), "--json", CLIPSTREAM_STORE_URL=store))
    assert code == 0, err
    assert json.loads(out)["results"][0]["status"] == "final"
    assert of_folder(state) == []


@pytest.fixture
def disk_for_a_start(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for an embedded cluster and little more."""
    with file_system(tmp_path / "disk", "60m") as folder:
        yield folder


def test_a_disk_that_fills_under_kafka_ends_the_run_with_the_reason(sample, disk_for_a_start):
    state = disk_for_a_start / "state"
    run = start(state, "process", str(sample), "--fresh")
    until(lambda: worker_of(state, "transcriber") is not None, "the agents run", 200)
    frozen = worker_of(state, "transcriber")
    assert frozen is not None
    frozen.suspend()  # so that the run does not end before
    with contextlib.suppress(OSError), (disk_for_a_start / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(2**16)):
            pass
    code, _, err = ended(run)
    assert code == 1
    assert "No room left" in err
    assert "Traceback" not in err
    assert of_folder(state) == []


def worker_of(state: Path, agent: str) -> psutil.Process | None:
    """The process of an agent."""
    for process in of_folder(state):
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[-4:-2] == ["worker", agent]:
                return process
    return None


def test_down_ends_what_waits_for_kafka_and_a_restart_does_not(tmp_path, sample):
    state = tmp_path / "state"
    ups = [start(state, "up", "--detach") for _ in range(2)]
    told = [ended(up) for up in ups]
    assert [code for code, _, _ in told] == [0, 0], told
    assert all("Kafka kafka://" in err for _, _, err in told)
    frozen = worker_of(state, "transcriber")
    assert frozen is not None
    frozen.suspend()  # so that the run does not end before
    tail = start(state, "topics", "tail", "progress", "--follow")
    waiting = [start(state, "process", str(sample), "--fresh"), start(state, "results", "--follow"), tail]
    assert tail.stdout is not None
    video_id = json.loads(tail.stdout.readline())["video_id"]  # by now the run is under way
    os.kill(json.loads((state / "cluster.json").read_text())["pids"]["kafka"], signal.SIGKILL)
    _, _, err = ended(start(state, "results", "nobody", "--wait", "100"))
    assert "Nothing is known of video 'nobody'" in err
    waiting.append(start(state, "results", video_id, "--wait", "100"))
    code, _, err = ended(start(state, "down"))
    assert (code, err) == (0, "Stopped.\n")
    for process in waiting:
        code, _, err = ended(process)
        assert code == 1
        assert "Traceback" not in err
    until(lambda: of_folder(state) == [], "all have ended")
    assert not [log for log in (state / "logs").glob("*.log") if b"\x1b" in log.read_bytes()]


@pytest.mark.parametrize("ends", ["down", "interrupt"])
def test_an_up_that_is_still_starting_can_be_stopped(tmp_path, monkeypatch, ends):
    state = tmp_path / "state"
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(state))
    up = start(state, "up", "--detach")
    until((state / "children.json").exists, "Kafka is starting", 200)
    if ends == "down":
        # within this process: on a busy machine a new one takes longer to start than Kafka and the agents
        down = CliRunner().invoke(app, ["down"])
        assert (down.exit_code, down.stderr) == (0, "Stopped.\n")
    else:
        up.send_signal(signal.SIGINT)
    code, _, err = ended(up)
    assert code != 0
    assert "Traceback" not in err
    assert of_folder(state) == []


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path):
    state = tmp_path / "state"
    code, _, err = ended(start(state, "up", "--detach"))
    assert code == 0, err
    supervisor = int((state / "supervisor.pid").read_text().split()[0])
    until(lambda: len(of_folder(state)) > 7, "the agents run", 150)
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: of_folder(state) == [], "all have ended")
    port = choose_port(None, "a gateway")
    # what was left behind in files does not disturb
    code, _, err = ended(start(state, "up", "--detach", "--gateway", CLIPSTREAM_GATEWAY_PORT=str(port)))
    assert code == 0, err
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).json()["ready"]  # at once: it was waited for
    code, _, err = ended(start(state, "down"))
    assert code == 0, err
    until(lambda: of_folder(state) == [], "all have ended")
