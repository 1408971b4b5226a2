"""Health of a worker's container: `python -m ops.docker.health` exits 0, or says what is wrong and exits 1.

A worker is well when its note is there, its metrics answer, and it holds a connection to a broker; a broker hangs up
on a worker that has been silent for ten minutes. Standard library only: importing the worker's own code takes 2 s of a
core, and this runs every 30 s in seven containers of one host; so it takes 0.05 s.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NOTES: Final = "workers"  # folder of the notes in the data folder, see streams/worker.py
_ANSWER_LIMIT_S: Final = 5.0
_METRIC: Final = b"clipstream_in_flight"
_KAFKA_PORT: Final = 9092  # of a broker address without one
_ESTABLISHED: Final = "01"  # state in /proc/net/tcp
_SOCKET_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


class Unwell(Exception):
    """The worker is not well; the message says why."""


def check(data_dir: Path, broker_url: str, tables: Iterable[Path] = _SOCKET_TABLES) -> str:
    """Check the worker of this container.

    Args:
        data_dir: its data folder.
        broker_url: as in the settings.
        tables: sockets of this container, in the form of `/proc/net/tcp`.

    Returns:
        What is well.

    Raises:
        Unwell: no worker runs, it does not answer, or it has no broker.
    """
    notes = [json.loads(path.read_text()) for path in sorted((data_dir / NOTES).glob("*.json"))]
    if not notes:
        raise Unwell("No worker has started yet.")
    for note in notes:
        _ask(note)
    ports = broker_ports(broker_url)
    if not ports & set(connected_ports(tables)):
        raise Unwell(f"No connection to a broker (ports {', '.join(map(str, sorted(ports)))}).")
    return ", ".join(f"{note['agent']} runs" + ("" if note.get("warm", True) else ", loading") for note in notes)


def broker_ports(broker_url: str) -> set[int]:
    """TCP ports of the brokers in a setting like `kafka://a:9092;b:9093`."""
    addresses = [part.rpartition("/")[2] for part in re.split("[;,]", broker_url)]
    return {int(port) if (port := address.rpartition(":")[2]).isdigit() else _KAFKA_PORT for address in addresses}


def connected_ports(tables: Iterable[Path]) -> Iterable[int]:
    """Remote ports of the connections that are open."""
    for table in tables:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, _, remote, state, *_ = line.split()
                if state == _ESTABLISHED:
                    yield int(remote.rpartition(":")[2], 16)


def _ask(note: dict[str, object]) -> None:
    port = note["metrics_port"]
    assert isinstance(port, int)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_LIMIT_S)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK or _METRIC not in answer.read():
            raise Unwell(f"{note['agent']} answers with something else than its metrics.")
    except (OSError, http.client.HTTPException) as error:
        raise Unwell(f"{note['agent']} does not answer: {error}") from error
    finally:
        connection.close()


def main() -> None:
    """Entry point; reads two settings from the environment, where a container has them."""
    try:
        print(check(Path(os.environ["CLIPSTREAM_DATA_DIR"]), os.environ["CLIPSTREAM_BROKER_URL"]))
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set.")
    except Unwell as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
