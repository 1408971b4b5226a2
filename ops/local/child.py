"""Child processes that die with this one, and their clean end.

On Linux the kernel sends the signal when the *thread* that started the child ends, not the process. So one thread
that lives as long as the process starts all children: a caller may use a short-lived thread (`asyncio.to_thread`).
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final

_WRAPPER: Final = Path(__file__).with_name("exec_child.py")
# An output file that grew beyond this is put aside at the next start, and the one before it goes.
_OUTPUT_LIMIT_BYTES: Final = 5_000_000
_TAIL_BYTES: Final = 16_384
_POLL_S: Final = 0.02
# After SIGKILL only the kernel works on the process; this much time means that it hangs in a disk.
_KILL_LIMIT_S: Final = 10.0

_Job = tuple["Future[subprocess.Popen[bytes]]", Callable[[], "subprocess.Popen[bytes]"]]
_jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
_spawner: threading.Thread | None = None
_spawner_lock = threading.Lock()


def spawn(
    argv: Sequence[str],
    log_file: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    niceness: int = 0,
) -> subprocess.Popen[bytes]:
    """Start a command that gets a signal when this process dies, however it dies (Linux only).

    It has its own process group: Ctrl-C in the terminal reaches this process, which then stops its children in order.
    It stays in this process's session, since Linux shares the processor between sessions before it looks at niceness.

    Args:
        argv: the command; `argv[0]` is looked up in PATH. Never a shell.
        log_file: gets its output, appended; its folder is created.
        env: whole environment, None for this process's own.
        cwd: working folder, None for this process's own.
        death_signal: SIGTERM lets Kafka close its log segments, so that the next start has nothing to recover.
        niceness: how far it gives way to others, 0 (not at all) to 19.

    Returns:
        The child; its process id is that of the command.

    Raises:
        OSError: the log file or the folder cannot be used.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > _OUTPUT_LIMIT_BYTES:
        os.replace(log_file, log_file.with_name(f"{log_file.name}.1"))
    wrapper = [sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), str(int(death_signal)), str(niceness), "--"]

    def start() -> subprocess.Popen[bytes]:
        with log_file.open("ab") as log:
            return subprocess.Popen(
                [*wrapper, *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=None if env is None else dict(env),
                cwd=cwd,
                process_group=0,
            )

    return _on_spawner(start)


def _on_spawner(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    global _spawner  # noqa: PLW0603 - one thread per process is the point
    with _spawner_lock:
        if _spawner is None or not _spawner.is_alive():  # not alive: after a fork
            _spawner = threading.Thread(target=_serve, name="spawner", daemon=True)
            _spawner.start()
    future: Future[subprocess.Popen[bytes]] = Future()
    _jobs.put((future, start))
    return future.result()


def _serve() -> None:
    while True:
        future, start = _jobs.get()
        try:
            future.set_result(start())
        except BaseException as error:
            future.set_exception(error)


def stop(process: subprocess.Popen[bytes], limit_s: float) -> int:
    """End a child: SIGTERM, then SIGKILL after the limit. Ended already is fine.

    Args:
        process: what `spawn` returned.
        limit_s: seconds from SIGTERM to SIGKILL.

    Returns:
        Its exit status; negative is the signal that ended it.
    """
    if process.poll() is None:
        process.terminate()
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(_KILL_LIMIT_S)


def is_ours(pid: int, marker: str) -> bool:
    """Whether a process lives whose command line holds the marker: a pid alone may be another program's by now.

    Args:
        pid: process id.
        marker: text of one of its arguments, such as the path of its configuration file.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(marker in part for part in process.cmdline())
    except psutil.Error:
        return False


def stop_leftover(pid: int, marker: str, limit_s: float) -> bool:
    """End a process that a dead owner left behind.

    Args:
        pid: process id.
        marker: see `is_ours`; a process without it is left alone.
        limit_s: seconds from SIGTERM to SIGKILL.

    Returns:
        Whether there was one.
    """
    import psutil

    if not is_ours(pid, marker):
        return False
    try:
        process = psutil.Process(pid)
        process.terminate()
        _, alive = psutil.wait_procs([process], limit_s)
        for one in alive:
            one.kill()
        psutil.wait_procs(alive, _KILL_LIMIT_S)
    except psutil.NoSuchProcess:
        pass
    return True


def wait_until(condition: Callable[[], bool], limit_s: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Ask again and again until the condition holds.

    Args:
        condition: cheap, and itself limited in time.
        limit_s: seconds.
        process: stop asking when it has ended.

    Returns:
        Whether the condition held in time.
    """
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(_POLL_S)
    return condition()


def tail(log_file: Path, lines: int = 15) -> str:
    """The last lines of a log file, or an empty text when there is none."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


__all__ = ["is_ours", "spawn", "stop", "stop_leftover", "tail", "wait_until"]
