"""`cluster.json`: where the running cluster is, for every other process that has the state folder.

The file is there while a cluster runs. After a crash of its owner it may be left over, so readers check the owner's
lock and that the servers accept connections. Importing this is cheap: every worker reads the file at its start.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ops.local.owner_lock import is_owned
from ops.local.probe import listens

CLUSTER_FILE: Final = "cluster.json"
LOCK_FILE: Final = "cluster.lock"
# pid and marker of each child, from its start on: an owner that dies while starting has no cluster.json yet.
CHILDREN_FILE: Final = "children.json"


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """A running cluster.

    Args:
        broker_url: `kafka://127.0.0.1:PORT`.
        cache_url: `redis://127.0.0.1:PORT/0`.
        registry_url: of the schema registry, or None when none runs.
        pids: process ids: `owner`, `kafka`, `valkey`, and `registry`, `ui` and `postgres` where they run.
        started_at_ms: wall time when it became ready, in milliseconds since 1970.
        version: of the clipstream that started it.
        ui_url: of the Kafka UI, or None when none runs.
        prometheus_url: of the Prometheus of `up --observe`, or None when none runs.
        database_url: of the Postgres, without its password, or None when none runs; see `ops.local.postgres`.
    """

    broker_url: str
    cache_url: str
    registry_url: str | None
    pids: Mapping[str, int]
    started_at_ms: int
    version: str
    ui_url: str | None = None
    prometheus_url: str | None = None
    database_url: str | None = None

    @property
    def broker_port(self) -> int:
        """Port of the broker on loopback."""
        return port_of(self.broker_url)

    @property
    def cache_port(self) -> int:
        """Port of Valkey on loopback."""
        return port_of(self.cache_url)

    def addresses(self) -> dict[str, str]:
        """The settings that it answers, with their values."""
        found = {"broker_url": self.broker_url, "cache_url": self.cache_url}
        extras = {"registry_url": self.registry_url, "database_url": self.database_url}
        return found | {name: url for name, url in extras.items() if url}

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {**asdict(self), "pids": dict(self.pids)}


def read_cluster(state_dir: Path) -> ClusterInfo | None:
    """The cluster of a state folder, if one runs.

    Args:
        state_dir: the state folder; need not exist.

    Returns:
        None when nothing runs there, it is still starting, or its owner or a server is dead. Never raises for a file
        that is missing or damaged. Takes milliseconds.
    """
    info = load_info(state_dir)
    if info is None or not is_owned(state_dir / LOCK_FILE):
        return None
    return info if listens(info.broker_port) and listens(info.cache_port) else None


def port_of(url: str | None) -> int:
    """The port that an address names; 0 without one."""
    return urlsplit(url or "").port or 0


def load_info(state_dir: Path) -> ClusterInfo | None:
    """What `cluster.json` says, without asking whether it is still true; None when missing or damaged."""
    try:
        return ClusterInfo(**json.loads((state_dir / CLUSTER_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write_json(path: Path, document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Replace a file by a JSON document at once: readers see the old one or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    descriptor, temp = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
        os.replace(temp, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temp)
        raise


__all__ = [
    "CHILDREN_FILE",
    "CLUSTER_FILE",
    "LOCK_FILE",
    "ClusterInfo",
    "load_info",
    "port_of",
    "read_cluster",
    "write_json",
]
