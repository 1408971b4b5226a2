"""The language model's path against a server that is not ours: aimock, from npm; see `test_aimock`.

Every request that aimock records is held to OpenAI's own description by the fixture `aimock`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from processors.options import Options
from processors.service import client_for
from processors.tools import Tools
from tests.contract.aimock import Aimock, copying, failing
from tests.contract.conftest import bodies
from tests.openai_service import clip_copy
from tests.unit.enrichment.copy_help import SAID, write, writing, written_case

COUNT = 2
CASE = SAID[:COUNT]


def copies(*numbers: int, **changes: Any) -> list[dict[str, Any]]:
    return [clip_copy(number, f"Said in it: {CASE[number - 1]}", **changes) for number in numbers]


def statuses(aimock: Aimock) -> list[int]:
    return [one["response"]["status"] for one in aimock.recorded()]


def test_segments_are_written_about_in_one_request_and_once(tools: Tools, aimock: Aimock) -> None:
    aimock.answers(copying(COUNT, copies(1, 2)))
    case, there = written_case(tools, CASE), writing(tools, aimock.base_url)
    found = write(case, there, Options(language="en", metadata={"title": "Tides"}))
    again = write(case, there, Options(language="en", metadata={"title": "Tides"}))
    assert (found.fallback, statuses(aimock), again.copies) == (None, [200], found.copies)
    hooks = [copy.hook for copy in found.copies.values()]
    assert hooks == ["Why does the water rise twice a day?", "My grandmother kept bees on the roof."]
    (asked,) = bodies(aimock)
    assert "Title of the video: Tides" in asked["messages"][-1]["content"][0]["text"]
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert aimock.recorded()[0]["path"] == "/v1/chat/completions"


def test_what_is_left_out_or_wrong_is_asked_for_once_more(tools: Tools, aimock: Aimock) -> None:
    wrong = copies(1, rating=42)
    aimock.answers(copying(COUNT, [*wrong, *copies(2)]), copying(1, copies(1)))
    found = write(written_case(tools, CASE), writing(tools, aimock.base_url))
    assert (len(found.copies), found.fallback, statuses(aimock)) == (2, None, [200, 200])
    repair = bodies(aimock)[1]["messages"][-1]["content"][0]["text"]
    assert "1 of 2 clips were answered; rating is not as it should be" in repair


def test_busy_then_broken_then_there(tools: Tools, aimock: Aimock) -> None:
    aimock.answers(
        failing(COUNT, 429, nth=0, what="clips", retryAfter=7),
        failing(COUNT, 503, nth=1, what="clips"),
        copying(COUNT, copies(1, 2), nth=2),
    )
    there = writing(tools, aimock.base_url)
    assert there.hosted_text is not None
    slept: list[float] = []
    client_for(there.hosted_text.service)._sleep = slept.append
    found = write(written_case(tools, CASE), there)
    assert (len(found.copies), statuses(aimock), slept[0]) == (2, [429, 503, 200], 7.0)
    assert found.requests == 1, "tries that failed cost nothing"


@pytest.mark.parametrize(
    ("rates", "recorded", "why"),
    [
        ({"dropRate": 1}, [500] * 3, "failed (500"),
        ({"malformedRate": 1}, [200] * 2, "no valid answer"),
        ({"disconnectRate": 1}, [0] * 3, "cannot be reached"),
    ],
    ids=["500", "malformed", "connection dropped"],
)
def test_what_aimock_breaks_leaves_segments_as_they_were(
    tools: Tools, aimock: Aimock, rates: dict[str, float], recorded: list[int], why: str
) -> None:
    aimock.answers(copying(COUNT, copies(1, 2)))
    aimock.fails(**rates)
    case, there = written_case(tools, CASE), writing(tools, aimock.base_url)
    found = write(case, there)
    assert (found.copies, statuses(aimock)) == ({}, recorded)
    assert why in (found.fallback or "")
    aimock.fails()
    assert len(write(case, there).copies) == COUNT, "what was not written is asked for again"


@pytest.mark.parametrize("content", ["Here are your clips!", '{"moments": []}', '{"clips": []}', json.dumps([1, 2])])
def test_content_in_another_form(tools: Tools, aimock: Aimock, content: str) -> None:
    aimock.answers(copying(COUNT, content))
    found = write(written_case(tools, CASE), writing(tools, aimock.base_url))
    assert (found.copies, statuses(aimock)) == ({}, [200, 200])
    assert "no valid answer" in (found.fallback or "")
