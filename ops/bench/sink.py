"""How fast rows come into the database: `clipstream bench sink`.

The same rows four ways into the same tables, in turn and several rounds of it, on a Postgres of its own whose disk is
waited for: the sink's transaction with its rows as arrays, the same with a COPY into a table of the transaction, and
one INSERT a row, each committed by itself and all in one transaction. The single ones may prepare their statements,
which the sink does not, since poolers know none. Tables are emptied before each; what is timed is the writing alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import psycopg

from ops.bench.highlights.talks import talk
from ops.bench.machine import describe
from ops.local.ports import choose_port
from ops.local.postgres import PostgresServer
from processors.content.embedding import DIMENSIONS
from processors.content.vectors import encoded
from processors.domain import ChunkContent, Document, Reason, Segment, SentenceFacts, Utterance
from processors.options import Options
from schemas.messages import ContentResultMessage, Header, Run, Segments, StageRun
from streams.database import migrate
from streams.database.batch import Plan, Rows, result_rows, sentence_rows
from streams.database.connection import connect, options_of
from streams.database.staging import Stage, by_arrays, by_copy
from streams.database.tables import ALL, Table
from streams.database.write import write
from streams.settings import Settings

SEED: Final = 1
SEGMENTS: Final = 10  # of a video
ALONE: Final = 50  # results that are written in a transaction each, as an idle sink does
TALKS: Final = 20  # different texts; videos have them in turn
STAGES: Final = ("metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "segmenter")
SINGLE: Final = ("single, autocommit", "single, one transaction")
BATCHED: Final[dict[str, Stage]] = {"batch, arrays": by_arrays, "batch, COPY": by_copy}

OnStep = Callable[[str, int, int], None]
Batch = tuple[Plan, Rows]


def run(
    videos: int, rounds: int, settings: Settings, on_step: OnStep = lambda name, done, total: None
) -> dict[str, Any]:
    """Measure; returns the JSON of the benchmark contract.

    Args:
        videos: with some 70 utterances each, > 0.
        rounds: of all ways, > 0; the median counts.
        settings: limits of a batch.
        on_step: told the next step, how many are done, and how many there are.
    """
    results, sentences = list(batches(videos, settings)), list(meanings(videos // 10 or 1, settings))
    alone = list(batches(min(videos, ALONE), settings.model_copy(update={"sink_batch_records": 1})))
    parts = {"results": results, "sentences": sentences, "one result each": alone}
    steps = [
        (part, name)
        for _ in range(rounds)
        for part in parts
        for name in (BATCHED if part == "one result each" else (*SINGLE, *BATCHED))
    ]
    seconds: dict[tuple[str, str], list[float]] = {}
    repeats: list[float] = []
    with TemporaryDirectory() as folder, _server(Path(folder), settings) as there:
        for number, (part, name) in enumerate(steps):
            on_step(f"{part}: {name}", number, len(steps))
            _empty(there)
            seconds.setdefault((part, name), []).append(_timed(there, name, parts[part]))
            if (part, name) == ("results", "batch, arrays"):
                repeats.append(_timed(there, name, parts[part]))
    on_step("", len(steps), len(steps))
    counts = {part: _count(made) for part, made in parts.items()}
    rows = [
        {
            "item": f"{part}: {name}",
            "rows": counts[part],
            "seconds": round(statistics.median(taken), 3),
            "rows_per_s": round(counts[part] / statistics.median(taken)),
            "all_seconds": [round(one, 3) for one in taken],
        }
        for (part, name), taken in seconds.items()
    ]
    speed = {str(row["item"]): float(str(row["rows_per_s"])) for row in rows}
    best = max(BATCHED, key=lambda name: speed[f"results: {name}"])
    return {
        "bench": "sink",
        "machine": describe(),
        "rows": rows,
        "pooled": {
            "videos": videos,
            "rounds": rounds,
            "transactions": len(results),
            "best": best,
            "times_autocommit": round(speed[f"results: {best}"] / speed[f"results: {SINGLE[0]}"], 1),
            "times_one_transaction": round(speed[f"results: {best}"] / speed[f"results: {SINGLE[1]}"], 1),
            "repeat_rows_per_s": round(counts["results"] / statistics.median(repeats)),
        },
        "baselines": {name: speed[f"results: {name}"] for name in SINGLE},
    }


def batches(videos: int, settings: Settings) -> Iterator[Batch]:
    """Rows of results as the sink would put them together."""
    texts = [talk("test", SEED, number).utterances for number in range(min(videos, TALKS))]
    plan, rows = Plan({}, {}, {}), Rows()
    for number in range(videos):
        made = _result(f"bench{number:06}", texts[number % len(texts)])
        plan.results[made[0].video_id] = made[0]
        rows.add(result_rows(*made))
        if len(rows) >= settings.sink_batch_rows or len(plan.results) >= settings.sink_batch_records:
            rows.sort()
            yield plan, rows
            plan, rows = Plan({}, {}, {}), Rows()
    if plan.results:
        rows.sort()
        yield plan, rows


def meanings(videos: int, settings: Settings) -> Iterator[Batch]:
    """Rows of sentences with their vectors, which an index is made of."""
    random = np.random.default_rng(SEED)
    plan, rows = Plan({}, {}, {}), Rows()
    for number in range(videos):
        said = talk("test", SEED, number % TALKS).utterances
        vectors = random.normal(size=(len(said), DIMENSIONS)).astype(np.float32)
        header = Header(f"bench{number:06}", 0, "content", 0, "ok", None, 1, Options(), None, 1, False)
        facts = [
            SentenceFacts(one.start_ms, one.end_ms, one.text, one.language, encoded(vector), 0.0, "other", 0.5)
            for one, vector in zip(said, vectors, strict=True)
        ]
        content = ContentResultMessage(header, ChunkContent(0, said[-1].end_ms, facts), None)
        plan.contents[header.video_id, 0, 0] = content
        rows.sentences.extend(sentence_rows(content))
        if len(rows) >= settings.sink_batch_rows:
            yield plan, rows
            plan, rows = Plan({}, {}, {}), Rows()
    if plan.contents:
        yield plan, rows


def _result(video_id: str, said: Sequence[Utterance]) -> tuple[Segments, Document]:
    step = max(1, len(said) // SEGMENTS)
    ranked = []
    for rank, first in enumerate(range(0, step * SEGMENTS, step), 1):
        part = said[first : first + step]
        if not part:
            break
        start_ms, end_ms = part[0].start_ms, part[-1].end_ms
        ranked.append(
            Segment(
                f"{video_id}-{start_ms}-{end_ms}", rank, start_ms, end_ms, 1.0 / rank, 0.5, part[0].text[:60],
                " ".join(one.text for one in part), [Reason("speech", 0.5, 1.0, "words")] * 5, None, ["S1"], ["talk"],
            )
        )  # fmt: skip
    run_ = Run([StageRun(stage, 100, 10, 5) for stage in STAGES], ["base"], 0.0, 0, 1)
    result = Segments(
        video_id=video_id, generation=0, revision=1, enriched=False, status="final", error=None,
        duration_ms=said[-1].end_ms, title="A talk", languages=["en"], confidence=0.5, segments=ranked, missing=[],
        request_digest=None, document_uri=None, run=run_,
    )  # fmt: skip
    return result, Document(transcript=[replace(one, words=[]) for one in said])


class _server:  # noqa: N801  a context manager that is used once
    """A Postgres with the tables."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._server = PostgresServer(folder / "postgres", folder / "logs")
        self._settings = settings.model_copy(update={"data_dir": folder})

    def __enter__(self) -> Settings:
        self._server.spawn(choose_port(None, "Postgres"))
        try:
            self._server.wait_ready()
            settings = self._settings.model_copy(update={"database_url": self._server.url})
            migrate.upgrade(settings)
        except BaseException:
            self._server.stop()
            raise
        return settings

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def _empty(settings: Settings) -> None:
    with connect(settings) as connection:
        connection.execute(f"TRUNCATE {', '.join(table.full_name for table in ALL)}")
        connection.execute("CHECKPOINT")  # what the one before wrote is not paid for by the next


def _timed(settings: Settings, name: str, made: Sequence[Batch]) -> float:
    if name in BATCHED:
        with connect(settings) as connection:
            began_s = time.perf_counter()
            for plan, rows in made:
                write(connection, settings, plan, rows, BATCHED[name])
            return time.perf_counter() - began_s
    options = {**options_of(settings), "prepare_threshold": 1}
    with psycopg.connect(**options, autocommit=name == SINGLE[0]) as connection, connection.cursor() as cursor:
        began_s = time.perf_counter()
        for _, rows in made:
            for table, told in rows.by_table():
                statement = _single(table)
                for row in told:
                    cursor.execute(statement, row)
        connection.commit()
        return time.perf_counter() - began_s


def _single(table: Table) -> str:
    values = ", ".join(f"%s::{kind}" for _, kind in table.columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in table.names[table.key :])
    return (
        f"INSERT INTO {table.full_name} ({', '.join(table.names)}) VALUES ({values}) "  # noqa: S608  of tables.py
        f"ON CONFLICT ({', '.join(table.key_names)}) DO UPDATE SET {changes}"
    )


def _count(made: Sequence[Batch]) -> int:
    return sum(len(rows) for _, rows in made)


__all__ = ["batches", "meanings", "run"]
