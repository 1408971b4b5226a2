"""The second baseline of `bench stream`: a Faust agent that passes raw records on, and does nothing else.

It is set up as our workers are, takes as many records at a time, and acks each when the broker has what it led to: what
is left of the bare loop's speed is what Faust leaves. `python -m ops.bench.bare_faust RECORDS` prints the rate.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import deque
from typing import Any, Final

import faust

from ops.bench.bare import SOURCE, TARGET
from streams.app import create_app
from streams.reading import to_environment
from streams.settings import Settings
from streams.stage import ADMITTED

NAME: Final = "bench-bare"
_LIMIT_S: Final = 300.0


async def messages_per_s(settings: Settings, records: int) -> float:
    """Records a second that a Faust worker in a process of its own moves, of those that `bare` has left on its source.

    Args:
        settings: with a broker.
        records: how many there are.

    Raises:
        CalledProcessError: the worker died.
    """
    command = [sys.executable, "-m", "ops.bench.bare_faust", str(records)]
    done = await asyncio.to_thread(
        subprocess.run, command, env=to_environment(settings), capture_output=True, check=True, timeout=_LIMIT_S
    )
    return float(json.loads(done.stdout.rpartition(b"h")[2]))  # behind what a terminal would obey


def main() -> None:
    """The worker."""
    records = int(sys.argv[1])
    app = create_app(Settings(), NAME)
    target = app.topic(TARGET, key_type=bytes, value_type=bytes)
    moved, started = 0, 0.0

    @app.agent(  # type: ignore[untyped-decorator]
        app.topic(SOURCE, key_type=bytes, value_type=bytes), concurrency=1
    )
    async def move(stream: Any) -> None:
        nonlocal moved, started
        under_way: deque[tuple[Any, Any]] = deque()
        async for event in stream.noack().events():
            started = started or time.monotonic()
            under_way.append((event, await target.send(key=event.key, value=event.value)))
            moved += 1
            while under_way and (len(under_way) > ADMITTED or moved == records):
                first, delivery = under_way.popleft()
                await delivery
                first.ack()
            if moved == records:
                print(json.dumps(records / (time.monotonic() - started)), flush=True)
                os._exit(0)  # a stop in good order waits for this very loop

    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False, quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
