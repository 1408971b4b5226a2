"""From messages to rows: which count, in which order, and that the same give the same."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.content.embedding import DIMENSIONS
from processors.content.vectors import decoded, encoded
from processors.domain import Document, Insight
from schemas.messages import Run, StageRun
from streams.database import tables
from streams.database.batch import ALL_GENERATIONS, Erased, Rows, components, plan, result_rows, sentence_rows
from streams.database.verify import checksum
from tests.databases import content, document, result
from tests.unit.segments.builders import frame, utterance


@pytest.fixture
def blobs(tmp_path) -> BlobStore:
    return BlobStore(str(tmp_path))


def test_of_a_video_the_highest_result_counts_in_whichever_order_they_come(blobs):
    orders = [(0, 1, False), (0, 2, False), (0, 2, True), (1, 1, False)]
    results = [result(blobs, "v", g, r, enriched=e) for g, r, e in orders]
    for some in itertools.permutations(results):
        assert plan(some).results["v"].order == (1, 1, False)
    assert plan([results[0], results[0]]).results == {"v": results[0]}


def test_videos_and_chunks_are_in_order_whatever_the_order_of_messages(blobs):
    messages = [result(blobs, name) for name in "cab"] + [content(name, n) for name in "ba" for n in (2, 0, 10)]
    for some in (messages, messages[::-1]):
        found = plan(some)
        assert list(found.results) == ["a", "b", "c"]
        assert list(found.contents) == [(name, 0, n) for name in "ab" for n in (0, 2, 10)]
        assert found.video_ids == ["a", "b", "c"]


def test_what_is_erased_takes_what_came_before_it_and_nothing_that_comes_after(blobs):
    before, after = result(blobs, "v", 3), result(blobs, "v", 0)
    found = plan([before, content("v"), Erased("v"), after])
    assert (found.erased, found.results, found.contents) == ({"v": ALL_GENERATIONS}, {"v": after}, {})


def test_what_was_said_since_an_erasure_stays_although_it_is_read_before():
    """It is on another topic."""
    since, before = content("v", generation=1), content("v", generation=0)
    assert list(plan([since, Erased("v", until=0)]).contents.values()) == [since]
    assert plan([before, Erased("v", until=0)]).contents == {}


def test_a_result_of_a_generation_that_began_since_stays_although_it_is_read_before(blobs):
    since = result(blobs, "v", 1)
    assert plan([since, Erased("v", until=0)]).results == {"v": since}
    assert plan([since, Erased("v", until=1)]).results == {}


def test_sentences_of_an_older_generation_do_not_count():
    found = plan([content("v", 0, 1), content("v", 0, 0), content("v", 1, 0)])
    assert list(found.contents) == [("v", 1, 0)]


def test_rows_have_the_columns_of_their_tables_and_are_sorted(blobs):
    whole = Rows()
    for name in ("b", "a"):
        whole.add(result_rows(result(blobs, name), document(("one two", "three"))))
    whole.sentences.extend(sentence_rows(content("v")))
    whole.sort()
    for table, rows in whole.by_table():
        assert rows
        assert {len(row) for row in rows} == {len(table.columns)}
        keys = [row[: table.key] for row in rows]
        assert keys == sorted(set(keys))
    assert len(whole) == sum(len(rows) for _, rows in whole.by_table())


def test_what_no_text_of_the_database_holds_is_left_out(blobs):
    words = ("nothing\0 here",)
    made = result(blobs, "v", words=words, title="A\0B", missing=["x\0y"])
    rows = result_rows(made, document(words))
    for _, table_rows in rows.by_table():
        for row in table_rows:
            assert not any("\0" in value or "\\u0000" in value for value in row if isinstance(value, str))
    assert rows.videos[0][tables.VIDEOS.names.index("title")] == "AB"


@pytest.mark.parametrize(
    ("said", "languages", "wanted"),
    [
        ([("en", 0, 4_000), ("de", 4_000, 9_000)], ["en"], "de"),
        ([("fr", 0, 2_000), ("de", 2_000, 4_000)], ["en"], "de"),  # as long: the first by its code
        ([("de", 20_000, 30_000)], ["en", "de"], "en"),  # nothing is said in it
        ([], [], ""),
    ],
)
def test_the_language_of_a_segment_is_the_one_that_is_spoken_longest_in_it(blobs, said, languages, wanted):
    spoken = [replace(utterance("word", start, code), end_ms=end) for code, start, end in said]
    made = result(blobs, "v", words=("one",), languages=languages)
    row = result_rows(made, Document(transcript=spoken)).segments[0]
    assert row[tables.SEGMENTS.names.index("language")] == wanted


def test_costs_name_stage_and_service(blobs):
    insight = Insight("d", [], 0.5, "openai:gpt-4.1-mini", "1")
    stages = [StageRun(name, 7, 2, 1) for name in ("transcriber", "vision", "segmenter", "enricher")]
    costs = {"transcriber": 0.1, "vision": 0.2, "enricher": 0.3}
    models = ["nanodet-g+openai:seer", "openai:gpt-4.1-mini", "openai:whisper-1"]
    made = result(blobs, "v", run=Run(stages, models, 0.6, 0, 1, costs))
    made = replace(made, segments=[replace(made.segments[0], insight=insight)])
    rows = result_rows(made, Document(frames=[frame(0, source="openai:seer"), frame(1)])).costs
    assert [row[1:4] for row in rows] == [
        ("enricher", "openai:gpt-4.1-mini", 0.3),
        ("segmenter", "local", 0.0),
        ("transcriber", "openai:whisper-1", 0.1),
        ("vision", "openai:seer", 0.2),
    ]
    assert {row[4:] for row in rows} == {(7, 2, 1)}


def test_components_are_those_of_the_vector():
    vector = np.random.default_rng(1).normal(size=DIMENSIONS).astype(np.float32)
    found = components(encoded(vector))
    assert found is not None
    assert max(map(abs, found)) == 127
    stored = np.array(found, dtype=np.float32)
    np.testing.assert_allclose(stored / np.linalg.norm(stored), decoded([encoded(vector)], DIMENSIONS)[0], atol=1e-6)
    assert components(encoded(np.zeros(DIMENSIONS, dtype=np.float32))) is None
    assert components(encoded(vector[:8])) is None, "of another model"


def test_a_checksum_is_of_values_and_not_of_how_they_are_written(blobs):
    row = list(result_rows(result(blobs, "v"), Document()).videos[0])
    place = tables.VIDEOS.names.index("languages")
    as_read = [*row[:place], ["en"], *row[place + 1 :]]
    other = [*row[:place], ["de"], *row[place + 1 :]]
    assert checksum(tables.VIDEOS, [tuple(row)]) == checksum(tables.VIDEOS, [tuple(as_read)])
    assert checksum(tables.VIDEOS, [tuple(row)]) != checksum(tables.VIDEOS, [tuple(other)])
