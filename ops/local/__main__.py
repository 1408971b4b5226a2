"""The embedded cluster on its own, for developers: `python -m ops.local up|down|status`.

Places come from the settings (`CLIPSTREAM_DATA_DIR`, `CLIPSTREAM_CACHE_DIR`) unless given.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.cluster import LocalCluster
from ops.local.info import LOCK_FILE, load_info, read_cluster
from ops.local.kafka import STOP_LIMIT_S
from ops.local.owner_lock import is_owned
from processors.errors import ClipstreamError

# The owner stops its servers in this time, and then itself.
_DOWN_LIMIT_S: Final = STOP_LIMIT_S + 15.0
# How often the owner looks whether its servers live.
_WATCH_S: Final = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: of the command line, None for the process's own.

    Returns:
        Exit status: 0 done, 1 failed or nothing runs.
    """
    parser = argparse.ArgumentParser(prog="python -m ops.local", description="The embedded cluster on its own.")
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--state", type=Path, help="state folder")
    parser.add_argument("--cache", type=Path, help="cache of downloads")
    parser.add_argument("--kafka-port", type=int)
    parser.add_argument("--valkey-port", type=int)
    options = parser.parse_args(arguments)
    try:
        if options.state is None or options.cache is None:
            from streams.reading import load_settings

            settings = load_settings(data_dir=options.state, cache_dir=options.cache)
            options.state, options.cache = settings.data_dir, settings.cache_dir
        commands = {"up": _up, "down": _down, "status": _status}
        return commands[options.command](options)
    except ClipstreamError as error:
        print(f"{error.reason}\n{error.remedy}".strip(), file=sys.stderr)
        return 1


def _up(options: argparse.Namespace) -> int:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    cluster = LocalCluster(options.state, options.cache, kafka_port=options.kafka_port, valkey_port=options.valkey_port)
    with cluster:
        print(json.dumps(cluster.describe().to_dict()), flush=True)
        while not ended.wait(_WATCH_S):
            for name in cluster.revive():
                print(f"{name} had ended and was started again", file=sys.stderr)
    return 0


def _down(options: argparse.Namespace) -> int:
    info, lock = load_info(options.state), options.state / LOCK_FILE
    if info is None or not is_owned(lock):
        print(f"No cluster runs in {options.state}.", file=sys.stderr)
        return 1
    with suppress(ProcessLookupError):
        os.kill(info.pids["owner"], signal.SIGTERM)
    if not child.wait_until(lambda: not is_owned(lock), _DOWN_LIMIT_S):
        print(f"Process {info.pids['owner']} does not end; end it yourself.", file=sys.stderr)
        return 1
    return 0


def _status(options: argparse.Namespace) -> int:
    info = read_cluster(options.state)
    print(json.dumps(None if info is None else info.to_dict()))
    return 0 if info is not None else 1


if __name__ == "__main__":
    sys.exit(main())
