"""Runs a command as `nobody` where we are root: `python unprivileged.py SIGNAL -- argv...`.

Postgres refuses to run as root, and it must still reach its programs and its data, which lie below folders that are
root's alone. Opening those folders to everybody would change what is not ours, so the command keeps one right of root:
to pass the permissions of files (an ambient capability, Linux only). Run by path with `-I -S`, as `exec_child.py`.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECUREBITS: Final = 28
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_NO_SETUID_FIXUP: Final = 1 << 2  # capabilities stay when the user changes
_CAP_DAC_OVERRIDE: Final = 1
_CAPABILITY_VERSION_3: Final = 0x20080522


def main(arguments: list[str]) -> int:
    """Become the command.

    Args:
        arguments: number of the signal that it gets when its parent dies, `--`, the command.

    Returns:
        An exit status, only when it could not be run.
    """
    death_signal, command = int(arguments[0]), arguments[2:]
    parent_pid = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)

    def checked(result: int) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    try:
        import pwd

        nobody = pwd.getpwnam("nobody")
        checked(libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
        os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
        kept = 1 << _CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)  # effective, permitted, inheritable; low then high
        checked(libc.capset(header, sets))
        checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0))
        # after the change of user, which takes it away
        checked(libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0))
        if os.getppid() != parent_pid:
            return 0
        os.execvp(command[0], command)  # noqa: S606 - an argument list, no shell
    except (OSError, KeyError) as error:
        print(f"cannot run {command[0]} as nobody: {error}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
