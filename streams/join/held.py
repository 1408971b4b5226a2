"""What is published of each video already: the newest emission of the joiner and the newest result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from processors.errors import InvalidMessage
from schemas.messages import ResultStatus, Segments, VideoJoined
from streams import codec, topics
from streams.client import latest_results, read_records
from streams.groups import committed_offsets
from streams.settings import Settings
from streams.topics import VIDEO_JOINED

_SEGMENTER: Final = "segmenter"


@dataclass(slots=True)
class Held:
    """One video."""

    joined: VideoJoined | None = None
    taken: bool = False  # whether the segmenter has acked that emission
    result: Segments | None = None

    @property
    def generation(self) -> int:
        """The newest generation that anything was published of; -1 for nothing."""
        return max(one.generation if one is not None else -1 for one in (self.joined, self.result))

    def revision(self, generation: int) -> int:
        """The highest revision of a generation; 0 for none."""
        of = (one.revision for one in (self.joined, self.result) if one is not None and one.generation == generation)
        return max(of, default=0)

    def completeness(self, generation: int) -> ResultStatus | None:
        """What was published of a generation: 'final' when either says so, else what the joiner said last."""
        said: list[ResultStatus] = []
        if self.joined is not None and self.joined.generation == generation:
            said.append(self.joined.completeness)
        if self.result is not None and self.result.generation == generation:
            said.append(self.result.status)
        return "final" if "final" in said else said[0] if said else None

    @property
    def answered(self) -> bool:
        """Whether the newest emission has its result, or will have it: the segmenter has not come to it yet."""
        if self.joined is None or not self.taken:
            return self.joined is not None
        result = self.result
        mine = (self.joined.generation, self.joined.revision, self.joined.completeness)
        return result is not None and (result.generation, result.revision, result.status) == mine


async def read_held(settings: Settings) -> dict[str, Held]:
    """Both topics, read in full."""
    found: dict[str, Held] = {}
    partitions = [
        TopicPartition(settings.topic(VIDEO_JOINED.name), number) for number in range(VIDEO_JOINED.partitions)
    ]
    acked = await committed_offsets(settings, _SEGMENTER, partitions)
    async for record in read_records(settings, VIDEO_JOINED):
        try:
            joined = codec.decode(topics.VIDEO_JOINED, record.value)
        except InvalidMessage:
            continue  # its reader has dead-lettered it
        held = found.setdefault(joined.video_id, Held())
        if held.joined is None or _order(joined) >= _order(held.joined):
            at = acked[TopicPartition(record.topic, record.partition)]
            held.joined, held.taken = joined, record.offset < at
    for video_id, result in (await latest_results(settings)).items():
        found.setdefault(video_id, Held()).result = result
    return found


def _order(joined: VideoJoined) -> tuple[int, int]:
    return joined.generation, joined.revision
