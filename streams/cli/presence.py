"""Whether the Kafka that a command uses is still there: aiokafka waits for one that is gone, and never says so."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, NodeNotReadyError

from ops.local.info import LOCK_FILE, load_info
from ops.local.owner_lock import is_owned
from processors.errors import ClipstreamError, StorageFull
from streams.connection import BrokerUnreachable
from streams.reading import load_settings
from streams.settings import Settings

AGAIN: Final = "Run the command again: what was computed is kept."
_POLL_S: Final = 0.2
# Kafka ends itself at the first write for which there is no room; the rest of a segment may have been a few MB.
_NO_ROOM_BYTES: Final = 20_000_000


@asynccontextmanager
async def while_there(why_gone: Callable[[], ClipstreamError | None]) -> AsyncIterator[None]:
    """Run the body for as long as Kafka is there.

    Args:
        why_gone: None while it is there; asked again and again, so it takes no time.

    Raises:
        ClipstreamError: why Kafka is gone.
    """
    body, gone = asyncio.current_task(), None
    assert body is not None

    async def watch() -> None:
        nonlocal gone
        while (gone := why_gone()) is None:
            await asyncio.sleep(_POLL_S)
        body.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if gone is None or body.uncancel():  # the user, who may have been quicker
            raise
        raise gone from None
    except (KafkaError, BrokerUnreachable) as error:
        if gone is not None:
            body.uncancel()
        if (reason := gone or why_gone()) is not None:
            raise reason from error
        raise
    finally:
        watcher.cancel()


def of_another(settings: Settings) -> Callable[[], ClipstreamError | None]:
    """For `while_there`: an embedded Kafka that another process owns; any other broker may come back as it likes."""
    known = load_info(settings.data_dir)
    if known is None or known.broker_url != settings.broker_url:
        return lambda: None

    def why_gone() -> ClipstreamError | None:
        # by its owner: a broker that died is started again at the same address
        now = load_info(settings.data_dir)
        if now is not None and now.broker_url == settings.broker_url and is_owned(settings.data_dir / LOCK_FILE):
            return None
        return ClipstreamError("The Kafka that this command used was stopped.", AGAIN)

    return why_gone


def died(data_dir: Path) -> ClipstreamError:
    """Why an embedded Kafka of our own ended by itself."""
    return no_room(data_dir) or ClipstreamError(f"Kafka ended by itself; its log is in {data_dir / 'logs'}.", AGAIN)


def no_room(data_dir: Path) -> StorageFull | None:
    """Says that the disk of the state folder is full, if it is."""
    try:
        free = shutil.disk_usage(data_dir).free
    except OSError:
        return None
    if free >= _NO_ROOM_BYTES:
        return None
    return StorageFull(
        f"No room left on the disk of {data_dir} ({free / 1e6:.0f} MB free), and Kafka cannot go on without.",
        "Free some space (`clipstream gc` removes blobs that nothing refers to) or set CLIPSTREAM_DATA_DIR; "
        "then run the command again: what was computed is kept.",
    )


def explained(error: KafkaError) -> ClipstreamError:
    """What an error of the Kafka client means to whoever typed a command."""
    if not (error.retriable or isinstance(error, KafkaConnectionError | KafkaTimeoutError | NodeNotReadyError)):
        return ClipstreamError(f"Kafka refuses: {error}.", "Its log says more.")
    settings = load_settings()
    embedded = not settings.broker_url or load_info(settings.data_dir) is not None
    if embedded and (full := no_room(settings.data_dir)) is not None:
        return full
    return ClipstreamError("No Kafka broker answers any more.", f"`clipstream doctor` says whether one runs. {AGAIN}")


__all__ = ["died", "explained", "no_room", "of_another", "while_there"]
