"""The join's table: point reads, and writes that are in the changelog before anything is acked.

`table[key] = value` only queues the changelog write: before a commit Faust's flush gives up after 0.1 s, and a failed
send is a logged warning. So a row is written to the store and its changelog record awaited, in one helper.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import faust

from streams.app import TABLE_OPTIONS
from streams.join.state import JoinState
from streams.topics import VIDEO_PARTITIONS

TABLE_NAME: Final = "joins"
_STATE_PREFIX: Final = b"state|"


def changelog_name(group: str) -> str:
    """Name of the table's changelog topic, which is created with all others."""
    return f"{group}-{TABLE_NAME}-changelog"


class Rows:
    """State records and part rows. Only usable inside the agent's own event.

    Args:
        app: the joiner's app.
    """

    def __init__(self, app: faust.App) -> None:
        self._table: Any = app.Table(
            TABLE_NAME,
            key_type=bytes,
            value_type=bytes,
            partitions=VIDEO_PARTITIONS,
            options=TABLE_OPTIONS,
        )

    def state(self, video_id: str) -> JoinState | None:
        """The state of a video, or None."""
        content = self._table.data.get(_STATE_PREFIX + video_id.encode())
        return None if content is None else JoinState.from_bytes(content)

    def part(self, key: str) -> bytes | None:
        """A part's row, or None."""
        content: bytes | None = self._table.data.get(key.encode())
        return content

    async def put_state(self, partition: int, state: JoinState) -> None:
        """Keep a state; returns when the changelog has it."""
        await self._put(partition, _STATE_PREFIX + state.video_id.encode(), state.to_bytes())

    async def put_part(self, partition: int, key: str, content: bytes) -> None:
        """Keep a part; returns when the changelog has it."""
        await self._put(partition, key.encode(), content)

    async def delete(self, partition: int, keys: tuple[str, ...]) -> None:
        """Forget parts; returns when the changelog knows it."""
        for key in keys:
            self._table.data.pop(key.encode(), None)
        sent = [self._table.send_changelog(partition, key.encode(), None) for key in keys]
        for delivery in sent:
            await delivery

    def states(self) -> Iterator[JoinState]:
        """All states of this worker's partitions; for the watchdog, which only reads."""
        for key, content in self._table.data.items():
            if key.startswith(_STATE_PREFIX):
                yield JoinState.from_bytes(content)

    async def _put(self, partition: int, key: bytes, content: bytes) -> None:
        self._table.data[key] = content
        await self._table.send_changelog(partition, key, content)
