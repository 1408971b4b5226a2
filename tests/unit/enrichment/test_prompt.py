"""What goes into a request about moments, and how much it can be."""

from __future__ import annotations

import re

import orjson
import pytest

from processors.enrichment.compress import Excerpt, Line, compressed
from processors.enrichment.prompt import SCHEMA, SYSTEM, Shown, messages_of, tokens_of
from processors.vision.hosted_images import Sent
from processors.vision.hosted_prompt import BYTES_PER_TOKEN, About


def test_words_stand_before_the_pictures_of_their_moment() -> None:
    shown = [
        Shown([Sent(b"a", "low", 9), Sent(b"b", "high", 9)], Excerpt("It was.", "It is.", "It will be."), ["Tides"]),
        Shown([Sent(b"c", "low", 9)], Excerpt("", "", ""), []),
    ]
    system, user = messages_of(About("The sea", "en"), shown, "it was no JSON")
    assert system["content"] == SYSTEM
    first, *rest = user["content"]
    assert first["text"].splitlines() == [
        "2 moments of a video, numbered from 1.",
        "Title of the video: The sea",
        "Language spoken in it: en",
        "An earlier answer could not be used (it was no JSON). Answer for every moment, in the given form.",
    ]
    assert [part["type"] for part in rest] == ["text", "image_url", "image_url", "text", "image_url"]
    assert rest[0]["text"].splitlines() == [
        "Moment 1.", "On screen: Tides", "Said before it: It was.", "Said in it: It is.", "Said after it: It will be.",
    ]  # fmt: skip
    assert rest[3]["text"] == "Moment 2.\nNothing is said in it."
    assert [part["image_url"]["detail"] for part in rest if "image_url" in part] == ["low", "high", "low"]


@pytest.mark.parametrize("letter", ["a", "é", "漢", "😀"])
def test_the_bound_of_tokens_is_above_what_any_request_has(letter: str) -> None:
    """Two bytes a token at least, in any script."""
    excerpt = compressed([Line(letter * 900, {"a": 1.0})] * 9, [Line(letter * 99, {"b": 1.0})] * 9, [], 300)
    shown = [Shown([Sent(b"", "low", 9)], excerpt, [letter * 900] * 9)] * 5
    content = messages_of(About(letter * 900, "en"), shown, "wrong " + "x" * 100)[1]["content"]
    text = "".join(part["text"] for part in content if part["type"] == "text")
    own = re.findall(r"\w+|[^\w\s]", SYSTEM + orjson.dumps(SCHEMA).decode())
    assert len(own) + len(text.encode()) // BYTES_PER_TOKEN < tokens_of("gpt-4.1-mini", 0, 5, 300).sent


def test_models_that_reason_have_room_for_it() -> None:
    assert tokens_of("gpt-5-mini", 0, 1, 300).answered > tokens_of("gpt-4.1", 0, 1, 300).answered + 1_000
