"""A worker whose log is soon full, and its child, which writes to standard error: both are this module."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from processors import child
from streams import logs
from streams.clock import SYSTEM_CLOCK
from streams.pool import ChildPool
from streams.settings import Settings


def say(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
    """Write a line as a library does."""
    os.write(2, f"the {request['word']} word of a child\n".encode())
    yield {}


class Saying(ChildPool):
    """A pool of one child that says what it is told."""

    child: ClassVar[tuple[str, ...]] = ("tests.unit.streams.saying_child",)


async def work(folder: Path) -> None:
    """One job before the log was put aside twice, one after."""
    settings = Settings(data_dir=folder, log_max_bytes=10_000, log_files=1)
    logs.set_up(settings, "metadata", "1", SYSTEM_CLOCK)
    pool, log = Saying(1, settings, "metadata"), logging.getLogger("clipstream.stage")
    for word in ("first", "second"):
        assert [body async for body, _ in pool.run("say", {"word": word})] == [b"{}"]
        for number in range(200 if word == "first" else 0):
            log.warning("%d %s", number, "x" * 100)
    await pool.stop()


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        os.environ["PYTHONPATH"] = os.getcwd()  # -P leaves it out
        asyncio.run(work(Path(sys.argv[2])))
    else:
        child.main(int(sys.argv[1]), {"say": say})
