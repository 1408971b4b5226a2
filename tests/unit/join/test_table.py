"""The table on Faust: order of its writes, and RocksDB with the options that keep its memory flat."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust.streams
import pytest

from streams.app import TABLE_OPTIONS, create_app
from streams.join.rows import FaustTable
from streams.settings import Settings


@pytest.fixture
def table(tmp_path: Path) -> FaustTable:
    settings = Settings(data_dir=tmp_path, broker_url="kafka://127.0.0.1:1")
    return FaustTable(create_app(settings, "joiner"))


@contextmanager
def event(partition: int) -> Any:
    """As within the agent's current event."""
    happening = SimpleNamespace(message=SimpleNamespace(partition=partition))
    token = faust.streams._current_event.set(lambda: happening)
    try:
        yield
    finally:
        faust.streams._current_event.reset(token)


def test_the_changelog_comes_first_then_the_store_then_the_offset(table, monkeypatch):
    """A crash in between leaves a store that recovery brings up, and never one that knows more than the changelog."""
    done: list[tuple[str, Any]] = []
    offsets = iter(range(5, 9))

    def send_soon(**record: Any) -> Any:
        async def delivered() -> Any:
            done.append(("changelog", record["key"]))
            return SimpleNamespace(topic_partition=("changelog", 3), offset=next(offsets))

        assert record["partition"] == 3
        return delivered()

    store = table._table.data
    monkeypatch.setattr(table._table, "_changelog_topic", SimpleNamespace(send_soon=send_soon), raising=False)
    monkeypatch.setattr(store, "_set", lambda key, value: done.append(("store", key)))
    monkeypatch.setattr(store, "_del", lambda key: done.append(("deleted", key)))
    monkeypatch.setattr(store, "_get", lambda key: b"there")
    monkeypatch.setattr(store, "set_persisted_offset", lambda _tp, offset: done.append(("offset", offset)))
    asyncio.run(table.write(3, [(b"a", b"1"), (b"b", None)]))
    assert done == [
        ("changelog", b"a"), ("changelog", b"b"), ("store", b"a"), ("deleted", b"b"), ("offset", 6),
    ]  # fmt: skip


def test_states_are_found_without_reading_the_rows(table, monkeypatch):
    store = table._table.data
    with event(0):
        for number in range(50):
            store[f"v{number}|0|transcript|0".encode()] = b"a row"
        store[b"|v1"] = b"one"
        store[b"|zz"] = b"two"
        store[b"zz|0|transcript|1"] = b"a row"
    monkeypatch.setattr(store, "_dbs_for_actives", store._dbs.values)
    assert list(table.states()) == [(b"|v1", b"one"), (b"|zz", b"two")]


def test_options_reach_rocksdb(table):
    """RocksDB writes what it was opened with beside its files; its own defaults are 64 MB, 2 GiB."""
    store = table._table.data
    with event(0):
        store[b"k"] = b"v"
    database = store._dbs[0]
    written = max(Path(database.path()).glob("OPTIONS-*")).read_text()
    assert f"write_buffer_size={TABLE_OPTIONS['write_buffer_size']}\n" in written
    assert f"max_write_buffer_number={TABLE_OPTIONS['max_write_buffer_number']}\n" in written
    assert database.property_int_value("rocksdb.block-cache-capacity") == TABLE_OPTIONS["block_cache_size"]
    assert TABLE_OPTIONS["driver"] == "rocksdict", "Faust takes entries out of what it is given"
