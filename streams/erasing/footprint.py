"""What there is of a video: its records on every topic, the blobs that they name, the sources, what was computed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from processors.blobs import BlobMissing, BlobStore
from processors.errors import ClipstreamError
from schemas.messages import DeadLetter, VideoIngested
from streams import codec, identity, topics
from streams.client import read_topics
from streams.collect import named_in
from streams.settings import Settings
from streams.topics import TopicSpec
from streams.work import hash_of

_PIECE_BYTES: Final = 2**20
_NAME_BYTES: Final = len("blob:") + 64  # pieces overlap by one name


@dataclass(slots=True)
class Share:
    """The records of a video on one topic.

    Attributes:
        records: how many with a value.
        last_ms: time of the newest.
        last: partition -> offset of the newest.
        keys: of them; of a compacted topic those that need a tombstone.
        places: partition and offset of each.
    """

    records: int = 0
    last_ms: int = 0
    last: dict[int, int] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)
    places: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class Footprint:
    """All that the topics tell of a video."""

    video_id: str
    generation: int = -1  # the highest
    shares: dict[str, Share] = field(default_factory=dict)  # topic of the catalogue ->
    digests: set[str] = field(default_factory=set)  # of blobs
    outputs: set[str] = field(default_factory=set)  # hashes of what stages computed
    uris: set[str] = field(default_factory=set)  # of its sources

    @property
    def known(self) -> bool:
        """Whether there is anything."""
        return bool(self.shares)


async def footprint(settings: Settings, video_id: str) -> Footprint:
    """Look through all topics; the order about a video is no trace of it.

    Args:
        settings: with a broker.
        video_id: the video.
    """
    found, blobs = Footprint(video_id), BlobStore(settings.store)
    async for spec, record in read_topics(settings, *(spec for spec in topics.ALL if spec is not topics.CONTROL)):
        if record.value is None and record.key == video_id.encode():
            found.shares.pop(spec.name, None)  # erased before, and not compacted yet
        elif record.value is not None and _is_of(spec, record, video_id):
            _add(found, spec, record)
    # documents and lists of parts name blobs themselves
    for uri in [f"blob:{digest}" for digest in sorted(found.digests)]:
        found.digests |= await asyncio.to_thread(_named_by, blobs, uri)
    return found


def _is_of(spec: TopicSpec[Any], record: Any, video_id: str) -> bool:
    key: bytes = record.key or b""
    if spec is topics.VIDEO_INGESTED or spec is topics.DEAD_LETTER:
        message = _decoded(spec, record.value)
        if isinstance(message, DeadLetter):
            return message.video_id == video_id or key.partition(b":")[0] == video_id.encode()
        return isinstance(message, VideoIngested) and _id_of(message) == video_id
    return key.partition(b":")[0] == video_id.encode()


def _add(found: Footprint, spec: TopicSpec[Any], record: Any) -> None:
    share = found.shares.setdefault(spec.name, Share())
    share.records += 1
    share.last_ms = max(share.last_ms, record.timestamp)
    share.last[record.partition] = record.offset
    share.places.add((record.partition, record.offset))
    if record.key is not None:
        share.keys.add(record.key)
    message = _decoded(spec, record.value)
    if message is None:
        return
    header = getattr(message, "header", message)
    found.generation = max(found.generation, getattr(header, "generation", None) or 0)
    found.digests |= named_in(record.value)
    if isinstance(message, VideoIngested):
        found.uris.add(message.uri.strip())
    if getattr(message, "item", None) is not None:
        found.outputs.add(hash_of(message.item))


def _named_by(blobs: BlobStore, uri: str) -> set[str]:
    """What a blob names, if it is JSON: sound, pictures and sources name nothing, and are most of what there is."""
    found: set[str] = set()
    try:
        if blobs.read(uri, 0, 1) not in (b"{", b"["):
            return found
        # an upload that begins like JSON may have any length
        for start in range(0, blobs.size(uri), _PIECE_BYTES):
            found |= named_in(blobs.read(uri, start, start + _PIECE_BYTES + _NAME_BYTES))
    except BlobMissing:
        pass
    return found


def _decoded(spec: TopicSpec[Any], raw: bytes | None) -> Any:
    try:
        return codec.decode(spec, raw)
    except ClipstreamError:
        return None  # nobody worked on it


def _id_of(message: VideoIngested) -> str | None:
    try:
        return identity.request_of(message).video_id
    except ClipstreamError:
        return None


__all__ = ["Footprint", "Share", "footprint"]
