"""What goes into a request, and how much it can be."""

from __future__ import annotations

import re

import orjson
import pytest

from processors.domain import FrameAnalysis, Label
from processors.vision.hosted_budget import tokens_of
from processors.vision.hosted_images import Sent
from processors.vision.hosted_prompt import (
    FIXED_TOKENS,
    FRAME_BYTES,
    SCHEMA,
    SYSTEM,
    About,
    Picture,
    clipped,
    fact_of,
    messages_of,
    request_of,
)


def analysis(**changes: object) -> FrameAnalysis:
    made = {
        "frame_uri": "blob:x", "pts_ms": 65_000, "shot": 0, "labels": [Label("dark", 0.9), Label("still", 0.8)],
        "text": [], "faces": [], "scene": "other", "score": 0.5, "sharpness": 1.0, "brightness": 0.5,
        "colourfulness": 0.5, "motion": 0.0, "source": "local", "model": "yunet",
    }  # fmt: skip
    return FrameAnalysis(**{**made, **changes})  # type: ignore[arg-type]


def test_facts_of_a_neighbour() -> None:
    assert fact_of(analysis()) == "at 1:05 other, dark, still"
    assert fact_of(analysis(text=["Hello", "there"])) == "at 1:05 other, dark, still; text: Hello / there"
    assert fact_of(analysis(description="A man speaks.", text=["Hello"])) == "at 1:05 A man speaks."


def test_neighbours_and_text_are_in_the_note_of_their_picture() -> None:
    picture = Picture(1_000, Sent(b"jpeg", "low", 9), ["Hello"], "at 0:00 dark", "at 0:02 bright")
    user = messages_of(About(), [picture])[1]["content"]
    assert user[1]["text"] == (
        "Picture 1, at 0:01. Text read in it: Hello Before it: at 0:00 dark. After it: at 0:02 bright."
    )
    assert user[2]["image_url"] == {"url": "data:image/jpeg;base64,anBlZw==", "detail": "low"}


@pytest.mark.parametrize("letter", ["a", "é", "漢", "😀", " ", "\n", "\ud800"])
def test_texts_are_bounded_in_bytes(letter: str) -> None:
    assert len(clipped(letter * 999, 100).encode()) <= 100
    picture = Picture(1, Sent(b"", "low", 9), [letter * 999] * 99, letter * 999, letter * 999)
    content = messages_of(About(letter * 999, "en"), [picture] * 5, "wrong " + "x" * 100)[1]["content"]
    notes = [part["text"] for part in content if part["type"] == "text"]
    assert all(len(note.encode()) <= FRAME_BYTES for note in notes[1:])
    assert len(orjson.dumps(notes[0])) < 700


def test_the_bound_of_tokens_is_above_what_a_tokenizer_counts() -> None:
    """Words and marks, of which a token has one or less in English: what any tokenizer in use makes of our own text."""
    own = re.findall(r"\w+|[^\w\s]", SYSTEM + orjson.dumps(SCHEMA).decode())
    assert len(own) < FIXED_TOKENS
    assert tokens_of("gpt-4.1-mini", 0, 2).sent > FIXED_TOKENS


def test_models_that_reason_are_given_room_and_no_temperature() -> None:
    messages = messages_of(About(), [])
    assert request_of("gpt-4.1-mini", messages, 9)["temperature"] == 0.0
    for model in ("gpt-5-mini", "o4-mini", "o3"):
        assert "temperature" not in request_of(model, messages, 9)
        assert tokens_of(model, 0, 1).answered > tokens_of("gpt-4.1", 0, 1).answered + 1_000
