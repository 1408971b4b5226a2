"""What the sink does with the records in its hand: decode, see what counts, read the documents, write. No Faust here.

It blocks, so it runs in a thread beside the event loop, one batch at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from processors.blobs import BlobMissing, BlobStore
from processors.domain import Document
from processors.errors import InvalidMessage, Retryable
from processors.media.weburl import shown
from schemas.messages import Segments
from streams import codec, topics
from streams.clock import Clock
from streams.control import Orders
from streams.database.batch import Erased, Message, Plan, Rows, plan, result_rows, sentence_rows
from streams.database.connection import DatabaseAway, connect, meaning_of, place_of
from streams.database.write import Written, held_orders, write
from streams.newest import Order
from streams.registry import RegistryAway
from streams.results import stored_document
from streams.settings import Settings


class StoreAway(Retryable):
    """The blob store is not there: its folder is absent or empty, as one that is not mounted."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    Args:
        written: by its transactions.
        invalid: records that nobody can read, and results without their document, with the reason.
        seconds: in transactions.
    """

    invalid: list[tuple[Any, InvalidMessage]] = field(default_factory=list)
    batches: int = 0
    rows: int = 0
    videos: int = 0
    seconds: float = 0.0


class Sink:
    """Writes records into the database, over one connection that is opened when it is needed.

    Args:
        settings: with a database.
        blobs: where the documents are.
        clock: to time transactions.
        orders: which generations of videos are erased; None for none.
        again: write results over those of the same (generation, revision, enriched) as well, as a refill does.
    """

    def __init__(
        self, settings: Settings, blobs: BlobStore, clock: Clock, orders: Orders | None = None, *, again: bool = False
    ) -> None:
        self._settings, self._blobs, self._clock = settings, blobs, clock
        self._orders, self._again = orders, again
        self._connection: psycopg.Connection[Any] | None = None

    def take(self, records: Sequence[Any]) -> Outcome:
        """Write what records say, in as few transactions as the settings allow, in the order of their arrival.

        Args:
            records: of the topics of this agent, with `topic`, `key` and `value`.

        Raises:
            Retryable: nothing is wrong with them; the same again later. What was written stays, and a repeat of it
                changes nothing.
            RowsRefused: one of them has something that no table takes.
            Fatal: the database does not let us work.
        """
        outcome, messages = Outcome(), []
        origins: dict[int, Any] = {}  # of messages, which are held here
        for record in records:
            try:
                if (message := self._decoded(record)) is not None:
                    messages.append(message)
                    origins[id(message)] = record
            except RegistryAway:
                raise
            except InvalidMessage as error:
                outcome.invalid.append((record, error))
        whole = plan(messages)
        try:
            self._write(whole, outcome, origins)
        except psycopg.Error as error:
            self.close()
            raise meaning_of(error, place_of(self._settings)) from error
        return outcome

    def close(self) -> None:
        """Close the connection; the next batch opens another one."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _decoded(self, record: Any) -> Message | None:
        """What a record says; None where that is nothing to us."""
        if record.topic == self._settings.topic(topics.SEGMENTS.name):
            if record.value is None:
                return self._erased(record.key.decode(errors="replace")) if record.key else None
            result = codec.decode(topics.SEGMENTS, record.value)
            # before its document is asked for, which is gone: an empty store would look like one that is not mounted
            return None if self._unwanted(result.video_id, result.generation) else result
        if record.value is None:
            return None
        content = codec.decode(topics.CONTENT_RESULT, record.value)
        if content.item is None or self._unwanted(content.header.video_id, content.header.generation):
            return None
        return content

    def _unwanted(self, video_id: str, generation: int) -> bool:
        return self._orders is not None and generation <= self._orders.erased_until(video_id)

    def _erased(self, video_id: str) -> Erased:
        until = -1 if self._orders is None else self._orders.erased_until(video_id)
        return Erased(video_id, until) if until >= 0 else Erased(video_id)

    def _document(self, result: Segments) -> Document:
        """The long part of a result; without it its transcript would be written as empty, over the one before.

        Raises:
            StoreAway: the store is not there.
            BlobMissing: it is, and the document is not in it.
        """
        try:
            return stored_document(result, self._blobs)
        except BlobMissing as error:
            if self._blobs.is_there():
                raise
            reason = f"The blob store {shown(self._blobs.url)} has nothing in it."
            raise StoreAway(reason, "Is it mounted? Check CLIPSTREAM_STORE_URL.") from error

    def _write(self, whole: Plan, outcome: Outcome, origins: Mapping[int, Any]) -> None:
        if self._connection is None:
            self._connection = connect(self._settings)
        with self._connection.cursor() as cursor:
            held = held_orders(cursor, list(whole.results))
        # what is there already needs no document; the transaction looks again, under its lock
        results = {
            video_id: result
            for video_id, result in whole.results.items()
            if video_id in whole.erased or video_id not in held or self._counts(result, held[video_id])
        }
        part, rows = Plan(whole.erased, {}, {}), Rows()
        for video_id, result in results.items():
            try:
                rows.add(result_rows(result, self._document(result)))
            except BlobMissing as error:
                if not self._unwanted(video_id, result.generation):  # its erasure takes the document first
                    outcome.invalid.append((origins[id(result)], error))
                continue
            part.results[video_id] = result
            if len(rows) >= self._settings.sink_batch_rows:
                self._transact(part, rows, outcome)
                part, rows = Plan({}, {}, {}), Rows()
        for key, content in whole.contents.items():
            part.contents[key] = content
            rows.sentences.extend(sentence_rows(content))
            if len(rows) >= self._settings.sink_batch_rows:
                self._transact(part, rows, outcome)
                part, rows = Plan({}, {}, {}), Rows()
        if part.video_ids:
            self._transact(part, rows, outcome)

    def _counts(self, result: Segments, held: Order) -> bool:
        return result.order > held or (self._again and result.order == held)

    def _transact(self, part: Plan, rows: Rows, outcome: Outcome) -> None:
        if self._connection is None:
            raise DatabaseAway("The connection to the database is closed.")
        began_s = self._clock.monotonic_s()
        rows.sort()
        written: Written = write(self._connection, self._settings, part, rows, again=self._again)
        outcome.batches += 1
        outcome.rows += written.rows
        outcome.videos += len(written.videos)
        outcome.seconds += self._clock.monotonic_s() - began_s


__all__ = ["Outcome", "Sink", "StoreAway"]
