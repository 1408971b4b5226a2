"""A worker with a table that notes every record it is handed: for the test of recovery. `--stock`: Faust's own.

Its broker answers slowly when it is asked for the committed offsets, as one does that is busy with a rebalance, and its
work takes a while. So records that were fetched before the answer are still queued when it comes: Faust then empties
the queues, and goes back only on partitions with a committed offset. With a quick broker that is a matter of chance.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import faust
import faust.tables.manager
import faust.transport.consumer

import streams.app
from streams.join.rows import FaustTable
from streams.settings import Settings

AGENT: Final = "joiner"  # its changelog is in the catalogue
SLOW_S: Final = 1.0
WORK_S: Final = 0.1
FETCHED_S: Final = 20.0  # at most: where there is nothing to fetch, the answer comes all the same
LOOK_S: Final = 0.05


def slow_broker(*, until_fetched: bool) -> None:
    """Let the answer that ends a recovery take a second, and until then as long as nothing was fetched if so wished."""
    at_once = faust.transport.consumer.Consumer.perform_seek

    async def slowly(self: Any) -> None:
        looks = int(FETCHED_S / LOOK_S) if until_fetched and self.app._fetcher.started else 0
        for _ in range(looks):
            if any(queue.qsize() for queue in self.app.flow_control._queues):
                break
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(SLOW_S)
        await at_once(self)

    faust.transport.consumer.Consumer.perform_seek = slowly


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("topic")
    parser.add_argument("handed", type=Path, help="a line for each record is appended")
    parser.add_argument("settings", help="as JSON")
    parser.add_argument("--stock", action="store_true")
    chosen = parser.parse_args()
    settings = Settings.model_validate_json(chosen.settings)
    slow_broker(until_fetched=chosen.stock)
    if chosen.stock:
        streams.app.SafeTableManager = faust.tables.manager.TableManager  # type: ignore[misc,assignment]
    app = streams.app.create_app(settings, AGENT, "only")
    table = FaustTable(app)

    @app.agent(app.topic(chosen.topic, key_type=bytes, value_type=bytes), concurrency=1)
    async def note(stream: Any) -> None:
        async for event in stream.noack().events():
            await asyncio.sleep(WORK_S)
            await table.write(event.message.partition, [(event.value, b"seen")])
            with chosen.handed.open("a") as lines:
                lines.write(event.value.decode() + "\n")
            event.ack()

    worker = faust.Worker(app, loglevel="INFO", override_logging=False, redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


if __name__ == "__main__":
    sys.exit(main())
