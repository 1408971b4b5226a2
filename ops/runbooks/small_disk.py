"""A disk that can be filled: a file system of a size, in memory."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ops.runbooks.runner import NotHere


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount it on a new folder.

    Args:
        folder: to be made.
        size: as tmpfs takes it, `60m`.

    Raises:
        NotHere: nothing may be mounted here.
    """
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        raise NotHere("file systems cannot be mounted here (it needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


__all__ = ["small_disk"]
