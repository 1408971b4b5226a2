"""Rows of an erased video go, and those of others and of newer generations stay."""

from __future__ import annotations

from processors.blobs import BlobStore
from schemas.messages import Control
from streams.database.connection import connect
from streams.database.erase import erase
from streams.erasing.erase import erase_in_database
from streams.erasing.receipt import Receipt
from tests.database.writing import differences, sink
from tests.databases import content, erasure, record, result


def test_erasing_a_video_leaves_nothing_of_it_and_all_of_others(database, blobs):
    writer = sink(database, blobs)
    others = [result(blobs, "b"), content("b")]
    writer.take([record(database.settings, one) for one in (result(blobs, "a"), content("a"), *others)])
    with connect(database.settings) as connection:
        found = erase(connection, "a")
        assert found == {"sentences": 3, "costs": 2, "utterances": 3, "segments": 3, "videos": 1}
        assert set(erase(connection, "a").values()) == {0}
    assert differences(database, blobs, others) == []
    writer.take([record(database.settings, one) for one in (result(blobs, "c"), content("c"))])
    receipt = Receipt("c", 0)
    erase_in_database(database.settings, "c", receipt, 0)
    assert [(one.what, one.count) for one in receipt.erased] == [("rows in the database", 12)]
    writer.take([erasure(database.settings, "b")])
    assert database.rows("SELECT 1 FROM clipstream.videos UNION ALL SELECT 1 FROM clipstream.sentences") == []


def test_a_late_erasure_leaves_what_is_of_a_newer_generation(database, blobs):
    """Of a sink that no longer has the partition, or of a refill: what came since was written by another one."""
    order = Control("v", "erase", 1, 0)
    since = [result(blobs, "v", 1), content("v", 0, 1)]
    sink(database, blobs).take([record(database.settings, one) for one in since])
    late = sink(database, blobs, order)
    late.take([erasure(database.settings, "v")])
    assert differences(database, blobs, since) == []
    with connect(database.settings) as connection:
        assert set(erase(connection, "v", 0).values()) == {0}
    assert differences(database, blobs, since) == []
    with connect(database.settings) as connection:
        assert erase(connection, "v", 1) == {"sentences": 3, "costs": 2, "utterances": 3, "segments": 3, "videos": 1}


def test_an_erasure_takes_older_sentences_and_what_they_mean_from_a_newer_result(database, blobs):
    """A newer generation that was cancelled, or that has no speech, brings none that would replace them."""
    told = [content("v"), newer := result(blobs, "v", 1)]
    sink(database, blobs).take([record(database.settings, one) for one in told])
    unmeant = "SELECT 1 FROM clipstream.segments WHERE vector IS NULL"
    assert database.rows(unmeant) == []
    erase_in_database(database.settings, "v", Receipt("v", 0), 0)
    assert differences(database, blobs, [newer]) == []
    assert len(database.rows(unmeant)) == 3


def test_an_erasure_takes_all_of_the_generation_that_it_names(database, blobs):
    writer = sink(database, blobs, Control("v", "erase", 1, 0))
    sink(database, blobs).take([record(database.settings, one) for one in (result(blobs, "v"), content("v"))])
    writer.take([erasure(database.settings, "v"), record(database.settings, content("v"))])
    assert database.rows("SELECT 1 FROM clipstream.videos UNION ALL SELECT 1 FROM clipstream.sentences") == []


def test_a_result_that_is_erased_waits_for_no_store_and_is_not_written(database, blobs, tmp_path):
    made, order = result(blobs, "v"), Control("v", "erase", 1, 0)
    for store in (BlobStore(str(tmp_path)), blobs):  # of the only video, it is empty then
        assert sink(database, store, order).take([record(database.settings, made)]).invalid == []
        assert database.rows("SELECT 1 FROM clipstream.videos") == []
    assert sink(database, blobs, order).take([record(database.settings, result(blobs, "v", 1))]).videos == 1
