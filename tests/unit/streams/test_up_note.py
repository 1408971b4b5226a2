"""An `up` is known, and can be stopped, from the moment that it is started."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

import psutil
import pytest

from processors.errors import ClipstreamError
from streams.cli import background
from streams.cli.background import Detached, stop_up
from streams.cli.up_note import NOTE_FILE, Up, forget_up, note_up, one_at_a_time, read_up
from streams.settings import Settings
from tests.pipeline import until

STARTS_FOR_EVER = (sys.executable, "-c", "print('Downloading', flush=True); import time; time.sleep(600)")
FAILS = (sys.executable, "-c", "print('Error: no network'); raise SystemExit(1)")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def starting(settings, monkeypatch) -> Iterator[Detached]:
    """A detached `up` that is not ready yet."""
    monkeypatch.setattr(background, "clipstream_command", lambda: STARTS_FOR_EVER)
    detached = Detached(settings)
    detached.start([])
    assert detached.process is not None
    yield detached
    detached.process.kill()
    detached.process.wait()


def test_the_note_says_how_far_it_is_and_another_process_is_not_taken_for_it(tmp_path):
    assert read_up(tmp_path) is None
    note_up(tmp_path, os.getpid(), "starting")
    assert read_up(tmp_path) == Up(os.getpid(), "starting")
    note_up(tmp_path, os.getpid(), "running")
    assert read_up(tmp_path) == Up(os.getpid(), "running")
    (tmp_path / NOTE_FILE).write_text(f"{os.getpid()} 1.0 running")
    assert read_up(tmp_path) is None
    note_up(tmp_path, os.getpid(), "running")
    forget_up(tmp_path, os.getpid() + 1)
    assert read_up(tmp_path) is not None
    forget_up(tmp_path, os.getpid())
    assert not (tmp_path / NOTE_FILE).exists()


def test_two_do_not_note_themselves_at_once(tmp_path):
    with one_at_a_time(tmp_path), pytest.raises(ClipstreamError), one_at_a_time(tmp_path):
        pass
    with one_at_a_time(tmp_path):
        pass


def test_one_that_is_still_starting_can_be_stopped(settings, starting):
    pid = starting.process.pid
    assert read_up(settings.data_dir) == Up(pid, "starting")
    stop_up(settings, pid)
    assert not psutil.pid_exists(pid)
    assert read_up(settings.data_dir) is None


def test_an_interrupt_before_it_is_accompanied_ends_it_too(settings, starting, capfd):
    with pytest.raises(KeyboardInterrupt), starting:
        raise KeyboardInterrupt
    assert starting.process.returncode is not None
    assert read_up(settings.data_dir) is None
    assert "stopping what was started" in capfd.readouterr().err


def test_one_that_cannot_be_noted_is_ended(settings, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(background, "clipstream_command", lambda: STARTS_FOR_EVER)
    monkeypatch.setattr(background, "note_up", full)
    detached = Detached(settings)
    with pytest.raises(OSError, match="No space"), detached:
        detached.start([])
    assert detached.process is not None
    assert detached.process.returncode is not None


def test_one_that_runs_stays_when_it_is_left(settings, starting):
    note_up(settings.data_dir, starting.process.pid, "running")
    with starting:
        starting.accompany()
    assert starting.process.poll() is None


def test_what_it_says_is_told_and_an_interrupt_ends_it(settings, starting, monkeypatch, capfd):
    log = settings.log_dir / "up.log"
    until(lambda: b"Downloading\n" in log.read_bytes(), "it says something")

    relay = background._relay

    def interrupted(told: BinaryIO) -> None:
        relay(told)
        raise KeyboardInterrupt

    monkeypatch.setattr(background, "_relay", interrupted)
    with pytest.raises(KeyboardInterrupt), starting:
        starting.accompany()
    assert starting.process.returncode is not None
    assert read_up(settings.data_dir) is None
    told = capfd.readouterr().err
    assert "Downloading" in told
    assert "stopping what was started" in told


def test_one_that_takes_too_long_is_ended(settings, starting, monkeypatch):
    monkeypatch.setattr(background, "_START_LIMIT_S", 0.0)
    with pytest.raises(ClipstreamError, match="within"), starting:
        starting.accompany()
    assert starting.process.returncode is not None


def test_why_it_did_not_start_is_told(settings, monkeypatch, capfd):
    monkeypatch.setattr(background, "clipstream_command", lambda: FAILS)
    failing = Detached(settings)
    failing.start([])
    with pytest.raises(ClipstreamError, match="did not start"), failing:
        failing.accompany()
    assert "Error: no network" in capfd.readouterr().err
