"""Health of a worker's container: `python -m ops.docker.health` exits 0, or says what is wrong and exits 1.

A worker is well when its note is there, its `/healthz` says so, and its broker answers it; with the argument `live`
also without a broker: started again, it would have none either. Standard library only: importing the worker's own code
takes 2 s of a core, and this runs every 30 s in seven containers of one host; so it takes 0.05 s.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

NOTES: Final = "workers"  # folder of the notes in the data folder, see streams/worker.py
_ANSWER_LIMIT_S: Final = 5.0


class Unwell(Exception):
    """The worker is not well; the message says why."""


def check(data_dir: Path, *, needs_broker: bool = True) -> str:
    """Check the worker of this container.

    Args:
        data_dir: its data folder.
        needs_broker: whether a worker without one is unwell.

    Returns:
        What is well.

    Raises:
        Unwell: no worker runs, it does not answer, it is not well, or it has no broker.
    """
    notes = [json.loads(path.read_text()) for path in sorted((data_dir / NOTES).glob("*.json"))]
    if not notes:
        raise Unwell("No worker has started yet.")
    return ", ".join(_ask(note["agent"], note["port"], needs_broker) for note in notes)


def _ask(agent: str, port: int, needs_broker: bool) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_LIMIT_S)
    try:
        connection.request("GET", "/healthz")
        told: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unwell(f"{agent} does not answer: {error}") from error
    finally:
        connection.close()
    if not told["ok"]:
        raise Unwell(f"{agent}: {told['problem']}.")
    if needs_broker and not told["broker"]:
        raise Unwell(f"{agent}: no broker answers.")
    return f"{agent} runs" + ("" if told["warm"] else ", loading")


def main() -> None:
    """Entry point; reads the data folder from the environment, where a container has it."""
    try:
        print(check(Path(os.environ["CLIPSTREAM_DATA_DIR"]), needs_broker=sys.argv[1:] != ["live"]))
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set.")
    except Unwell as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
