"""Whether the database has what the topics say: rows are counted and compared by checksums, each table of a video."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import psycopg

from processors.blobs import BlobStore
from schemas.messages import ContentResultMessage, Segments
from streams.database.batch import result_rows, sentence_rows
from streams.database.connection import connect, meaning_of, place_of
from streams.database.tables import OF_RESULTS, SENTENCES, VIDEOS, Row, Table
from streams.results import document_of
from streams.settings import Settings

Chunk = tuple[str, int, int]  # video, generation, chunk


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be.

    Args:
        video_id: of which video.
        table: where.
        wanted: rows and checksum by the topics.
        held: those of the database.
    """

    video_id: str
    table: str
    wanted: str
    held: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared.

    Args:
        videos: by the topic.
        rows: of them, by the topics.
        checksum: of all of them by the topics; the same over the database where there are no differences.
        differences: what is not the same.
    """

    videos: int
    rows: dict[str, int]
    checksum: str
    differences: list[Difference]


def checksum(table: Table, rows: Iterable[Row]) -> str:
    """Of rows in their order: the same for a row as it is written and as the database gives it back."""
    digest = hashlib.sha256()
    for row in rows:
        plain = [_plain(value, kind) for value, (_, kind) in zip(row, table.columns, strict=True)]
        digest.update(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    return digest.hexdigest()[:16]


def chunk_checksums(contents: Iterable[ContentResultMessage]) -> dict[Chunk, tuple[int, str]]:
    """Rows and checksum of each chunk of the newest generation of each video."""
    found: dict[str, dict[Chunk, tuple[int, str]]] = {}
    for content in contents:
        header = content.header
        if content.item is None:
            continue
        rows = sentence_rows(content)
        held = found.setdefault(header.video_id, {})
        newest = max((generation for _, generation, _ in held), default=header.generation)
        if header.generation > newest:
            held.clear()
        if header.generation >= newest:
            held[header.video_id, header.generation, header.index] = (len(rows), checksum(SENTENCES, rows))
    return {key: one for held in found.values() for key, one in held.items()}


def verify(
    settings: Settings, results: dict[str, Segments], chunks: dict[Chunk, tuple[int, str]], blobs: BlobStore
) -> Verified:
    """Compare.

    Args:
        settings: with a database.
        results: the newest of every video by the topic.
        chunks: of `chunk_checksums`. `content-result` keeps a month, the database all: what only it has is right.
        blobs: where the documents are.

    Raises:
        DatabaseAway, DatabaseUnusable: see `streams.database.connection`.
    """
    found: list[Difference] = []
    counts = dict.fromkeys((table.name for table in (*OF_RESULTS, SENTENCES)), 0)
    whole = hashlib.sha256()
    try:
        with connect(settings) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT video_id FROM {VIDEOS.full_name}")
            extra = {video_id for (video_id,) in cursor} - set(results)
            found += [Difference(video_id, "videos", "none", "one") for video_id in sorted(extra)]
            for video_id in sorted(results):
                rows = result_rows(results[video_id], document_of(results[video_id], blobs))
                for table, wanted in rows.by_table():
                    if table is SENTENCES:
                        continue
                    held = _held(cursor, table, video_id)
                    counts[table.name] += len(wanted)
                    there, here = _told(table, wanted), _told(table, held)
                    whole.update(f"{table.name} {video_id} {there}\n".encode())
                    if there != here:
                        found.append(Difference(video_id, table.name, there, here))
            for key, (count, sum_) in sorted(chunks.items()):
                counts[SENTENCES.name] += count
                there, kept = f"{count} rows, {sum_}", _chunk(cursor, key)
                whole.update(f"sentences {key} {there}\n".encode())
                if kept is not None and there != kept:
                    found.append(Difference(key[0], f"sentences of chunk {key[2]}", there, kept))
    except psycopg.Error as error:
        raise meaning_of(error, place_of(settings)) from error
    return Verified(len(results), counts, whole.hexdigest()[:16], found)


def _held(cursor: psycopg.Cursor[Any], table: Table, video_id: str) -> list[Row]:
    # by bytes, as Python sorts texts: the order of the database's own language is another one
    keys = ", ".join(f'{name} COLLATE "C"' if kind == "text" else name for name, kind in table.columns[: table.key])
    names = ", ".join(table.names)
    cursor.execute(f"SELECT {names} FROM {table.full_name} WHERE video_id = %s ORDER BY {keys}", [video_id])
    return cursor.fetchall()


def _chunk(cursor: psycopg.Cursor[Any], key: Chunk) -> str | None:
    """Rows and checksum of a chunk; None where the database has a newer generation of the video."""
    names = ", ".join(SENTENCES.names)
    cursor.execute(
        f"SELECT {names} FROM {SENTENCES.full_name} "
        "WHERE video_id = %s AND generation = %s AND chunk = %s ORDER BY position",
        list(key),
    )
    rows = cursor.fetchall()
    if not rows:
        cursor.execute(f"SELECT max(generation) FROM {SENTENCES.full_name} WHERE video_id = %s", [key[0]])
        newest = (cursor.fetchone() or (None,))[0]
        if newest is not None and newest > key[1]:
            return None
    return _told(SENTENCES, rows)


def _told(table: Table, rows: Sequence[Row]) -> str:
    return f"{len(rows)} rows, {checksum(table, rows)}"


def _plain(value: Any, kind: str) -> Any:
    return _number(orjson.loads(value) if kind == "jsonb" and isinstance(value, str) else value)


def _number(value: Any) -> Any:
    """A value whose whole numbers are of one kind: the database gives 1.0 in JSON back as it likes."""
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < _EXACT else value
    if isinstance(value, dict):
        return {name: _number(inner) for name, inner in value.items()}
    return [_number(inner) for inner in value] if isinstance(value, list) else value


_EXACT: Final = 2.0**53

__all__ = ["Difference", "Verified", "checksum", "chunk_checksums", "verify"]
