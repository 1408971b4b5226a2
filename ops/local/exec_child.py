"""Replaces itself by a command that dies with its parent: `python exec_child.py PARENT_PID SIGNAL NICENESS -- argv...`.

Run by path with `-I -S`, so it loads only what it needs of the standard library. A function between fork and exec
(`preexec_fn`) would do the same and can deadlock in a parent with threads. The process id stays that of the command.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_EXIT_NOT_FOUND: Final = 127  # what a shell returns


def main(arguments: list[str]) -> int:
    """Become the command.

    Args:
        arguments: PARENT_PID, number of the signal that the command gets when the parent dies, how
            nice it is beyond the parent, `--`, the command.

    Returns:
        An exit status, only when the command could not be run or the parent is gone.
    """
    parent_pid, death_signal, niceness = (int(one) for one in arguments[:3])
    command = arguments[4:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the line above could take effect
        return 0
    # Python ignores these two, and what is ignored stays so through exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.nice(niceness)
    try:
        os.execvp(command[0], command)  # noqa: S606 - an argument list, no shell
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return _EXIT_NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
