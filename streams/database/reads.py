"""Reading from the database, for whoever serves people: plain functions over a pool, dataclasses in and out.

Each statement is a transaction of its own on a connection of the pool, and statements that need nothing of one another
run side by side. Behind a transaction pooler that is what it gives.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from processors.errors import ClipstreamError, InvalidMessage
from streams.database import search as searching
from streams.database.connection import CONNECT_TIMEOUT_S, DatabaseAway, meaning_of, options_of, place_of
from streams.database.search import DEPTH, MAX_HITS, Hit, Kind, Query
from streams.database.vectors import MISSING
from streams.settings import Settings

T = TypeVar("T")
MAX_PAGE: Final = 500
_LEAST_EF: Final = 40  # pgvector's own: how many candidates its index looks at, and at most gives
_MOST_EF: Final = 1_000


@dataclass(frozen=True, slots=True)
class Pool:
    """Connections to one database.

    Args:
        connections: as psycopg pools them.
        where: the address for people.
        timeout_s: longest statement.
    """

    connections: AsyncConnectionPool[psycopg.AsyncConnection[Any]]
    where: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Video:
    """A video and its newest result, without what has tables of its own."""

    video_id: str
    generation: int
    revision: int
    enriched: bool
    status: str
    error: str | None
    title: str
    duration_ms: int
    until_ms: int | None
    confidence: float
    languages: list[str]
    missing: list[str]
    suggestions: list[str]
    models: list[str]
    cost_usd: float
    started_at_ms: int
    finished_at_ms: int
    request_digest: str | None
    document_uri: str | None


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A ranked piece of a video; `details` has reasons, platforms and what else a result says of it."""

    segment_id: str
    rank: int
    start_ms: int
    end_ms: int
    score: float
    confidence: float
    language: str
    title: str
    text: str
    description: str
    speakers: list[str]
    topics: list[str]
    hashtags: list[str]
    details: dict[str, Any]
    keyframe_uri: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage took and cost."""

    stage: str
    service: str
    cost_usd: float
    took_ms: int
    records: int
    cached: int


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance."""

    position: int
    start_ms: int
    end_ms: int
    speaker: str | None
    language: str
    text: str
    overlapped: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some videos, the last finished first.

    Args:
        videos: of this page.
        after: asks for the next one; None where this was the last.
    """

    videos: list[Video]
    after: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """A video with its segments, best first, and what its stages cost."""

    video: Video
    segments: list[StoredSegment]
    costs: list[Cost]


@asynccontextmanager
async def pool_of(settings: Settings) -> AsyncIterator[Pool]:
    """A pool of connections; opened at first use, so a database that is away does not keep its user from starting.

    Raises:
        ClipstreamError: no database is set.
    """
    options = options_of(settings)
    connections: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
        options.pop("conninfo"),
        kwargs={**options, "autocommit": True},
        min_size=0,
        max_size=settings.database_connections,
        timeout=CONNECT_TIMEOUT_S,
        open=False,
    )
    await connections.open()
    try:
        yield Pool(connections, place_of(settings), settings.database_timeout_s)
    finally:
        await connections.close()


async def list_videos(
    pool: Pool, *, status: str | None = None, language: str | None = None, after: str | None = None, limit: int = 50
) -> Page:
    """Videos, the last finished first.

    Args:
        pool: of `pool_of`.
        status: only those with this status; None for all.
        language: only those in which it is spoken, as its code; None for all.
        after: of the page before; None for the first one.
        limit: most of them, at most `MAX_PAGE`.

    Raises:
        InvalidMessage: `after` is none that this gave.
        DatabaseAway, DatabaseUnusable: see `streams.database.connection`.
    """
    finished_at_ms, video_id = _place(after) if after is not None else (None, None)
    size = max(1, min(limit, MAX_PAGE))
    found = await _select(
        pool,
        Video,
        "clipstream.videos",
        """
        WHERE (%(status)s::text IS NULL OR status = %(status)s)
          AND (%(language)s::text IS NULL OR languages ? %(language)s)
          AND (%(finished)s::bigint IS NULL OR (finished_at_ms, video_id) < (%(finished)s, %(video)s))
        ORDER BY finished_at_ms DESC, video_id DESC LIMIT %(limit)s
        """,
        {"status": status, "language": language, "finished": finished_at_ms, "video": video_id, "limit": size + 1},
    )
    videos = found[:size]
    return Page(videos, _after(videos[-1]) if len(found) > size else None)


async def video(pool: Pool, video_id: str) -> Detail | None:
    """One video with its segments and costs; None where the database has none of that id.

    Raises:
        DatabaseAway, DatabaseUnusable: see `streams.database.connection`.
    """
    which = {"video": video_id}
    where = "WHERE video_id = %(video)s"
    videos, segments, costs = await asyncio.gather(
        _select(pool, Video, "clipstream.videos", where, which),
        _select(pool, StoredSegment, "clipstream.segments", f"{where} ORDER BY rank, segment_id", which),
        _select(pool, Cost, "clipstream.costs", f"{where} ORDER BY stage, service", which),
    )
    return Detail(videos[0], segments, costs) if videos else None


async def transcript(pool: Pool, video_id: str, *, after: int = -1, limit: int = 1_000) -> list[Said]:
    """Utterances of a video in time order.

    Args:
        pool: of `pool_of`.
        video_id: the video.
        after: position of the last one that is known already.
        limit: most of them.

    Raises:
        DatabaseAway, DatabaseUnusable: see `streams.database.connection`.
    """
    tail = "WHERE video_id = %(video)s AND position > %(after)s ORDER BY position LIMIT %(limit)s"
    return await _select(pool, Said, "clipstream.utterances", tail, {"video": video_id, "after": after, "limit": limit})


async def search(pool: Pool, query: Query) -> list[Hit]:
    """What is found, best first: by words, and with a vector by meaning as well.

    Raises:
        ClipstreamError: there is a vector, and the database has none.
        DatabaseAway, DatabaseUnusable: see `streams.database.connection`.
    """
    limit = max(1, min(query.limit, MAX_HITS))
    asked: dict[str, Any] = {"words": query.words, "video_id": query.video_id, "limit": DEPTH * limit}
    if query.vector is not None and not await has_vectors(pool):
        raise ClipstreamError("The database has no vectors, so it cannot be searched by meaning.", MISSING)
    waiting = {"words": [_found(pool, kind, searching.words_statement(kind), asked) for kind in query.kinds]}
    if query.vector is not None:
        near = {**asked, "vector": "[" + ",".join(map(str, query.vector)) + "]"}
        within = query.video_id is not None
        statements = {kind: searching.meaning_statement(kind, within=within) for kind in query.kinds}
        waiting["meaning"] = [_found(pool, kind, statement, near) for kind, statement in statements.items()]
    found = iter(await asyncio.gather(*(one for list_ in waiting.values() for one in list_)))
    return searching.together({name: [next(found) for _ in list_] for name, list_ in waiting.items()}, limit)


async def has_vectors(pool: Pool) -> bool:
    """Whether it can be searched by meaning."""
    return bool(
        await _rows(
            pool,
            "SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('clipstream.segments') "
            "AND attname = 'vector' AND NOT attisdropped",
            {},
        )
    )


async def _found(pool: Pool, kind: Kind, statement: str, arguments: dict[str, Any]) -> list[Hit]:
    return searching.hits_of(kind, await _rows(pool, statement, arguments, ef_search=arguments["limit"]))


async def _select(pool: Pool, form: type[T], table: str, tail: str, arguments: dict[str, Any]) -> list[T]:
    names = ", ".join(one.name for one in fields(form))  # type: ignore[arg-type]
    return [form(*row) for row in await _rows(pool, f"SELECT {names} FROM {table} {tail}", arguments)]


async def _rows(
    pool: Pool, statement: str, arguments: dict[str, Any], ef_search: int | None = None
) -> list[tuple[Any, ...]]:
    try:
        async with pool.connections.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await cursor.execute(f"SET LOCAL statement_timeout = '{round(pool.timeout_s * 1000)}ms'")
            if ef_search is not None:
                await cursor.execute(f"SET LOCAL hnsw.ef_search = {max(_LEAST_EF, min(ef_search, _MOST_EF))}")
            await cursor.execute(statement, arguments)
            return await cursor.fetchall()
    except PoolTimeout as error:
        raise DatabaseAway(f"The database {pool.where} cannot be reached.", "Check that it runs.") from error
    except psycopg.Error as error:
        raise meaning_of(error, pool.where) from error


def _place(after: str) -> tuple[int, str]:
    try:
        finished_at_ms, video_id = json.loads(base64.urlsafe_b64decode(after.encode()))
        return int(finished_at_ms), str(video_id)
    except (ValueError, TypeError) as error:
        raise InvalidMessage("There is no such page.", "Begin with the first one.") from error


def _after(last: Video) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.finished_at_ms, last.video_id]).encode()).decode()


__all__ = [
    "Cost",
    "Detail",
    "Page",
    "Pool",
    "Said",
    "StoredSegment",
    "Video",
    "has_vectors",
    "list_videos",
    "pool_of",
    "search",
    "transcript",
    "video",
]
