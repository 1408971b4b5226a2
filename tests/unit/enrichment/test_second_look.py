"""The best segments shown to a service again, and what happens when it cannot; the service is a real HTTP server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from processors.domain import Label
from processors.enrichment.second_look import NO_PICTURE, NO_SERVICE
from processors.options import Options
from processors.service import client_for
from processors.versions import MOMENTS_VERSION
from tests.openai_service import CHAT, KEY, OpenAiService, Reply, chat, describing, failed, grasp
from tests.unit.enrichment.helpers import SOURCE, case_of, look, seeing


def hurried(tools: Any) -> Any:
    """These tools, their client does not wait between tries."""
    client_for(tools.hosted_vision.service)._sleep = lambda _: None
    return tools


def test_all_segments_are_shown_in_one_request_with_the_words_around_them(tools) -> None:
    case = case_of(tools)
    with OpenAiService(answer=describing) as service:
        found = look(case, seeing(tools, service.base_url), Options(metadata={"title": "The sea"}))
    (asked,) = service.asked
    assert asked.path == CHAT
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert (asked.json["model"], asked.json["temperature"]) == ("gpt-4.1-mini", 0.0)
    first, *_ = asked.json["messages"][-1]["content"]
    assert "Title of the video: The sea" in first["text"]
    assert "Language spoken in it: en" in first["text"]
    words = [note for note, _ in asked.moments]
    assert "Said in it: On the far side the earth is pulled away from the water." in words[1]
    assert "Said before it: Why does the water rise twice a day?" in words[1]
    assert "Well, yes" not in words[0] + words[1], "filler"
    assert "Said after it: Sailors have known the timetable" in words[1]
    shapes = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape for _, jpegs in asked.moments for jpeg in jpegs]
    assert [len(jpegs) for _, jpegs in asked.moments] == [2, 2, 2]
    assert set(shapes) <= {(288, 512, 3), (360, 640, 3)}
    insight = found.insights[case.segments[1].segment_id]
    assert insight.description == "Number 2 explains the tides to a room."
    assert insight.labels == [Label("tides", 0.9), Label("sea", 0.6)]
    assert (insight.confidence, insight.source, insight.prompt) == (0.8, SOURCE, MOMENTS_VERSION)
    assert list(found.insights) == [segment.segment_id for segment in case.segments]
    assert found.cost_usd == pytest.approx(3 * (100 * 0.4 + 50 * 1.6) / 1e6)
    assert (found.requests, found.fallback, found.notes) == (1, None, [])


@pytest.mark.data
def test_every_request_and_answer_is_as_openai_describes_it(tools, test_data: Path) -> None:
    from jsonschema import Draft202012Validator

    described = json.loads((test_data / "openapi" / "openai_trimmed.json").read_text())

    def check(value: Any, name: str) -> None:
        schema = {**described, "$ref": f"#/components/schemas/{name}"}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []

    partial = chat({"moments": [grasp(2)]})
    with OpenAiService(partial, chat({"moments": [grasp(1), grasp(2)]})) as service:
        case = case_of(tools)
        look(case, seeing(tools, service.base_url), Options(language="de", metadata={"title": "The sea"}))
        look(case, seeing(tools, service.base_url, model="gpt-5-mini", scenes=False))
    assert len(service.asked) >= 3, "requests, and repairs of them"
    for asked in service.asked:
        check(asked.json, "CreateChatCompletionRequest")
    assert all("temperature" not in asked.json for asked in service.asked if asked.json["model"] == "gpt-5-mini")
    for reply in (partial, describing(service.asked[0])):
        check(json.loads(reply.body), "CreateChatCompletionResponse")
    with pytest.raises(AssertionError):
        check({**service.asked[0].json, "messages": []}, "CreateChatCompletionRequest")


def test_only_as_many_as_are_wanted_are_shown(tools) -> None:
    with OpenAiService(answer=describing) as service:
        found = look(case_of(tools), seeing(tools, service.base_url, second_segments=2))
    assert [len(asked.moments) for asked in service.asked] == [2]
    assert (len(found.insights), found.notes) == (2, [])


def test_what_does_not_fit_in_one_request_is_asked_in_another(tools) -> None:
    """gpt-4o-mini counts 2,833 tokens for a picture in low detail, of which 24,000 go into a request."""
    with OpenAiService(answer=describing) as service:
        found = look(case_of(tools, count=9, pictures=2), seeing(tools, service.base_url, model="gpt-4o-mini"))
    assert [len(asked.moments) for asked in service.asked] == [4, 4, 1]
    assert len(found.insights) == 9


def test_what_is_valid_is_kept_and_the_rest_asked_for_once_more(tools) -> None:
    bad = {"moments": [grasp(1), grasp(2, confidence=7), grasp(9), {"x": 1}]}
    case = case_of(tools)
    with OpenAiService(chat(bad), chat({"moments": [grasp(1, "Mended.")]})) as service:
        found = look(case, seeing(tools, service.base_url))
    assert [len(asked.moments) for asked in service.asked] == [3, 2], "only the two that are missing"
    assert "1 of 3 moments were answered" in service.asked[1].json["messages"][-1]["content"][0]["text"]
    assert [insight.description for insight in found.insights.values()] == [
        "Number 1 explains the tides to a room.", "Mended.",
    ]  # fmt: skip
    assert list(found.insights) == ["v-0", "v-20000"]
    assert found.notes == [f"second look: 1 of 3 segments have none. {found.fallback}"]
    assert "left it out or described it wrongly" in (found.fallback or "")


@pytest.mark.parametrize(
    ("replies", "requests", "reason"),
    [
        ([chat("no JSON at all")], 2, "no valid answer"),
        ([chat({"pictures": [grasp(1)]})], 2, "no list of moments"),
        ([failed(500)], 3, "failed (500"),
        ([failed(429, "slow down", retry_after="90")], 1, "is busy (429"),
        ([failed(429, "pay", "insufficient_quota")], 1, "no money left"),
        ([failed(401)], 1, "does not accept the key"),
        ([failed(400, "too large")], 1, "refused the request"),
        ([Reply(reset=True)], 3, "cannot be reached"),
    ],
    ids=["prose", "another form", "500", "busy", "no money", "key", "400", "reset"],
)
def test_a_service_that_fails_leaves_the_result_as_it_was(tools, replies, requests, reason) -> None:
    with OpenAiService(*replies) as service:
        found = look(case_of(tools), hurried(seeing(tools, service.base_url)))
        assert len(service.asked) == requests
    assert found.insights == {}
    assert reason in (found.fallback or "")
    assert KEY not in str(found)
    assert found.notes == [f"second look: 3 of 3 segments have none. {found.fallback}"]


def test_a_service_that_is_not_there(tools) -> None:
    found = look(case_of(tools), hurried(seeing(tools, "http://127.0.0.1:9/v1")))
    assert found.insights == {}
    assert "cannot be reached" in (found.fallback or "")


def test_a_refusal_is_told_and_is_no_reason_to_ask_again(tools) -> None:
    case = case_of(tools, count=1)
    with OpenAiService(chat(None, refusal="I will not.")) as service:
        there = seeing(tools, service.base_url)
        first, second = look(case, there), look(case, there)
        assert len(service.asked) == 1
    assert (first.insights, first.fallback) == ({}, None)
    assert first.notes == second.notes == ["second look: 1 of 1 segments have none. The service declined: I will not."]


def test_without_a_service_and_without_pictures_nothing_is_asked(tools) -> None:
    case = case_of(tools, pictures=0)
    none = look(case, tools)
    assert (none.insights, none.fallback) == ({}, NO_SERVICE)
    with OpenAiService(answer=describing) as service:
        found = look(case, seeing(tools, service.base_url))
        assert service.asked == []
    assert (found.insights, found.fallback) == ({}, None)
    assert found.notes == [f"second look: 3 of 3 segments have none. {NO_PICTURE}"]


def test_a_picture_that_was_collected_is_left_out(tools) -> None:
    case = case_of(tools, count=2)
    gone = case.document.frames[1].frame_uri.removeprefix("blob:")
    (Path(tools.work_dir) / "blobs" / gone[:2] / gone).unlink()
    with OpenAiService(answer=describing) as service:
        found = look(case, seeing(tools, service.base_url))
        assert [len(jpegs) for _, jpegs in service.asked[0].moments] == [1, 2]
    assert len(found.insights) == 2


def test_nothing_is_paid_for_twice(tools) -> None:
    case = case_of(tools)
    with OpenAiService(answer=describing) as service:
        there = seeing(tools, service.base_url)
        first, again = look(case, there), look(case, there)
        assert len(service.asked) == 1
        assert (again.insights, again.cost_usd, again.requests) == (first.insights, first.cost_usd, 0)
        fewer = look(replace(case, segments=case.segments[:2]), there)
        assert len(service.asked) == 1, "answers lie under their moment, not under the whole look"
        assert (len(fewer.insights), fewer.cost_usd) == (2, 0.0)
        titled = look(case, there, Options(metadata={"title": "Another"}))
        assert len(service.asked) == 2
        assert titled.cost_usd == first.cost_usd
        look(case, seeing(tools, service.base_url, second_tokens=200))
        assert len(service.asked) == 2, "all words still fit"
        look(case, seeing(tools, service.base_url, second_tokens=20))
        assert len(service.asked) == 3, "fewer words are another question"


def test_another_prompt_asks_again(tools, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(tools)
    with OpenAiService(answer=describing) as service:
        look(case, seeing(tools, service.base_url))
        monkeypatch.setattr("processors.enrichment.second_look.MOMENTS_VERSION", "moments-0")
        look(case, seeing(tools, service.base_url))
        assert len(service.asked) == 2


def test_what_a_killed_look_paid_for_is_counted_by_its_successor(tools) -> None:
    """The first of two requests was answered, then the worker died."""
    case = case_of(tools, count=6)
    with OpenAiService(answer=describing) as service:
        there = seeing(tools, service.base_url, model="gpt-4o-mini")

        def dies(*_: Any) -> Any:
            if len(service.asked) == 1:
                raise KeyboardInterrupt
            return call(*_)

        client = client_for(there.hosted_vision.service)
        call, client.call = client.call, dies  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            look(case, there)
        client.call = call  # type: ignore[method-assign]
        found = look(case, there)
        assert [len(asked.moments) for asked in service.asked] == [4, 2]
    assert len(found.insights) == 6
    assert found.cost_usd == pytest.approx(6 * (100 * 0.4 + 50 * 1.6) / 1e6)
    assert found.requests == 1
