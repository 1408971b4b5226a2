"""Who a video is."""

from __future__ import annotations

import pytest

from processors.errors import InvalidMessage
from processors.options import Options
from processors.parameters import Steering, parameters
from processors.speech.choice import Recognition
from processors.versions import ALGORITHM_VERSIONS
from schemas.messages import VideoIngested
from streams import identity
from streams.work import BEHIND


def test_every_reader_derives_the_same_id_without_one_given():
    message = VideoIngested(uri="/a/b.mp4", options=Options(profile="fast"))
    assert identity.request_of(message).video_id == identity.request_of(message).video_id
    assert len(identity.request_of(message).video_id) == 16


@pytest.mark.parametrize(
    "other",
    [
        VideoIngested(uri="/a/c.mp4"),
        VideoIngested(uri="/a/b.mp4", options=Options(profile="fast")),
        VideoIngested(uri="/a/b.mp4", source_digest="ff"),
    ],
)
def test_other_source_or_options_is_another_video(other):
    assert identity.request_of(other).video_id != identity.request_of(VideoIngested(uri="/a/b.mp4")).video_id


def test_the_callers_id_wins_and_priority_does_not_count():
    assert identity.request_of(VideoIngested(uri="/a", video_id="mine")).video_id == "mine"
    plain, urgent = VideoIngested(uri="/a"), VideoIngested(uri="/a", priority=5)
    assert identity.request_of(plain).video_id == identity.request_of(urgent).video_id


@pytest.mark.parametrize("bad", ["../up", "a b", "-x", "x" * 129, "a|b", "ä"])
def test_ids_that_could_break_keys_or_paths_are_refused(bad):
    with pytest.raises(InvalidMessage):
        identity.request_of(VideoIngested(uri="/a", video_id=bad))


def test_negative_generations_are_refused():
    with pytest.raises(InvalidMessage):
        identity.request_of(VideoIngested(uri="/a", generation=-1))


def test_request_digest_depends_on_what_decides_the_result():
    base = identity.request_digest("aa", Options(), Steering())
    assert base == identity.request_digest("aa", Options(), Steering())
    others = [
        identity.request_digest("bb", Options(), Steering()),
        identity.request_digest("aa", Options(max_segments=3), Steering()),
        identity.request_digest("aa", Options(), Steering("tiny.en")),
        identity.request_digest("aa", Options(), Steering(recognition=Recognition(languages=("en",)))),
        identity.request_digest("aa", Options(), Steering(categories={"bees": "honey"})),
    ]
    assert len({base, *others}) == 6


def test_cache_keys_depend_on_stage_parameters_and_inputs():
    keys = {
        identity.cache_key("vision", {"a": 1}, "x"),
        identity.cache_key("vision", {"a": 2}, "x"),
        identity.cache_key("vision", {"a": 1}, "y"),
        identity.cache_key("transcriber", {"a": 1}, "x"),
    }
    assert len(keys) == 4


def test_own_categories_steer_the_segmenter_alone():
    for stage, steered in [("segmenter", True), ("transcriber", False)]:
        usual = parameters(stage, {}, Steering())
        assert (usual != parameters(stage, {}, Steering(categories={"bees": "honey"}))) is steered


def test_own_platforms_steer_the_segmenter_alone():
    own = Steering(platforms={"ours": {"name": "Ours"}})
    for stage, steered in [("segmenter", True), ("transcriber", False), ("vision", False)]:
        assert (parameters(stage, {}, Steering()) != parameters(stage, {}, own)) is steered
    assert identity.request_digest("aa", Options(), own) != identity.request_digest("aa", Options(), Steering())


def test_own_words_steer_the_pictures_alone():
    own = Steering(vision_labels=("goal", "referee"))
    for stage, steered in [("vision", True), ("frame-extractor", False), ("segmenter", False)]:
        assert (parameters(stage, {}, Steering()) != parameters(stage, {}, own)) is steered
    assert identity.request_digest("aa", Options(), own) != identity.request_digest("aa", Options(), Steering())


def test_every_stage_has_a_version_and_a_place_in_the_flow():
    assert set(ALGORITHM_VERSIONS) == set(BEHIND) - {"all"} == BEHIND["all"]
