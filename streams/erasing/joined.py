"""What the join keeps of a video, as its changelog tells: the table itself is in the joiner's process."""

from __future__ import annotations

from aiokafka import TopicPartition

from streams import topics
from streams.join.rows import changelog_name
from streams.ordered import in_order
from streams.settings import Settings


def changelog_of(settings: Settings) -> str:
    """Full name of the changelog."""
    return changelog_name(settings.group("joiner"))


async def live_rows(settings: Settings, video_id: str) -> int:
    """Rows of a video that were put and not deleted; its state, which is a marker in the end, does not count."""
    partition = topics.video_partition(video_id, topics.VIDEO_PARTITIONS)
    prefix = f"{video_id}|".encode()
    rows: set[bytes] = set()
    async for record in in_order(settings, TopicPartition(changelog_of(settings), partition)):
        if record.key is not None and record.key.startswith(prefix):
            (rows.add if record.value is not None else rows.discard)(record.key)
    return len(rows)


__all__ = ["changelog_of", "live_rows"]
