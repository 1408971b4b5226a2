"""`gc` by itself, now and then, while `up` runs: what it takes is old, so it may run beside everything else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from aiokafka.errors import KafkaError

from processors.errors import ClipstreamError
from streams.collect import Collected, collect
from streams.settings import Settings

HOUR_S: Final = 3_600.0
DAY_S: Final = 86_400.0


@contextmanager
def collecting(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """Within it, collect garbage as often as the settings say; the first time after that long.

    Args:
        settings: how often, and of what age.
        say: hears what went, and why something did not.
    """
    done = threading.Event()
    worker = threading.Thread(target=_again_and_again, args=(settings, say, done), name="gc", daemon=True)
    if settings.gc_each_hours:
        worker.start()
    try:
        yield
    finally:
        done.set()
        if settings.gc_each_hours:
            worker.join()


def _again_and_again(settings: Settings, say: Callable[[str], None], done: threading.Event) -> None:
    while not done.wait(settings.gc_each_hours * HOUR_S):
        try:
            found = asyncio.run(
                collect(settings, older_than_s=settings.gc_days * DAY_S, whole_cache=False, dry_run=False)
            )
        except (ClipstreamError, KafkaError, OSError) as error:  # the next time
            say(f"gc: {error}")
            continue
        say(f"gc: {told(found)}")


def told(found: Collected) -> str:
    """What went, in a line."""
    return (
        f"{found.blobs} blobs, {found.cache_entries} cache entries and {found.sources} fetched sources freed "
        f"{found.bytes / 1e6:.1f} MB"
    )


__all__ = ["collecting", "told"]
