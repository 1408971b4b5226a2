from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.content.topics import finder, phrases_within, with_topics
from processors.domain import Segment, Topic
from processors.errors import ModelUnavailable
from processors.models.store import ModelStore
from processors.segments.job import rank_parts
from processors.segments.parts import dump_json
from processors.segments.rank import Ranking
from processors.tools import Tools
from streams.settings import Settings
from tests.unit.content.helpers import COOKING, SPACE, spoken
from tests.unit.segments.builders import chunk, frame, parts, shots_at


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(BlobStore(str(tmp_path)), ModelStore(None, Settings().cache_dir), 1, None, tmp_path)


def test_topics_are_contiguous_from_the_first_word_to_the_last(tools):
    said = spoken(COOKING, SPACE)
    cooking, space = finder(tools).topics(said)
    assert cooking.start_ms == said[0].words[0].start_ms
    assert cooking.end_ms == space.start_ms == said[1].words[0].start_ms
    assert space.end_ms == said[1].words[-1].end_ms
    assert (cooking.category, space.category) == ("food", "science")
    assert cooking.confidence > 0.5 < space.confidence
    assert cooking.phrases
    assert space.phrases


def test_the_segmenters_job_gives_topics_and_the_same_bytes_again(tools):
    said = spoken(COOKING, SPACE)
    end_ms = said[-1].end_ms + 500
    video = parts(end_ms, [chunk(each) for each in said], [frame(1_000)], shots_at(0, end_ms))
    uri = tools.blobs.put(dump_json(video))
    ranked = rank_parts(uri, None, tools)
    again = rank_parts(uri, None, replace(tools))
    assert ranked == again
    topics = _document(tools, ranked.document_uri).topics
    assert [topic.category for topic in topics] == ["food", "science"]
    assert ranked.segments
    for segment in ranked.segments:
        assert segment.topics == phrases_within(segment, topics)
        assert segment.topics


def test_a_provisional_result_has_topics_of_what_is_known(tools):
    said = spoken(COOKING, SPACE)
    end_ms = said[-1].end_ms + 500
    uri = tools.blobs.put(dump_json(parts(end_ms, [chunk(each) for each in said], [frame(1_000)], shots_at(0, end_ms))))
    ranked = rank_parts(uri, said[0].end_ms, tools)
    (topic,) = _document(tools, ranked.document_uri).topics
    assert topic.end_ms <= said[0].end_ms
    assert topic.category == "food"


def test_a_video_without_speech_has_no_topics_and_needs_no_model(tmp_path):
    nothing = Tools(BlobStore(str(tmp_path)), ModelStore(None, tmp_path, allow_download=False), 1, None, tmp_path)
    uri = nothing.blobs.put(dump_json(parts(5_000, [], [frame(1_000)], shots_at(0, 5_000))))
    ranked = rank_parts(uri, None, nothing)
    assert _document(nothing, ranked.document_uri).topics == []
    assert all(segment.topics == [] for segment in ranked.segments)


def test_without_its_model_speech_is_not_understood(tmp_path):
    nothing = Tools(BlobStore(str(tmp_path)), ModelStore(None, tmp_path, allow_download=False), 1, None, tmp_path)
    said = spoken(COOKING)
    uri = nothing.blobs.put(dump_json(parts(said[0].end_ms, [chunk(said[0])])))
    with pytest.raises(ModelUnavailable, match="use-multilingual"):
        rank_parts(uri, None, nothing)


def test_own_categories_are_used(tools):
    own = replace(tools, categories={"kitchen": "cooking and recipes", "sky": "stars, rockets and space"})
    assert [topic.category for topic in finder(own).topics(spoken(COOKING, SPACE))] == ["kitchen", "sky"]


TOPICS = [Topic(0, 10, ["a", "b"], "x", 1.0), Topic(10, 30, ["c", "a"], "y", 1.0), Topic(30, 40, ["d"], "z", 1.0)]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 10), ["a", "b"]),
        ((5, 20), ["c", "a", "b"]),
        ((9, 31), ["c", "a", "b", "d"]),
        ((40, 50), []),
    ],
    ids=["one, up to its end", "the longer one first, nothing twice", "all, equal ones in time order", "none"],
)
def test_phrases_of_a_segment(span, expected):
    segment = Segment("s", 1, span[0], span[1], 0.5, 0.5, "", "", [], None)
    assert phrases_within(segment, TOPICS) == expected


def _document(tools, uri):
    from pydantic import TypeAdapter

    from processors.domain import Document

    return TypeAdapter(Document).validate_json(tools.blobs.get(uri))


def test_a_ranking_without_words_is_left_alone(tools):
    from processors.domain import Document

    ranking = Ranking("v", 0, [], Document(), [], 0.0, [], 0)
    assert with_topics(ranking, tools) is ranking
