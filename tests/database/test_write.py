"""Batches into a real Postgres: all or nothing, never over what is newer, and the same whatever the order."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import pytest

from processors.blobs import BlobMissing, BlobStore
from schemas.messages import Control
from streams.database import migrate, staging
from streams.database.batch import Plan, Rows, plan, result_rows, sentence_rows
from streams.database.connection import DatabaseAway, DatabaseUnusable, RowsRefused, StatementTooLong, connect
from streams.database.sink import StoreAway
from streams.database.staging import by_arrays, by_copy, by_size
from streams.database.write import write
from tests.database.writing import differences, sink
from tests.databases import DAY, Database, Record, content, document, fresh, record, result, running


def test_what_is_written_is_what_the_messages_say(database, blobs):
    messages = [result(blobs, name, words=DAY[: n + 1]) for n, name in enumerate("abc")]
    messages += [content("a"), content("a", 1, seed=1), content("later")]
    found = sink(database, blobs).take([record(database.settings, one) for one in messages])
    assert (found.batches, found.videos, found.invalid) == (1, 3, [])
    assert differences(database, blobs, messages) == []
    counts = [database.rows(f"SELECT count(*) FROM clipstream.{name}")[0][0] for name in ("segments", "utterances")]
    assert counts == [6, 6]
    assert found.rows == 3 + 6 + 6 + 6 + 9


def test_differences_are_found(database, blobs):
    messages = [result(blobs, "a"), result(blobs, "b"), content("a")]
    sink(database, blobs).take([record(database.settings, one) for one in messages])
    for statement, table in [
        ("UPDATE clipstream.utterances SET text = 'x' WHERE video_id = 'a' AND position = 1", "utterances"),
        ("DELETE FROM clipstream.segments WHERE video_id = 'a' AND rank = 1", "segments"),
        ("UPDATE clipstream.costs SET cost_usd = 9 WHERE video_id = 'b' AND stage = 'segmenter'", "costs"),
        ("UPDATE clipstream.sentences SET components[1] = 0 WHERE position = 0", "sentences of chunk 0"),
        ("DELETE FROM clipstream.videos WHERE video_id = 'b'", "videos"),
    ]:
        with connect(database.settings) as connection:
            connection.execute(statement)
        assert table in {one.table for one in differences(database, blobs, messages)}, statement
    assert {one.video_id for one in differences(database, blobs, messages[:1])} == {"a"}


def test_repeats_change_nothing_and_write_nothing(database, blobs):
    records = [record(database.settings, one) for one in (result(blobs, "a"), content("a"))]
    writer = sink(database, blobs)
    writer.take(records)
    where = "SELECT video_id, xmin::text FROM clipstream.{} ORDER BY 1, 2"
    before = [database.rows(where.format(name)) for name in ("videos", "segments", "utterances", "sentences")]
    assert writer.take(records).rows == 0
    assert [database.rows(where.format(name)) for name in ("videos", "segments", "utterances", "sentences")] == before


def test_a_result_with_the_same_words_writes_only_what_changed(database, blobs):
    writer = sink(database, blobs)
    first = result(blobs, "a")
    writer.take([record(database.settings, first)])
    enriched = replace(first, enriched=True, segments=[replace(first.segments[0], title="New"), *first.segments[1:]])
    assert writer.take([record(database.settings, enriched)]).rows == 2, "the video and one segment"
    assert differences(database, blobs, [enriched]) == []


def test_a_lower_one_never_overwrites_a_higher_one(database, blobs):
    """Each order of four results, with the lowest of them again after each."""
    writer, last = sink(database, blobs), []
    for order in itertools.permutations(range(4)):
        name = "v" + "".join(map(str, order))
        results = [
            result(blobs, name, 0, 1, words=DAY[:1], status="provisional", until_ms=9_000),
            result(blobs, name, 0, 2),
            result(blobs, name, 0, 2, enriched=True, words=(*DAY[:2], "another end")),
            result(blobs, name, 1, 1, words=DAY[1:]),
        ]
        for number in order:
            writer.take([record(database.settings, results[number])])
            writer.take([record(database.settings, results[0])])
        last.append(results[3])
    assert differences(database, blobs, last) == []


def test_provisional_results_are_there_until_the_final_one_replaces_them(database, blobs):
    writer = sink(database, blobs)
    writer.take([record(database.settings, result(blobs, "v", 0, 1, words=DAY[:1], status="provisional"))])
    assert database.rows("SELECT status FROM clipstream.videos") == [("provisional",)]
    writer.take([record(database.settings, result(blobs, "v", 0, 2))])
    assert database.rows("SELECT status, revision FROM clipstream.videos") == [("final", 2)]
    assert database.rows("SELECT count(*) FROM clipstream.utterances") == [(3,)]


def test_sentences_of_a_newer_generation_replace_all_of_the_older_one(database, blobs):
    writer = sink(database, blobs)
    old, new = [content("v", n, 0) for n in (0, 1)], [content("v", 0, 1, seed=5)]
    for one in (*old, *new, *old):
        writer.take([record(database.settings, one)])
    assert database.rows("SELECT DISTINCT generation, chunk FROM clipstream.sentences") == [(1, 0)]
    assert differences(database, blobs, [*old, *new]) == []


def test_sentences_that_a_repeat_has_no_more_are_gone(database, blobs):
    """A chunk is told again with fewer: the last ones go, and segments mean the others."""
    first, other = content("v"), content("v", 1, seed=3)
    again, empty = content("v", words=DAY[:2]), content("v", 1, words=(), seed=3)
    writer = sink(database, blobs)
    writer.take([record(database.settings, one) for one in (result(blobs, "v"), first, other)])
    writer.take([record(database.settings, again)])
    assert differences(database, blobs, [result(blobs, "v"), again, other]) == []
    writer.take([record(database.settings, empty)])
    assert differences(database, blobs, [result(blobs, "v"), again, empty]) == []
    without = "SELECT rank FROM clipstream.segments WHERE vector IS NULL"
    assert database.rows(without) == [(3,)], "its sentence is gone"


def test_what_a_cancelled_video_means_is_kept(database, blobs):
    """A final video whose second look is called off; one that is erased is not."""
    made = [content(name) for name in ("cancelled", "erased")]
    orders = [Control("cancelled", "cancel", 1, 0), Control("erased", "erase", 1, 0)]
    sink(database, blobs, *orders).take([record(database.settings, one) for one in made])
    assert database.rows("SELECT DISTINCT video_id FROM clipstream.sentences") == [("cancelled",)]


def test_a_record_that_nobody_can_read_is_told_and_the_others_are_written(database, blobs):
    bad = Record(database.settings.topic("segments"), b"x", b"no record of ours")
    found = sink(database, blobs).take([bad, record(database.settings, result(blobs, "a"))])
    assert [one for one, _ in found.invalid] == [bad]
    assert found.videos == 1


def test_a_store_that_is_not_there_is_waited_for_and_takes_no_transcript_away(database, blobs, tmp_path):
    """A folder that is not mounted is absent, or empty; what was written of the revision before stays."""
    first, second = result(blobs, "v"), result(blobs, "v", 0, 2, words=(*DAY[:2], "another end"))
    sink(database, blobs).take([record(database.settings, first)])
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (empty, tmp_path / "absent"):
        with pytest.raises(StoreAway) as told:
            sink(database, BlobStore(str(folder))).take([record(database.settings, second)])
        assert "CLIPSTREAM_STORE_URL" in told.value.remedy
    assert differences(database, blobs, [first]) == []
    sink(database, blobs).take([record(database.settings, second)])
    assert differences(database, blobs, [second]) == []


def test_a_result_whose_document_is_lost_is_told_and_the_others_are_written(database, blobs, tmp_path):
    other = BlobStore(str(tmp_path))
    first, fine = result(other, "lost"), result(other, "fine")
    lost = replace(result(blobs, "lost", 0, 2, words=("in the other store",)))
    records = [record(database.settings, one) for one in (fine, lost)]
    writer = sink(database, other)
    writer.take([record(database.settings, first)])
    found = writer.take(records)
    [(told, error)] = found.invalid
    assert told is records[1]
    assert isinstance(error, BlobMissing)
    assert differences(database, other, [first, fine]) == []
    gone = sink(database, other, Control("lost", "erase", 1, 0)).take(records)
    assert gone.invalid == [], "its erasure took the document"


def test_rows_that_are_not_as_the_topic_says_are_mended_by_a_refill(database, blobs):
    made = result(blobs, "v")
    sink(database, blobs).take([record(database.settings, made)])
    with connect(database.settings) as connection:
        connection.execute("DELETE FROM clipstream.utterances WHERE position > 0")
    sink(database, blobs).take([record(database.settings, made)])
    assert [one.table for one in differences(database, blobs, [made])] == ["utterances"]
    refilling = sink(database, blobs, again=True)
    assert refilling.take([record(database.settings, made)]).rows == 2
    assert differences(database, blobs, [made]) == []
    assert refilling.take([record(database.settings, made)]).rows == 0
    assert refilling.take([record(database.settings, replace(made, revision=0, segments=[]))]).rows == 0


def test_a_statement_above_its_limit_is_no_outage_and_less_at_a_time_goes(database, blobs):
    with connect(database.settings) as connection:
        # above any limit with more than one row, and no time at all with one
        body = "BEGIN IF (SELECT count(*) FROM added) > 1 THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END"
        connection.execute(f"CREATE FUNCTION clipstream.slow() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        added = "AFTER INSERT ON clipstream.videos REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
        connection.execute(f"CREATE TRIGGER slow {added} EXECUTE FUNCTION clipstream.slow()")
    short = Database(database.server, database.settings.model_copy(update={"database_timeout_s": 10.0}))
    messages = [result(blobs, f"v{n}") for n in range(3)]
    writer = sink(short, blobs)
    with pytest.raises(StatementTooLong) as told:
        writer.take([record(short.settings, one) for one in messages])
    assert "CLIPSTREAM_DATABASE_TIMEOUT_S" in told.value.remedy
    for one in messages:
        writer.take([record(short.settings, one)])
    assert differences(database, blobs, messages) == []


def test_a_value_that_no_table_takes_is_refused_and_nothing_of_its_batch_is_there(database, blobs):
    made = result(blobs, "bad")
    bad = replace(made, segments=[replace(made.segments[0], rank=2**31)])
    with pytest.raises(RowsRefused):
        sink(database, blobs).take([record(database.settings, one) for one in (result(blobs, "good"), bad)])
    assert database.rows("SELECT video_id FROM clipstream.videos") == []


def test_two_that_have_the_same_videos_in_opposite_orders_never_wait_for_each_other(database, blobs):
    """Batches of the same forty videos from two threads, revisions mixed: no deadlock, and the highest is there."""
    revisions = [[result(blobs, f"v{n:02}", 0, r, words=DAY[: 1 + r % 3]) for n in range(40)] for r in range(1, 5)]
    errors: list[BaseException] = []

    def write_all(order: list[int], backwards: bool) -> None:
        writer = sink(database, blobs)
        try:
            for number in order:
                chosen = revisions[number][::-1] if backwards else revisions[number]
                writer.take([record(database.settings, one) for one in chosen])
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=write_all, args=([0, 2, 1, 3], False)),
        threading.Thread(target=write_all, args=([3, 1, 2, 0], True)),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    deadlocks = database.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == [(0,)]
    assert differences(database, blobs, revisions[-1]) == []


@pytest.mark.parametrize("stage", [by_arrays, by_copy, by_size])
def test_all_ways_of_staging_write_the_same(database, blobs, stage, monkeypatch):
    monkeypatch.setattr(staging, "COPY_FROM_ROWS", 4)  # videos as arrays, segments by COPY
    messages = [result(blobs, name) for name in "abc"] + [content("a"), content("b")]
    found, rows = plan(messages), Rows()
    for one in found.results.values():
        rows.add(result_rows(one, document(DAY)))
    for told in found.contents.values():
        rows.sentences.extend(sentence_rows(told))
    rows.sort()
    with connect(database.settings) as connection:
        for _ in range(2):
            write(connection, database.settings, found, rows, stage)
    assert differences(database, blobs, messages) == []


def test_limits_part_a_batch_into_transactions(database, blobs):
    part = Database(database.server, database.settings.model_copy(update={"sink_batch_rows": 10}))
    messages = [result(blobs, f"v{n}") for n in range(5)] + [content("v0", n) for n in range(5)]
    found = sink(part, blobs).take([record(part.settings, one) for one in messages])
    # a result has nine rows, a chunk three: two results, two, one and a chunk, four chunks
    assert found.batches == 4
    assert differences(part, blobs, messages) == []


def test_without_tables_it_says_what_to_run(postgres, blobs):
    bare = fresh(postgres, upgraded=False)
    with pytest.raises(DatabaseUnusable, match="has not the tables") as told:
        sink(bare, blobs).take([record(bare.settings, result(blobs, "v"))])
    assert "clipstream db upgrade" in told.value.remedy
    migrate.upgrade(bare.settings)
    sink(bare, blobs).take([record(bare.settings, result(blobs, "v"))])


def test_a_wrong_password_is_no_outage_and_is_not_shown(postgres, blobs):
    url = postgres.settings.database_url.replace("clipstream@", "clipstream:hunter2@")
    wrong = postgres.settings.model_copy(update={"database_url": url})
    with pytest.raises(DatabaseUnusable) as told:
        connect(wrong)
    assert "hunter2" not in f"{told.value.reason}{told.value.remedy}"


def test_a_server_that_is_killed_is_away_and_its_rows_are_there_when_it_is_back(tmp_path, blobs):
    with running(tmp_path) as database:
        migrate.upgrade(database.settings)
        writer = sink(database, blobs)
        writer.take([record(database.settings, result(blobs, "a"))])
        database.kill()
        with pytest.raises(DatabaseAway):
            writer.take([record(database.settings, result(blobs, "b"))])
        database.start()
        writer.take([record(database.settings, result(blobs, "b"))])
        assert differences(database, blobs, [result(blobs, "a"), result(blobs, "b")]) == []
        assert (tmp_path / "postgres" / "password").stat().st_mode & 0o077 == 0


def test_nothing_of_a_session_is_left_behind_a_transaction(database, blobs):
    """What a transaction pooler asks: nothing prepared, no lock, no table, no setting that outlives the transaction."""
    writer = sink(database, blobs)
    for n in range(8):  # psycopg would prepare at the fifth
        writer.take([record(database.settings, one) for one in (result(blobs, f"v{n}"), content(f"v{n}"))])
    assert writer._connection is not None
    with connect(database.settings) as connection:
        found = Plan((), {"w": result(blobs, "w")}, {})
        write(connection, database.settings, found, result_rows(found.results["w"], document(DAY)), by_copy)
        for held in (connection, writer._connection):
            for statement in (
                "SELECT 1 FROM pg_prepared_statements",
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
                "SELECT 1 FROM pg_class WHERE relpersistence = 't'",
                "SELECT 1 FROM pg_settings WHERE name = 'statement_timeout' AND setting <> '0'",
            ):
                assert held.execute(statement).fetchall() == [], statement
