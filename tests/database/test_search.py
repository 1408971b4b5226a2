"""Search and reads on a real Postgres: by words of each language, by meaning, fused; pages; several at a time."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.content.understanding import understand
from processors.domain import ChunkContent
from processors.errors import InvalidMessage
from processors.segments.sentences import split_sentences
from processors.segments.words import tokens_of
from schemas.messages import ContentResultMessage
from streams.clock import SYSTEM_CLOCK
from streams.database import reads
from streams.database.connection import DatabaseAway, connect
from streams.database.meaning import vector_of_words
from streams.database.search import KINDS, MARK_END, MARK_START, Query, meaning_statement
from streams.database.sink import Sink
from tests.databases import DAY, Database, content, document, fresh, record, result

GERMAN = ("die Gezeiten folgen dem Mond", "Bienen machen im Sommer Honig")
JAPANESE = ("潮 は 月 に 従う",)


@pytest.fixture(scope="module")
def filled(postgres, tmp_path_factory) -> Database:
    """Videos in English, German and Japanese, whose sentences mean what the real encoder says."""
    database = fresh(postgres)
    blobs = BlobStore(str(tmp_path_factory.mktemp("blobs")))
    sink = Sink(database.settings, blobs, SYSTEM_CLOCK)
    videos = {"english": (DAY, "en"), "german": (GERMAN, "de"), "japanese": (JAPANESE, "ja")}
    for n, (name, (words, language)) in enumerate(videos.items()):
        made = result(blobs, name, words=words, language=language)
        made = replace(made, run=replace(made.run, finished_at_ms=1_000 + n), status="degraded" if n else "final")
        told = content(name)
        sentences = split_sentences(tokens_of(document(words, language).transcript))
        facts = understand(sentences, _encoder(database))
        told = ContentResultMessage(told.header, ChunkContent(0, 29_000, facts), None)
        sink.take([record(database.settings, one) for one in (made, told)])
    sink.close()
    return database


def _encoder(database: Database):
    from pathlib import Path

    from processors.content.embedding import encoder
    from processors.models.store import ModelStore
    from processors.tools import Tools

    store = ModelStore(None, database.settings.cache_dir)
    return encoder(Tools(BlobStore("/nowhere"), store, 1, None, Path()))


async def found(database: Database, query: Query) -> list[tuple[str, str, str]]:
    async with reads.pool_of(database.settings) as pool:
        return [(hit.kind, hit.video_id, hit.key) for hit in await reads.search(pool, query)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("runs", {"english"}),  # the stem of running
        ("tide moon", {"english"}),
        ('"follow the moon"', {"english"}),
        ("moon -tides", set()),
        ("mills or honey", {"english"}),
        ("Biene", {"german"}),  # Bienen
        ("Honig", {"german"}),
        ("月", {"japanese"}),
        ("nothing of it", set()),
        ("", set()),
        ("the", set()),
        ("' ; DROP TABLE clipstream.videos; --", set()),
    ],
)
async def test_words_are_found_by_the_rules_of_their_language(filled, words, wanted):
    hits = await found(filled, Query(words))
    assert {video_id for _, video_id, _ in hits} == wanted
    assert {kind for kind, _, _ in hits} == ({"segment", "utterance"} if wanted else set())


async def test_a_headline_shows_what_was_found(filled):
    async with reads.pool_of(filled.settings) as pool:
        hits = await reads.search(pool, Query("mill", kinds=("utterance",)))
    assert [hit.headline for hit in hits] == [f"running water turns {MARK_START}mills{MARK_END}"]
    assert hits[0].text == DAY[1]
    assert hits[0].video_title == "About english"


async def test_meaning_is_found_across_languages_and_both_are_fused(filled):
    vector = vector_of_words("Why does the sea rise and fall?", filled.settings)
    async with reads.pool_of(filled.settings) as pool:
        by_meaning = await reads.search(pool, Query("", vector, kinds=("utterance",), limit=3))
        both = await reads.search(pool, Query("honey", vector, limit=20))
        segments = await reads.search(pool, Query("", vector, kinds=("segment",), limit=2))
    assert {hit.text for hit in by_meaning[:2]} <= {DAY[0], GERMAN[0], JAPANESE[0]}
    assert by_meaning[0].likeness is not None
    assert by_meaning[0].likeness > by_meaning[-1].likeness
    assert {hit.text for hit in segments} <= {DAY[0], GERMAN[0], JAPANESE[0]}
    ranks = {hit.text: hit.ranks for hit in both if hit.kind == "utterance"}
    assert set(ranks[DAY[2]]) == {"words", "meaning"}
    assert both[0].text == DAY[2], "what is found both ways comes first"


def test_the_index_of_vectors_is_used(filled):
    with connect(filled.settings) as connection, connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off")  # four rows are read sooner than an index
        asked = "EXPLAIN SELECT 1 FROM clipstream.sentences ORDER BY vector <=> %s::halfvec LIMIT 3"
        plan = connection.execute(asked, [str([1] * 512)]).fetchall()
    assert "sentences_vector" in str(plan)


async def test_only_in_one_video_and_only_of_one_kind(filled):
    vector = vector_of_words("bees", filled.settings)
    assert {video for _, video, _ in await found(filled, Query("Honig", vector, video_id="german"))} == {"german"}
    assert {kind for kind, _, _ in await found(filled, Query("honey", vector, kinds=("segment",)))} == {"segment"}


async def test_videos_come_in_pages_and_by_what_is_asked(filled):
    async with reads.pool_of(filled.settings) as pool:
        pages, after = [], None
        while True:
            page = await reads.list_videos(pool, after=after, limit=1)
            pages.append([video.video_id for video in page.videos])
            if (after := page.after) is None:
                break
        assert pages == [["japanese"], ["german"], ["english"]]
        by_status = await reads.list_videos(pool, status="degraded", limit=10)
        by_language = await reads.list_videos(pool, language="en")
        assert [video.video_id for video in by_status.videos] == ["japanese", "german"]
        assert [video.video_id for video in by_language.videos] == ["english"]
        with pytest.raises(InvalidMessage):
            await reads.list_videos(pool, after="no page")


async def test_a_video_with_its_segments_and_its_transcript(filled):
    async with reads.pool_of(filled.settings) as pool:
        detail, said, none = await asyncio.gather(
            reads.video(pool, "english"), reads.transcript(pool, "english", after=0), reads.video(pool, "absent")
        )
    assert none is None
    assert detail is not None
    assert (detail.video.title, detail.video.languages) == ("About english", ["en"])
    assert [segment.rank for segment in detail.segments] == [1, 2, 3]
    assert detail.segments[0].details["reasons"][0]["signal"] == "speech"
    assert [cost.stage for cost in detail.costs] == ["segmenter", "transcriber"]
    assert [one.text for one in said] == list(DAY[1:])
    assert asdict(detail)["segments"][0]["speakers"] == ["S1"]


async def test_many_at_a_time_share_the_pool(filled):
    small = filled.settings.model_copy(update={"database_connections": 2})
    async with reads.pool_of(small) as pool:
        answers = await asyncio.gather(*(reads.search(pool, Query("honey")) for _ in range(20)))
    assert {len(hits) for hits in answers} == {2}


async def test_a_database_that_is_away_is_told(filled, monkeypatch):
    from ops.local.ports import choose_port

    url = f"postgresql://u:secret@127.0.0.1:{choose_port(None, 'nobody')}/x"
    monkeypatch.setattr(reads, "CONNECT_TIMEOUT_S", 0.5)
    async with reads.pool_of(filled.settings.model_copy(update={"database_url": url})) as pool:
        with pytest.raises(DatabaseAway) as told:
            await reads.video(pool, "v")
    assert "secret" not in told.value.reason


async def test_meaning_within_one_video_finds_all_of_it_however_far_it_lies(postgres, tmp_path):
    """Five videos of 1,000 sentences: the index of vectors gives only those of the near one."""
    database = fresh(postgres)
    random = np.random.default_rng(1)
    near, videos, count = random.normal(size=512), [f"v{n}" for n in range(5)], 1_000
    sink = Sink(database.settings, BlobStore(str(tmp_path)), SYSTEM_CLOCK)
    words = tuple(f"word {n}" for n in range(60))
    sink.take([record(database.settings, result(BlobStore(str(tmp_path)), name, words=words)) for name in videos])
    sink.close()
    columns = "video_id, generation, chunk, position, start_ms, end_ms, language, text, components"
    with connect(database.settings) as connection, connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(f"COPY clipstream.sentences ({columns}) FROM STDIN") as rows:
            for name in videos:
                middle = near if name == "v0" else random.normal(size=512)
                for n, vector in enumerate(_components(middle + random.normal(size=(count, 512)))):
                    start_ms = 10_000 * (n % 60)
                    rows.write_row((name, 0, 0, n, start_ms, start_ms + 500, "en", "said", vector))
        same = "said.video_id = held.video_id AND said.start_ms = held.start_ms AND said.position < 60"
        said = f"FROM clipstream.sentences AS said WHERE {same}"
        cursor.execute(f"UPDATE clipstream.segments AS held SET vector = said.vector {said}")
    with connect(database.settings) as connection:
        connection.execute("ANALYZE")
    asked = Query("", tuple(_components(near)), video_id="v4", limit=20)
    async with reads.pool_of(database.settings) as pool:
        for kind in KINDS:
            for limit in (1, 20):  # as few as the index gives at least, and more
                hits = await reads.search(pool, replace(asked, kinds=(kind,), limit=limit))
                assert len(hits) == limit, kind
                assert {hit.video_id for hit in hits} == {"v4"}
        everywhere = await reads.search(pool, replace(asked, video_id=None))
    assert {hit.video_id for hit in everywhere} == {"v0"}


def test_all_videos_are_searched_by_the_index_and_one_video_by_its_own_rows(filled):
    arguments = {"vector": str([1] * 512), "video_id": "english", "limit": 3}
    with connect(filled.settings) as connection, connection.transaction():
        for way in ("seqscan", "sort"):  # few rows are read and sorted sooner than an index is
            connection.execute(f"SET LOCAL enable_{way} = off")
        for kind, index in (("utterance", "sentences_vector"), ("segment", "segments_vector")):
            for within in (False, True):
                statement = meaning_statement(kind, within=within)
                plan = connection.execute(f"EXPLAIN {statement}", arguments).fetchall()
                assert (index in str(plan)) is not within


def _components(vectors):
    return np.clip(vectors * 20, -127, 127).astype(int).tolist()
