"""A real Postgres for tests, and messages as the agents publish them, made of a few words."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from psycopg import sql

from ops.local.errors import StartFailed
from ops.local.ports import choose_port
from ops.local.postgres import PostgresServer
from processors.blobs import BlobStore
from processors.content.embedding import DIMENSIONS
from processors.content.vectors import encoded
from processors.domain import ChunkContent, Document, Reason, Segment, SentenceFacts
from processors.options import Options
from processors.segments.parts import dump_json
from schemas.messages import ContentResultMessage, Header, Run, Segments, StageRun
from streams import codec, topics
from streams.database import migrate
from streams.database.connection import connect
from streams.settings import Settings
from tests.pipeline import until
from tests.unit.segments.builders import utterance

DAY = ("the tides follow the moon", "running water turns mills", "bees make honey in summer")


@dataclass(frozen=True)
class Database:
    """A server and settings with a database of one's own on it."""

    server: PostgresServer
    settings: Settings

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        with connect(self.settings) as connection:
            return connection.execute(statement).fetchall()

    def kill(self) -> None:
        """SIGKILL, and it is gone."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.server.pid is None, "Postgres is gone")

    def start(self) -> None:
        """Start it again, in the same folder and on the same port."""
        self.server.stop()
        self.server.spawn(int(self.settings.database_url.rsplit(":", 1)[1].partition("/")[0]))
        self.server.wait_ready()


@contextmanager
def running(folder: Path, install: Path | None = None) -> Iterator[Database]:
    """A server in a folder, which may be there already."""
    # kills of the server lose nothing by it, and thirty databases are written at its end in half a minute
    server = PostgresServer(folder / "postgres", folder / "logs", install, durable=False)
    try:
        server.spawn(choose_port(None, "Postgres"))
        try:
            server.wait_ready()
        except StartFailed:
            if "Address already in use" not in server.log_tail():
                raise
            server.spawn(choose_port(None, "Postgres"))  # another program was quicker to take the port that was free
            server.wait_ready()
        yield Database(server, Settings(data_dir=folder, database_url=server.url))
    finally:
        server.stop()


def fresh(database: Database, *, upgraded: bool = True, **changes: Any) -> Database:
    """A database of its own on the same server, with the tables."""
    name = f"t{uuid4().hex[:12]}"
    if upgraded and not database.rows(f"SELECT 1 FROM pg_database WHERE datname = '{_UPGRADED}'"):
        migrate.upgrade(_made(database, _UPGRADED, "template1", {}).settings)
    return _made(database, name, _UPGRADED if upgraded else "template1", changes)


_UPGRADED = "upgraded"  # a database with the tables, of which others are copies: a tenth of the time of making them


def _made(database: Database, name: str, model: str, changes: dict[str, Any]) -> Database:
    with connect(database.settings) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(model)))
    url = database.settings.database_url.rpartition("/")[0] + f"/{name}"
    return Database(database.server, database.settings.model_copy(update={"database_url": url, **changes}))


def segment(video_id: str, rank: int, text: str, start_ms: int, end_ms: int) -> Segment:
    """A ranked piece."""
    return Segment(
        f"{video_id}-{start_ms}-{end_ms}", rank, start_ms, end_ms, 1.0 / rank, 0.5, text.title(), text,
        [Reason("speech", 0.5, 1.0, "words")], None, ["S1"], ["tides"],
    )  # fmt: skip


def document(words: tuple[str, ...], language: str = "en") -> Document:
    """One utterance of each text, ten seconds apart."""
    return Document(transcript=[utterance(text, 10_000 * n, language) for n, text in enumerate(words)])


def result(
    blobs: BlobStore, video_id: str, generation: int = 0, revision: int = 1, *, enriched: bool = False,
    words: tuple[str, ...] = DAY, language: str = "en", **changes: Any,
) -> Segments:  # fmt: skip
    """A result with its document: one segment of each text."""
    uri = blobs.put(dump_json(document(words, language)))
    run = Run([StageRun("transcriber", 40, 3, 1), StageRun("segmenter", 5, 1, 0)], ["tiny.en"], 0.25, 1_000, 2_000)
    ranked = [segment(video_id, n + 1, text, 10_000 * n, 10_000 * n + 9_000) for n, text in enumerate(words)]
    values: dict[str, Any] = {
        "video_id": video_id, "generation": generation, "revision": revision, "enriched": enriched, "status": "final",
        "error": None, "duration_ms": 60_000, "title": f"About {video_id}", "languages": [language],
        "confidence": 0.5, "segments": ranked, "missing": [], "request_digest": None, "document_uri": uri, "run": run,
    }  # fmt: skip
    return Segments(**{**values, **changes})


def content(
    video_id: str, index: int = 0, generation: int = 0, words: tuple[str, ...] = DAY, seed: int = 0
) -> ContentResultMessage:
    """What a chunk's sentences mean: vectors out of a seed, at the times of `document`."""
    random = np.random.default_rng(seed)
    header = Header(video_id, generation, "content", index, "ok", None, 1, Options(), None, 1, False)
    sentences = [
        SentenceFacts(
            10_000 * n, 10_000 * n + 2_000, text, "en", encoded(random.normal(size=DIMENSIONS).astype(np.float32)),
            0.0, "teach", 0.5,
        )
        for n, text in enumerate(words)
    ]  # fmt: skip
    return ContentResultMessage(header, ChunkContent(0, 29_000, sentences), None)


@dataclass
class Record:
    """As Faust hands it over."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0

    @property
    def tp(self) -> tuple[str, int]:
        """Its partition."""
        return self.topic, self.partition


def record(settings: Settings, message: Segments | ContentResultMessage) -> Record:
    """A message on its topic."""
    spec = topics.SEGMENTS if isinstance(message, Segments) else topics.CONTENT_RESULT
    video_id = message.video_id if isinstance(message, Segments) else message.header.video_id
    return Record(settings.topic(spec.name), video_id.encode(), codec.encode(spec, message))


def erasure(settings: Settings, video_id: str) -> Record:
    """A record without a value."""
    return Record(settings.topic(topics.SEGMENTS.name), video_id.encode(), None)


__all__ = ["DAY", "Database", "Record", "content", "document", "erasure", "fresh", "record", "result", "running"]
