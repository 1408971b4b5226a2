"""Dead letters from the reader's side: which there are, which were sent again, and sending them again.

A message is known by where it was: `topic:partition:offset`; several stages may have given up on one. A message that is
sent again carries that id in a Kafka header, so nobody sends it twice; and if somebody did, parts are idempotent, so
nothing would change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from processors.errors import ClipstreamError
from schemas.messages import DeadLetter
from streams import codec, connection, topics
from streams.client import read_all, read_records
from streams.codec import readable, to_wire
from streams.connection import client_options
from streams.dead_letters import MAX_KEY_BYTES, MAX_RAW_BYTES
from streams.settings import Settings

REQUEUED_HEADER: Final = "clipstream-requeued"
# What differs between letters of one kind: what a reason quotes, bytes in hex, digests, and numbers.
_OWN: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f]{2}(?: [0-9a-f]{2})*\b|\b[0-9a-f]{16,}\b|\d+")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and what became of it."""

    letter: DeadLetter
    requeued: bool

    @property
    def id(self) -> str:
        """Where the message was."""
        return letter_id(self.letter)

    def to_json(self, settings: Settings) -> dict[str, Any]:
        """All of it, the message decoded where it can be."""
        letter = self.letter
        return {
            "id": self.id,
            "requeued": self.requeued,
            **{name: value for name, value in to_wire(letter).items() if name not in ("key", "value")},
            "key": readable(letter.key),
            "message": _decoded(letter, settings),
        }


@dataclass(frozen=True, slots=True)
class Kind:
    """Dead letters of one stage, topic and reason.

    Attributes:
        count: how many.
        waiting: of them not sent again.
        first_ms: when the oldest was written, wall time.
        last_ms: when the newest was.
        example: the newest.
    """

    count: int
    waiting: int
    first_ms: int
    last_ms: int
    example: Letter

    def to_json(self) -> dict[str, Any]:
        """All of it, with the id and the reason of the newest."""
        letter = self.example.letter
        return {
            "count": self.count, "waiting": self.waiting, "stage": letter.stage, "topic": letter.topic,
            "error_class": letter.error_class, "reason": letter.reason, "first_ms": self.first_ms,
            "last_ms": self.last_ms, "newest": self.example.id,
        }  # fmt: skip


def kinds(found: Iterable[Letter]) -> list[Kind]:
    """Letters put together by stage, topic, error and reason; what a reason quotes and its numbers do not count.

    Returns:
        The most frequent kind first.
    """
    together: dict[tuple[str, str, str, str], list[Letter]] = {}
    for one in found:
        letter = one.letter
        key = (letter.stage, letter.topic, letter.error_class, _OWN.sub("*", letter.reason))
        together.setdefault(key, []).append(one)
    made = []
    for same in together.values():
        newest = max(same, key=lambda one: one.letter.at_ms)
        first_ms = min(one.letter.at_ms for one in same)
        waiting = sum(not one.requeued for one in same)
        made.append(Kind(len(same), waiting, first_ms, newest.letter.at_ms, newest))
    return sorted(made, key=lambda kind: (-kind.count, kind.example.letter.stage, kind.example.id))


def letter_id(letter: DeadLetter) -> str:
    """The id of a letter: topic, partition and offset of its message."""
    return f"{letter.topic}:{letter.partition}:{letter.offset}"


async def letters(settings: Settings) -> list[Letter]:
    """All dead letters, oldest first; repeats after a crash count once."""
    found: dict[tuple[str, str], DeadLetter] = {}
    async for letter in read_all(settings, topics.DEAD_LETTER):
        found[letter.stage, letter_id(letter)] = letter
    sent = await _requeued(settings, {letter.topic for letter in found.values()})
    ordered = sorted(found.values(), key=lambda letter: (letter.at_ms, letter_id(letter), letter.stage))
    return [Letter(letter, letter_id(letter) in sent) for letter in ordered]


async def requeue(settings: Settings, chosen: Iterable[Letter]) -> list[Letter]:
    """Send messages again to the topic and partition where they were, each once; those that were are left out.

    Returns:
        One letter of each message that was sent.

    Raises:
        ClipstreamError: a message was too large to be kept whole, or is a result.
    """
    waiting = list({letter.id: letter for letter in chosen if not letter.requeued}.values())
    for letter in waiting:
        if is_result(letter, settings):
            raise ClipstreamError(
                f"{letter.id} is a result; sent again it would be the last one of its video, and the topic keeps that.",
                _remedy(letter.letter),
            )
        if len(letter.letter.value or b"") >= MAX_RAW_BYTES or len(letter.letter.key or b"") >= MAX_KEY_BYTES:
            raise ClipstreamError(
                f"The message of {letter.id} is not whole: only its first {MAX_RAW_BYTES:,} bytes were kept.",
                "Submit its video again.",
            )
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await connection.start(producer, settings)
    try:
        for letter in waiting:
            await producer.send_and_wait(
                letter.letter.topic,
                letter.letter.value,
                key=letter.letter.key,
                partition=letter.letter.partition,
                headers=[(REQUEUED_HEADER, letter.id.encode())],
            )
    finally:
        await connection.stop(producer)
    return waiting


def _remedy(letter: DeadLetter) -> str:
    """What does for a result what its stage did not; the sink and the webhooks are none that a replay begins with."""
    if letter.stage == "sink":
        return "`clipstream db refill` writes all results into the database again."
    replay = f"clipstream replay --video {letter.video_id or 'ID'} --from"
    if letter.stage == "webhooks":
        return f"Only the result of a replay calls again: `{replay} segmenter`."
    return f"`{replay} {letter.stage}`"


def is_result(letter: Letter, settings: Settings) -> bool:
    """Whether its message is a result, which enricher, sink or webhooks gave up on; it is there all the same."""
    return letter.letter.topic == settings.topic(topics.SEGMENTS.name)


async def _requeued(settings: Settings, names: set[str]) -> set[str]:
    """Ids of the letters whose message was sent again to one of these topics."""
    found = set()
    for spec in topics.ALL:
        if settings.topic(spec.name) in names:
            async for record in read_records(settings, spec):
                found |= {value.decode() for name, value in record.headers if name == REQUEUED_HEADER}
    return found


def _decoded(letter: DeadLetter, settings: Settings) -> Any:
    """The message as JSON where its bytes are a record of their topic, else as text or hex."""
    for spec in topics.ALL:
        if settings.topic(spec.name) == letter.topic:
            try:
                return to_wire(codec.decode(spec, letter.value))
            except ClipstreamError:  # by a newer build, or by a schema that only an absent registry knows
                break
    return readable(letter.value)


__all__ = ["Kind", "Letter", "is_result", "kinds", "letter_id", "letters", "requeue"]
