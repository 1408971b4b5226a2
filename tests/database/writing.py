"""Sinks of these tests, which are closed behind each, and what of their rows is not as messages say."""

from __future__ import annotations

from typing import Final

from processors.blobs import BlobStore
from schemas.messages import Control
from streams.clock import SYSTEM_CLOCK
from streams.control import Orders
from streams.database.batch import plan
from streams.database.sink import Sink
from streams.database.verify import chunk_checksums, verify
from tests.databases import Database

SINKS: Final[list[Sink]] = []


def sink(database: Database, blobs: BlobStore, *orders: Control, **how: bool) -> Sink:
    known = Orders(database.settings)
    for order in orders:
        known.note(order)
    SINKS.append(Sink(database.settings, blobs, SYSTEM_CLOCK, known, **how))
    return SINKS[-1]


def differences(database: Database, blobs: BlobStore, messages) -> list:
    found = plan(messages)
    return verify(database.settings, found.results, chunk_checksums(found.contents.values()), blobs).differences


__all__ = ["SINKS", "differences", "sink"]
