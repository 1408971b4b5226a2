"""`clipstream up --detach`: starts `up` as a process of its own, tells what it says until it runs, and stops it."""

from __future__ import annotations

import signal
import subprocess
import time
from types import TracebackType
from typing import BinaryIO, Final, Self

import psutil

from processors.errors import ClipstreamError, from_os_error
from streams.cli.console import console, escape
from streams.cli.up_note import forget_up, note_up, read_up
from streams.settings import Settings
from streams.supervisor import clipstream_command

_POLL_S: Final = 0.2
_START_LIMIT_S: Final = 600.0  # the first start downloads some 150 MB
# Above what an orderly stop may take: 10 s for the agents, 10 s for Prometheus, then 30 s for Kafka and 5 to 15 s for
# each server beside it. One that is killed in the middle of that leaves its servers to end alone, when `down` is over.
_STOP_LIMIT_S: Final = 90.0
LOG_NAME: Final = "up.log"


class Detached:
    """An `up` in the background; use as a context manager.

    What ends the block before it runs, an interrupt above all, ends it too, from the moment on in which it is there:
    who was told of an interrupt does not look for something that still runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if self.process is None or error is None:
            return
        if isinstance(error, KeyboardInterrupt):
            console.print("Interrupted; stopping what was started.")
        _end(self._settings, self.process)

    def start(self, flags: list[str]) -> None:
        """Start and note it, so that `clipstream down` finds it from its first moment on; under `one_at_a_time`.

        Raises:
            ClipstreamError: the folder of logs cannot be written.
        """
        settings = self._settings
        try:
            settings.log_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, f"making {settings.log_dir}") from error
        with (settings.log_dir / LOG_NAME).open("wb") as log:
            self.process = subprocess.Popen(
                [*clipstream_command(), "up", *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        note_up(settings.data_dir, self.process.pid, "starting")

    def accompany(self) -> None:
        """Tell what it says until it runs.

        Raises:
            ClipstreamError: it did not start, or takes too long.
        """
        assert self.process is not None
        path = self._settings.log_dir / LOG_NAME
        deadline = time.monotonic() + _START_LIMIT_S
        with path.open("rb") as log:
            while True:
                ended = self.process.poll() is not None
                runs = _runs(self._settings, self.process.pid)
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
        console.print(f"Running in the background (process {self.process.pid}); `clipstream down` stops it.")


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


__all__ = ["Detached", "stop_up", "wait_for"]
