"""Shots described by their frames."""

from __future__ import annotations

from typing import Any

from processors.domain import FrameAnalysis, Label, Shot
from processors.segments.scenes import scenes_of

SHOTS = [Shot(0, 0, 10_000), Shot(1, 10_000, 20_000), Shot(2, 20_000, 30_000)]


def frame(shot: int, **changes: Any) -> FrameAnalysis:
    made: dict[str, Any] = {
        "frame_uri": "blob:x", "pts_ms": shot * 10_000, "shot": shot, "labels": [], "text": [], "faces": [],
        "scene": "other", "score": 0.5, "sharpness": 1.0, "brightness": 0.5, "colourfulness": 0.5, "motion": 0.0,
        "source": "local", "model": "yunet",
    }  # fmt: skip
    return FrameAnalysis(**{**made, **changes})


def test_the_frames_of_a_shot_are_merged() -> None:
    first = frame(
        0, description="A man sits at a desk.", source="openai:m", text=["NEWS", "Live"],
        labels=[Label("desk", 0.8), Label("man", 0.9)],
    )  # fmt: skip
    same = frame(0, description="A man sits at a wooden desk.", source="openai:m", labels=[Label("desk", 0.95)])
    other = frame(0, description="A map of Europe is shown.", text=["Live", "Rain"])
    found = scenes_of(SHOTS, [first, same, other, frame(2)])
    assert [scene.shot for scene in found] == [0, 2], "the second shot has no frame"
    assert found[0].description == "A man sits at a desk. A map of Europe is shown."
    assert found[0].labels == [Label("desk", 0.95), Label("man", 0.9)]
    assert found[0].text == ["NEWS", "Live", "Rain"]
    assert found[0].sources == ["local", "openai:m"]
    assert (found[0].start_ms, found[0].end_ms) == (0, 10_000)


def test_without_a_service_it_is_what_was_measured() -> None:
    people = frame(0, scene="people", labels=[Label("close-up", 0.9), Label("face", 0.9), Label("still", 0.6)])
    assert scenes_of(SHOTS, [people, frame(0)])[0].description == "people, close-up, face, still"
    words = [Label("colourful", 0.99), Label("dark", 0.9), Label("dog", 0.7)]
    assert scenes_of(SHOTS, [frame(0, labels=words)])[0].description == "dog, colourful, dark"  # what is in it first
    person = frame(0, scene="people", labels=[Label("person", 0.8), Label("dog", 0.7)])
    assert scenes_of(SHOTS, [person])[0].description == "people, dog"
    assert scenes_of(SHOTS, [frame(0)])[0].description == ""


def test_frames_whose_shots_are_lost_have_no_scene() -> None:
    assert scenes_of([], [frame(0), frame(1)]) == []
    assert scenes_of(SHOTS, []) == []


def test_a_long_shot_has_three_sentences() -> None:
    words = ["One cat.", "Two dogs bark.", "Three birds fly high.", "Four more fish."]
    found = scenes_of(SHOTS, [frame(0, description=text) for text in words])
    assert found[0].description == "One cat. Two dogs bark. Three birds fly high."
