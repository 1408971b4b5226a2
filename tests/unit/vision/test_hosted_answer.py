"""What is taken from an answer, and what is not."""

from __future__ import annotations

import json

import pytest

from processors.domain import Label
from processors.vision.hosted_answer import understood
from processors.vision.hosted_reading import usage_of
from tests.openai_service import chat, entry


def body(*entries: object, **changes: object) -> bytes:
    return chat({"pictures": list(entries)}, **changes).body  # type: ignore[arg-type]


def test_an_entry_is_cleaned() -> None:
    said = entry(
        1,
        "  A man\n speaks. " + "x" * 900,
        kind="people",
        labels=[
            {"name": " Desk ", "confidence": 0.7},
            {"name": "desk", "confidence": 0.9},
            {"name": "unsure", "confidence": 0.2},
            {"name": "x" * 300, "confidence": 0.5},
        ],
        text=["  Hello \n there ", "", "y" * 900],
        confidence=0.98765,
    )
    seen = understood(body(said), 1).seen[1]
    assert seen.description.startswith("A man speaks. xxx")
    assert len(seen.description) == 400
    assert seen.labels == [Label("desk", 0.9), Label("x" * 60, 0.5)]
    assert (seen.text, seen.kind, seen.confidence) == (["Hello there", "y" * 200], "people", 0.988)


@pytest.mark.parametrize(
    "wrong",
    [
        entry(1, confidence=1.5), entry(1, confidence="NaN"), entry(1, kind="cat"), entry(1, labels=None),
        entry(1, labels=[{"name": "", "confidence": 1}]), entry(1, text="a"), entry(1, description=" "),
        entry(0), entry(3), "text", None, {},
    ],
)  # fmt: skip
def test_what_is_wrong_in_an_entry_loses_that_entry_alone(wrong: object) -> None:
    found = understood(body(wrong, entry(2)), 2)
    assert set(found.seen) == {2}
    assert found.wrong.startswith("1 of 2 pictures were answered")


@pytest.mark.parametrize(
    "content",
    ["", "null", "7", '"text"', "{}", '{"pictures": 7}', '{"pictures": [1, 2]}', "[" * 100_000, '{"a":' * 50_000,
     "nothing {", "\ud83d"],
)  # fmt: skip
def test_content_that_cannot_be_used_is_said_without_being_repeated(content: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        understood(chat(content).body, 2)
    assert "nothing" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_answer_that_was_cut_off_keeps_what_is_whole() -> None:
    whole = json.dumps({"pictures": [entry(1), entry(2), entry(3)]})
    for cut in range(len(whole) - 4, 120, -7):
        try:
            found = understood(chat(whole[:cut], "length").body, 3)
        except ValueError:
            assert cut < 2 * len(whole) // 3
            continue
        assert all(seen.description.endswith("stands in a room.") for seen in found.seen.values())
        assert set(found.seen) == set(range(1, len(found.seen) + 1))


def test_a_refusal() -> None:
    found = understood(chat(None, refusal="I\ncannot " + "x" * 900).body, 2)
    assert (found.seen, found.wrong) == ({}, "")
    assert (found.refusal or "").startswith("I cannot xxx")
    assert len(found.refusal or "") == 200


@pytest.mark.parametrize(
    ("usage", "known"),
    [({"prompt_tokens": 3, "completion_tokens": 4}, True), (None, False), ("many", False),
     ({"prompt_tokens": -3, "completion_tokens": 4}, False), ({"prompt_tokens": 3}, False)],
)  # fmt: skip
def test_what_a_service_charges(usage: object, known: bool) -> None:
    answer = json.loads(body(entry(1)))
    found = usage_of(json.dumps({**answer, "usage": usage}).encode())
    assert (found is not None) == known
    assert usage_of(b"<html>") is None
    assert set(understood(json.dumps({**answer, "usage": usage}).encode(), 1).seen) == {1}, "the answer counts"


def test_a_model_that_counts_from_0_is_understood() -> None:
    """Else each picture had the words of the one after it."""
    found = understood(body(entry(0, "first"), entry(1, "second"), entry(2, "third")), 3)
    assert {number: seen.description for number, seen in found.seen.items()} == {1: "first", 2: "second", 3: "third"}
    assert found.wrong == ""
    cut_off = understood(body(entry(0, "first"), entry(1, "second")), 3)
    assert {number: seen.description for number, seen in cut_off.seen.items()} == {1: "first", 2: "second"}
    # one that gives a number to something else as well, and the last picture its own, counts from 1
    assert set(understood(body(entry(0), entry(1), entry(2)), 2).seen) == {1, 2}


def test_characters_that_steer_a_terminal_or_turn_text_around_are_left_out() -> None:
    said = entry(
        1, "A \x1b[31mred\x00 \u202edoor", labels=[{"name": "do\x07or", "confidence": 1}], text=["\x1b]0;x\x07Exit"]
    )
    seen = understood(body(said), 1).seen[1]
    assert (seen.description, seen.labels, seen.text) == ("A [31mred door", [Label("door", 1.0)], ["]0;xExit"])
    with pytest.raises(ValueError, match="description"):
        understood(body(entry(1, "\x00\u202e")), 1)
    refused = understood(chat(None, refusal="No\x1b[2J.").body, 1)
    assert refused.refusal == "No[2J."


@pytest.mark.parametrize("opened", ["```json", "```JSON", "```", "```\n json"])
def test_a_block_of_code(opened: str) -> None:
    content = f"{opened}\n{json.dumps({'pictures': [entry(1)]})}\n```"
    assert set(understood(chat(content).body, 1).seen) == {1}
