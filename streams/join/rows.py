"""The join's table: point reads, and writes that are in the changelog before the store of this worker and any ack.

`table[key] = value` only queues the changelog write: before a commit Faust's flush gives up after 0.1 s, and a failed
send is a logged warning. So here the changelog records are sent and awaited first, then the store is written, then the
offset up to which it holds the changelog. A store that was ahead would find an event that comes again after a crash
counted, which is lost when the store is made anew from the changelog. One that is behind is brought up by recovery,
which begins at that offset; Faust itself notes the offset at the sending, whatever the store holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

import faust

from streams.app import TABLE_OPTIONS
from streams.frozen import ensure_awake
from streams.join.row import STATE_PREFIX, Row
from streams.join.state import JoinState
from streams.topics import VIDEO_PARTITIONS

TABLE_NAME: Final = "joins"


def changelog_name(group: str) -> str:
    """Name of the table's changelog topic, which is created with all others."""
    return f"{group}-{TABLE_NAME}-changelog"


class Table(Protocol):
    """Bytes by key, kept safe."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        ...

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Keep values, or delete where None, in this order; returns when all are safe."""
        ...

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of the states, by their prefix."""
        ...


class FaustTable:
    """A Faust table. Only to be written within the agent's own event.

    Args:
        app: the joiner's app.
    """

    def __init__(self, app: faust.App) -> None:
        self._table: Any = app.Table(
            TABLE_NAME,
            key_type=bytes,
            value_type=bytes,
            partitions=VIDEO_PARTITIONS,
            options=dict(TABLE_OPTIONS),  # Faust takes entries out of it
        )

    def get(self, key: bytes) -> bytes | None:
        """See `Table`."""
        content: bytes | None = self._table.data.get(key)
        return content

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        """See `Table`."""
        ensure_awake()
        sent = [
            self._table.changelog_topic.send_soon(
                key=key, value=content, partition=partition, key_serializer="raw", value_serializer="raw"
            )
            for key, content in changes
        ]
        delivered = [await delivery for delivery in sent]
        store = self._table.data
        for key, content in changes:
            if content is None:
                store.pop(key, None)
            else:
                store[key] = content
        if delivered:
            store.set_persisted_offset(delivered[-1].topic_partition, delivered[-1].offset)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """See `Table`. Reads the states only: Faust's own iteration would read every part of every open video."""
        for database in self._table.data._dbs_for_actives():
            for key, content in database.items(from_key=STATE_PREFIX):
                if not key.startswith(STATE_PREFIX):
                    break
                yield key, content


class Rows:
    """States and rows of videos.

    Args:
        table: where they are kept.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def state(self, video_id: str) -> JoinState | None:
        """The state of a video, or None."""
        content = self._table.get(STATE_PREFIX + video_id.encode())
        return None if content is None else JoinState.from_bytes(video_id, content)

    def look(self, key: str) -> Row | None:
        """A row, or None."""
        content = self._table.get(key.encode())
        return None if content is None else Row.from_bytes(content)

    async def keep(self, partition: int, rows: Sequence[tuple[str, Row]], state: JoinState | None = None) -> None:
        """Keep rows, then a state; returns when the changelog has them."""
        changes: list[tuple[bytes, bytes | None]] = [(key.encode(), row.to_bytes()) for key, row in rows]
        if state is not None:
            changes.append((STATE_PREFIX + state.video_id.encode(), state.to_bytes()))
        await self._table.write(partition, changes)

    async def forget(self, partition: int, video_id: str) -> None:
        """Forget a video's state; returns when the changelog knows it."""
        await self._table.write(partition, [(STATE_PREFIX + video_id.encode(), None)])

    async def delete(self, partition: int, keys: Iterable[str]) -> None:
        """Delete those rows that are there; returns when the changelog knows it."""
        there = [key.encode() for key in keys if self._table.get(key.encode()) is not None]
        await self._table.write(partition, [(key, None) for key in there])

    def states(self) -> Iterator[JoinState]:
        """All states of this worker's partitions; for the watchdog, which only reads."""
        for key, content in self._table.states():
            yield JoinState.from_bytes(key.removeprefix(STATE_PREFIX).decode(), content)
