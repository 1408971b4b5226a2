"""`python -m streams.ray_guard PID:CREATED...`: ends these processes as soon as standard input ends.

Whoever started them holds the other end, so it is the death of that process, of whatever kind. Ray's agents outlive
their node by half a minute when it is killed: they wait for a server that is gone.
"""

from __future__ import annotations

import contextlib
import sys

import psutil


def described(process: psutil.Process) -> str:
    """A process as this program takes it; the time tells it from a later one with the same number."""
    return f"{process.pid}:{process.create_time()}"


def main(watched: list[str]) -> None:
    """Wait for the end of standard input, then end the processes."""
    sys.stdin.buffer.read()
    for one in watched:
        pid, _, created = one.partition(":")
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
