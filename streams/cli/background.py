"""`clipstream up --detach`: starts `up` as a process of its own, tells what it says until it runs, and stops it."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import BinaryIO, Final

import psutil

from processors.errors import ClipstreamError, from_os_error
from streams.cli.console import console, escape
from streams.cli.up_note import forget_up, note_up, read_up
from streams.settings import Settings
from streams.supervisor import clipstream_command

_POLL_S: Final = 0.2
_START_LIMIT_S: Final = 600.0  # the first start downloads some 150 MB
_STOP_LIMIT_S: Final = 40.0
LOG_NAME: Final = "up.log"


def start_detached(settings: Settings, flags: list[str]) -> subprocess.Popen[bytes]:
    """Start it and note it, so that `clipstream down` finds it from its first moment on. Call it under `one_at_a_time`.

    Raises:
        ClipstreamError: the folder of logs cannot be written.
    """
    try:
        settings.log_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, f"making {settings.log_dir}") from error
    with (settings.log_dir / LOG_NAME).open("wb") as log:
        process = subprocess.Popen(
            [*clipstream_command(), "up", *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        note_up(settings.data_dir, process.pid, "starting")
    except BaseException:
        _end(settings, process)
        raise
    return process


def accompany(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    """Tell what it says until it runs. It ends when this is interrupted, or takes too long.

    Raises:
        ClipstreamError: it did not start.
    """
    path = settings.log_dir / LOG_NAME
    deadline = time.monotonic() + _START_LIMIT_S
    try:
        with path.open("rb") as log:
            while True:
                ended = process.poll() is not None
                runs = _runs(settings, process.pid)
                _relay(log)
                if runs:
                    break
                if ended:
                    raise ClipstreamError("It did not start.", f"All that it said: {path}")
                if time.monotonic() > deadline:
                    raise ClipstreamError(
                        f"It did not start within {_START_LIMIT_S:.0f} s.", f"All that it said: {path}"
                    )
                time.sleep(_POLL_S)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            console.print("Interrupted; stopping what was started.")
        _end(settings, process)
        raise
    console.print(f"Running in the background (process {process.pid}); `clipstream down` stops it.")


def wait_for(settings: Settings, pid: int) -> None:
    """Wait until an `up` that somebody else started runs.

    Raises:
        ClipstreamError: it ended before.
    """
    while not _runs(settings, pid):
        up = read_up(settings.data_dir)
        if up is None or up.pid != pid or up.state == "stopping":
            raise ClipstreamError("It did not start.", "Run `clipstream up --detach` again.")
        time.sleep(_POLL_S)


def stop_up(settings: Settings, pid: int) -> None:
    """Stop an `up`, whether it runs or is still starting."""
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_LIMIT_S)
    except psutil.NoSuchProcess:
        pass  # it ended by itself
    except psutil.TimeoutExpired:
        process.kill()  # its children die with it
        console.print("[yellow]It did not stop in time and was killed.[/]")
    forget_up(settings.data_dir, pid)


def _runs(settings: Settings, pid: int) -> bool:
    up = read_up(settings.data_dir)
    return up is not None and up.pid == pid and up.state == "running"


def _end(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    forget_up(settings.data_dir, process.pid)


def _relay(log: BinaryIO) -> None:
    while line := log.readline():
        if not line.endswith(b"\n"):
            log.seek(-len(line), 1)  # the rest of it comes
            return
        console.print(escape(line.decode(errors="replace").rstrip()), soft_wrap=True)


__all__ = ["accompany", "start_detached", "stop_up", "wait_for"]
