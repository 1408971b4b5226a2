"""What an owner that was killed leaves: its files, and on systems without a death signal its servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ops.local import child
from ops.local.info import CHILDREN_FILE, CLUSTER_FILE, write_json


def note_children(state_dir: Path, children: Mapping[str, tuple[int, str]]) -> None:
    """Write down which processes run, before they are ready.

    Args:
        state_dir: the state folder.
        children: name -> process id and marker, see `child.is_ours`.

    Raises:
        OSError: the folder cannot be written.
    """
    noted = {name: {"pid": pid, "marker": marker} for name, (pid, marker) in children.items()}
    write_json(state_dir / CHILDREN_FILE, noted)


def clean_up(state_dir: Path, limit_s: float) -> list[tuple[str, int]]:
    """End the noted processes that still run, and take the files away. Only the owner of the lock may call this.

    Args:
        state_dir: the state folder.
        limit_s: seconds from SIGTERM to SIGKILL for each process.

    Returns:
        Name and process id of those that ran.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        noted = json.loads((state_dir / CHILDREN_FILE).read_bytes())
        children = [(name, int(one["pid"]), str(one["marker"])) for name, one in noted.items()]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        children = []
    ended = [(name, pid) for name, pid, marker in children if child.stop_leftover(pid, marker, limit_s)]
    for file in (CHILDREN_FILE, CLUSTER_FILE):
        (state_dir / file).unlink(missing_ok=True)
    return ended


__all__ = ["clean_up", "note_children"]
