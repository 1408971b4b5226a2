from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from processors.domain import PlatformFit, StreamFacts
from processors.errors import InvalidMessage
from processors.segments import Parts, rank
from processors.segments.finishing import MAX_FITS, Finisher, finish, texts_for
from processors.segments.platforms import RULES, Rules
from tests.unit.segments.builders import chunk, parts, talk, utterance
from tests.unit.segments.test_platforms import OWN

TAGS = ["ClimateChange", "Reef", "Turtle", "Ocean", "Beach", "Magnet", "Moon", "Sand"]


def finished(of: Parts):
    return finish(rank(of), of.facts, of.options)


def test_order_times_and_scores_stay() -> None:
    of = talk(10)
    before = rank(of)
    segments, _ = finished(of)
    bare = {"description": "", "hashtags": [], "platforms": {}, "suggestions": []}
    assert [replace(segment, **bare) for segment in segments] == before.segments


def test_each_segment_is_ready_to_be_published() -> None:
    for segment in finished(talk(10))[0]:
        assert segment.description
        assert segment.description != segment.title
        assert set(segment.platforms) == set(RULES)
        for name, fit in segment.platforms.items():
            assert 0 <= fit.fit <= 1
            assert (fit.fit == 1) == (not fit.violations)
            kept(RULES[name], fit)


def kept(rules: Rules, fit: PlatformFit) -> None:
    """A platform takes these texts."""
    if rules.title_chars is None:
        assert fit.title == ""
    else:
        assert 0 < rules.length_of(fit.title) <= rules.title_chars
    tags = " ".join(f"#{tag}" for tag in fit.hashtags)
    assert rules.length_of(f"{fit.description}\n{tags}" if tags else fit.description) <= rules.description_chars
    assert len(fit.hashtags) <= (rules.hashtags.most if rules.hashtags.most is not None else 30)


@pytest.mark.parametrize("text", ["A wide and open sea. ", "広い海と白い砂浜。", "海", "x" * 50, ""])
@pytest.mark.parametrize("times", [1, 30, 400])
@pytest.mark.parametrize("name", list(RULES))
def test_texts_of_any_length_are_taken(name: str, times: int, text: str) -> None:
    fit = PlatformFit(1.0, [], *texts_for(RULES[name], ("How " + text * times)[:60], (text * times).strip(), TAGS))
    kept(RULES[name], fit)


def test_a_title_opens_the_description_where_there_is_no_other_place() -> None:
    assert texts_for(RULES["tiktok"], "A title", "A text.", TAGS) == ("", "A title\nA text.", TAGS[:4])
    assert texts_for(RULES["shorts"], "A title", "A text.", TAGS) == ("A title", "A text.", TAGS[:3])
    assert texts_for(RULES["shorts"], "A title", "", []) == ("A title", "", [])


def test_tags_that_have_no_room_beside_the_title_go() -> None:
    small = Rules.model_validate(OWN | {"description_chars": 30})
    title = "Twenty-five characters ok"
    assert texts_for(small, title, "More is said here.", TAGS) == ("", title, [])
    assert texts_for(small, "Short", "A text that goes on for long.", TAGS[1:3]) == ("", "Short", ["Reef", "Turtle"])
    assert texts_for(small, "Short", "A text that goes on for long.", []) == ("", "Short\nA text that goes on for…", [])


def test_only_the_platforms_that_are_asked_for() -> None:
    of = talk(10)
    of = replace(of, options=of.options.model_copy(update={"platforms": ("x",)}))
    for segment in finished(of)[0]:
        assert set(segment.platforms) == {"x"}
    with pytest.raises(InvalidMessage, match="Unknown platform 'vine'"):
        finished(replace(of, options=of.options.model_copy(update={"platforms": ("vine",)})))


def test_a_hundred_segments_fit_into_a_record() -> None:
    said = [utterance("海 " * 300 + "。", at, "zh") for at in range(0, 10_000_000, 110_000)]
    of = parts(10_100_000, [chunk(each) for each in said], max_segments=100, min_segment_ms=500)
    segments, _ = finished(of)
    assert len(segments) > MAX_FITS // len(RULES)
    assert [bool(segment.platforms) for segment in segments] == [
        segment.rank <= MAX_FITS // len(RULES) for segment in segments
    ]
    assert len(json.dumps([asdict(segment) for segment in segments], ensure_ascii=False).encode()) < 900_000


def test_the_aspect_of_the_source_counts() -> None:
    of = talk(10)
    assert of.facts is not None
    stream = StreamFacts(0, "video", "h264", 0, 600_000, True, None, 1080, 1920, 0, 30.0, None, None)
    tall = replace(of.facts, streams=[stream])
    wide = replace(of.facts, streams=[replace(stream, width=1920, height=1080)])
    ranking = rank(of)
    for first, second in zip(finish(ranking, tall, of.options)[0], finish(ranking, wide, of.options)[0], strict=True):
        assert first.platforms["shorts"].fit > second.platforms["shorts"].fit


class Encoder:
    """Words are as rare as they are long, and all texts alike: enough for candidates to differ by frequency."""

    def embed(self, sentences):
        import numpy as np

        return np.ones((len(sentences), 4), dtype=np.float32) / 2

    def log_probability(self, word: str) -> float:
        return -6.0 - len(word)


def test_own_key_phrases_of_a_segment_become_its_tags() -> None:
    said = [
        utterance("The volcano erupted and the volcano burned near the village.", 0),
        utterance("Sailors repaired the lighthouse because the lighthouse was broken.", 12_000),
    ]
    of = parts(24_000, [chunk(each) for each in said], max_segment_ms=11_000, min_segment_ms=3_000)
    ranking = rank(of)
    finisher = Finisher.of(ranking, of.facts, of.options, None, Encoder())
    by_text = {segment.text: finisher.finished(segment).hashtags for segment in ranking.segments}
    assert by_text[said[0].text][0] == "Volcano"
    assert by_text[said[1].text][0] == "Lighthouse"
    assert "Volcano" not in by_text[said[1].text]
