from __future__ import annotations

from dataclasses import replace

from processors.domain import Document, PlatformFit, Sound, Speaker
from processors.options import Options
from processors.segments.overall import MOST, none_because, suggestions_of
from processors.segments.platforms import RULES
from tests.unit.segments.builders import frame, shots_at, utterance
from tests.unit.segments.passages import segment

FULL = Document(
    transcript=[utterance("How does a turtle find one beach over the wide ocean?", 0)],
    frames=[frame(1_000)],
    shots=shots_at(0, 5_000, 10_000),
)
ONE = [segment(0, 9_000)]


def told(segments=ONE, document=FULL, duration_ms: int = 10_000, platforms=(), **options) -> list[str]:
    asked = {name: RULES[name] for name in platforms}
    return suggestions_of(segments, document, Options(**{"max_segments": 1, **options}), duration_ms, asked)


def test_nothing_where_nothing_is_wrong() -> None:
    assert told() == []


def test_why_there_are_no_segments() -> None:
    assert none_because(10_000, ONE, FULL) == []
    assert none_because(10, [], Document()) == [
        "segments: none, the video is 10 ms long and the shortest segment has 500 ms"
    ]
    assert none_because(500, [], Document()) == ["segments: none, there is neither a word nor a picture to rank by"]
    assert none_because(500, [], FULL) == ["segments: none, nothing of the video fits the lengths asked for"]


def test_mostly_silent() -> None:
    assert told(duration_ms=60_000) == ["Only 6% of the video is speech: preferences speech=0 ranks by pictures alone"]
    silent = replace(FULL, transcript=[])
    assert told(document=silent) == ["Nobody speaks in the video: put music, a voice or text on its segments"]
    music = replace(silent, sounds=[Sound(0, 9_000, "music", 0.9)])
    assert told(document=music) == ["Nobody speaks in the video: put text on its segments"]


def test_uncertain_words_and_what_may_help() -> None:
    unsure = replace(FULL, transcript=[utterance("How does a turtle find one beach over it?", 0, probability=0.5)])
    assert told(document=unsure) == [
        "Words were recognised with 50% certainty: name the language (language=en), or take profile=best"
    ]
    assert told(document=unsure, language="en") == [
        "Words were recognised with 50% certainty: take a larger model (profile=best)"
    ]
    assert told(document=unsure, language="en", profile="best") == [
        "Words were recognised with 50% certainty: read captions before they go out"
    ]


def test_vision_that_was_switched_off() -> None:
    unseen = replace(FULL, frames=[])
    assert told(document=unseen, vision="off") == [
        "No picture was looked at, since vision is off: vision=auto ranks by pictures as well"
    ]
    assert told(document=unseen) == []  # a sound file has none; nothing can be done


def test_a_platform_that_most_segments_suit_badly() -> None:
    bad, good = PlatformFit(0.4, ["too wide: crop it"], "", "", []), PlatformFit(0.9, [], "", "", [])
    segments = [segment(0, 9_000, platforms={"shorts": fit}) for fit in (bad, bad, bad, good)]
    assert told(segments, platforms=["shorts"]) == ["3 of 4 segments suit YouTube Shorts badly: too wide: crop it"]
    assert told(segments[1:], platforms=["shorts"]) == []  # two of three are fewer than most
    assert told(segments, platforms=["x"]) == []


def test_fewer_segments_than_asked_for_in_a_long_video() -> None:
    said = [utterance("word " * 100, at) for at in range(0, 400_000, 40_000)]
    long = replace(FULL, transcript=said)
    assert told(document=long, duration_ms=400_000, max_segments=10) == [
        "1 of 10 segments were found: shorter ones give more (min_segment_ms=4000, now 8 s)"
    ]
    assert told(document=FULL, max_segments=10) == []  # there is no room for ten


def test_a_lecture_without_cuts() -> None:
    said = [utterance("word " * 1_000, 0)]
    lecture = replace(FULL, transcript=said, speakers=[Speaker("S1", 350_000)], shots=shots_at(0, 400_000))
    assert told(document=lecture, duration_ms=400_000) == [
        "One person speaks for 6 min with 0.0 cuts a minute: put other pictures between in the segments"
    ]
    assert told(document=replace(lecture, speakers=[*lecture.speakers, Speaker("S2", 9)]), duration_ms=400_000) == []


def test_no_more_than_most() -> None:
    unsure = replace(FULL, transcript=[utterance("How does it?", 0, probability=0.1)])
    bad = PlatformFit(0.1, ["no"], "", "", [])
    segments = [segment(0, 9_000, platforms=dict.fromkeys(RULES, bad))]
    assert len(told(segments, unsure, 100_000, RULES, max_segments=2)) == MOST
