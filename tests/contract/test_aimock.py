"""The hosted vision path against a server that is not ours: aimock, from npm.

Our own stand-in (`tests/openai_service.py`) is written by the people who wrote the client, so both may share a mistake.
Here somebody else reads our requests and writes the answers and failures. The form of each request is checked as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import psutil
import pytest

from processors.domain import BatchAnalysis, FrameBatch
from processors.options import Options
from processors.service import client_for
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from processors.vision.extract import extract_frames
from tests.contract.aimock import Aimock, answering, failing, grasping, running
from tests.contract.conftest import bodies
from tests.openai_service import KEY, entry, grasp
from tests.unit.enrichment.helpers import case_of, look, seeing
from tests.unit.vision.helpers import Image
from tests.unit.vision.hosted_help import batch_of, hosted

SOURCE: Final = "openai:gpt-4.1-mini"
COUNT: Final = 4
# aimock keeps requests up to 64 KB; four pictures of this width and quality are 28 KB, and their text is 3 KB.
WIDTH: Final = 192
QUALITY: Final = 85
TIMEOUT_S: Final = 60.0  # no test waits for it: who tests lateness sets another


@pytest.fixture(scope="module")
def stills(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    """Key frames of the bundled sample, as they are stored."""
    from processors.blobs import BlobStore
    from processors.models.store import ModelStore

    folder = tmp_path_factory.mktemp("stills")
    tools = Tools(BlobStore(str(folder / "b")), ModelStore(None, folder, allow_download=False), 1, None, folder)
    batches = [found for found in extract_frames(sample, Options(), tools) if isinstance(found, FrameBatch)]
    jpegs = [tools.blobs.get(frame.uri) for batch in batches for frame in batch.frames]
    return [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs]


@pytest.fixture
def batch(tools: Tools, stills: list[Image]) -> FrameBatch:
    """Four of them, so small that aimock keeps the whole request."""
    small = [
        cv2.resize(image, (WIDTH, round(image.shape[0] * WIDTH / image.shape[1])), interpolation=cv2.INTER_AREA)
        for image in stills
    ]
    return batch_of(tools, small[:COUNT], quality=QUALITY)


def there(tools: Tools, aimock: Aimock, slept: list[float] | None = None, **changes: Any) -> Tools:
    """Tools that ask aimock, and do not wait between tries."""
    asking = hosted(tools, aimock.base_url, **{"timeout_s": TIMEOUT_S, **changes})
    assert asking.hosted_vision is not None
    client_for(asking.hosted_vision.service)._sleep = (slept if slept is not None else []).append
    return asking


def entries(*numbers: int) -> list[dict[str, Any]]:
    return [entry(number, f"Somebody else says this of {number}.") for number in numbers]


def sources(result: BatchAnalysis) -> list[str]:
    return [frame.source for frame in result.frames]


def statuses(aimock: Aimock) -> list[int]:
    return [one["response"]["status"] for one in aimock.recorded()]


def test_no_process_is_left(aimock_program: Path, tmp_path: Path) -> None:
    with running(aimock_program, tmp_path) as server:
        assert psutil.pid_exists(server.pid)
        assert server.recorded() == []
    assert not psutil.pid_exists(server.pid)


def test_a_batch_of_real_frames_is_described_in_one_request(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    usage = {"prompt_tokens": 2_000, "completion_tokens": 600, "total_tokens": 2_600}
    aimock.answers(answering(COUNT, entries(*range(1, COUNT + 1)), usage=usage))
    result = analyse_batch(batch, Options(metadata={"title": "Tides"}), there(tools, aimock))
    assert (result.fallback, statuses(aimock)) == (None, [200])
    assert [frame.description for frame in result.frames] == [
        f"Somebody else says this of {number}." for number in range(1, COUNT + 1)
    ]
    assert sources(result) == [SOURCE] * COUNT
    assert result.cost_usd == pytest.approx((2_000 * 0.4 + 600 * 1.6) / 1e6)
    (asked,) = bodies(aimock)
    pictures = [part for part in asked["messages"][-1]["content"] if part["type"] == "image_url"]
    assert len(pictures) == COUNT
    assert aimock.recorded()[0]["path"] == "/v1/chat/completions"
    # kept: nobody is asked for the same pictures again
    again = analyse_batch(batch, Options(metadata={"title": "Tides"}), there(tools, aimock))
    assert (sources(again), statuses(aimock)) == ([SOURCE] * COUNT, [200])


def test_frames_of_their_full_size(tools: Tools, aimock: Aimock, stills: list[Image]) -> None:
    whole = batch_of(tools, stills)
    count = len(stills)
    assert count > COUNT
    aimock.answers(answering(count, entries(*range(1, count + 1))))
    result = analyse_batch(whole, Options(), there(tools, aimock))
    assert (sources(result), result.fallback, statuses(aimock)) == ([SOURCE] * count, None, [200])
    assert aimock.recorded()[0]["body"]["originalByteSize"] > 64 * 1024


@pytest.mark.data
def test_every_request_is_as_openai_describes_it(
    tools: Tools, aimock: Aimock, batch: FrameBatch, test_data: Path, wrong_in: Callable[[Any], list[str]]
) -> None:
    """First requests, tries and repairs; the fixture `aimock` does the same after every test."""
    aimock.answers(
        failing(COUNT, 500, nth=0),
        answering(COUNT, entries(1, 2), nth=1),
        answering(2, entries(1, 2)),
    )
    options = Options(language="de", metadata={"title": "Tides"})
    result = analyse_batch(batch, options, there(tools, aimock))
    assert (sources(result), statuses(aimock)) == ([SOURCE] * COUNT, [500, 200, 200])
    asked = bodies(aimock)
    assert len(asked) == 3
    assert [wrong_in(one) for one in asked] == [[]] * 3
    assert wrong_in({**asked[0], "messages": []}) != []


def test_busy_then_broken_then_there(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    aimock.answers(
        failing(COUNT, 429, nth=0, retryAfter=7),
        failing(COUNT, 503, nth=1),
        answering(COUNT, entries(*range(1, COUNT + 1)), nth=2),
    )
    slept: list[float] = []
    result = analyse_batch(batch, Options(), there(tools, aimock, slept))
    assert (sources(result), statuses(aimock)) == ([SOURCE] * COUNT, [429, 503, 200])
    assert len(slept) == 2
    assert slept[0] == 7.0
    assert result.requests == 1, "tries that failed cost nothing"


def test_one_that_asks_to_be_left_alone_for_long_is(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    aimock.answers(failing(COUNT, 429, retryAfter=300))
    result = analyse_batch(batch, Options(), there(tools, aimock))
    assert (sources(result), statuses(aimock)) == (["local"] * COUNT, [429])


def test_what_is_left_out_is_asked_for_once_more(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    wrong = {**entry(2), "kind": "nonsense"}
    aimock.answers(answering(COUNT, [*entries(1), wrong, *entries(4)]), answering(2, entries(1, 2)))
    result = analyse_batch(batch, Options(), there(tools, aimock))
    assert (sources(result), statuses(aimock)) == ([SOURCE] * COUNT, [200, 200])
    assert "2 of 4 pictures were answered" in bodies(aimock)[1]["messages"][-1]["content"][0]["text"]


def test_an_answer_that_is_cut_off_at_its_length(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    text = json.dumps({"pictures": entries(*range(1, COUNT + 1))})[:-60]
    aimock.answers(answering(COUNT, text, finishReason="length"), answering(1, entries(1)))
    result = analyse_batch(batch, Options(), there(tools, aimock))
    assert (sources(result), statuses(aimock)) == ([SOURCE] * COUNT, [200, 200])


@pytest.mark.parametrize(
    ("rates", "recorded", "why"),
    [
        ({"dropRate": 1}, [500] * 3, "failed (500"),
        ({"rateLimitRate": 1}, [429] * 3, "is busy"),
        ({"malformedRate": 1}, [200] * 2, "no valid answer"),
        ({"disconnectRate": 1}, [0] * 3, "cannot be reached"),
    ],
    ids=["500", "429", "malformed", "connection dropped"],
)
def test_what_aimock_breaks(
    tools: Tools, aimock: Aimock, batch: FrameBatch, rates: dict[str, float], recorded: list[int], why: str
) -> None:
    local = analyse_batch(batch, Options(), tools)
    aimock.answers(answering(COUNT, entries(*range(1, COUNT + 1))))
    aimock.fails(**rates)
    slept: list[float] = []
    result = analyse_batch(batch, Options(), there(tools, aimock, slept))
    assert (sources(result), statuses(aimock)) == (["local"] * COUNT, recorded)
    assert all(why in (frame.reason or "") for frame in result.frames)
    assert [replace(frame, reason=None) for frame in result.frames] == local.frames
    if "rateLimitRate" in rates:  # its header says 1 s
        assert all(pause >= 1.0 for pause in slept)
    aimock.fails()
    found = analyse_batch(batch, Options(), there(tools, aimock))
    assert sources(found) == [SOURCE] * COUNT, "what the local models did is asked for again"


@pytest.mark.parametrize("content", ["It is a nice video!", '{"frames": []}', '{"pictures": []}'])
def test_content_in_another_form(tools: Tools, aimock: Aimock, batch: FrameBatch, content: str) -> None:
    aimock.answers(answering(COUNT, content))
    result = analyse_batch(batch, Options(), there(tools, aimock))
    assert (sources(result), statuses(aimock)) == (["local"] * COUNT, [200, 200])
    assert "no valid answer" in (result.fallback or "")


def test_an_answer_that_takes_its_time(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    aimock.answers(answering(COUNT, entries(*range(1, COUNT + 1))))
    aimock.fails(latencyMs=10_000)
    late = analyse_batch(batch, Options(), there(tools, aimock, timeout_s=0.3))
    assert sources(late) == ["local"] * COUNT
    assert "did not answer in time" in (late.fallback or "")
    aimock.fails(latencyMs=400)
    result = analyse_batch(batch, Options(), there(tools, aimock))
    assert (sources(result), result.fallback) == ([SOURCE] * COUNT, None)


def test_a_key_that_aimock_does_not_know(tools: Tools, aimock: Aimock, batch: FrameBatch) -> None:
    aimock.answers(answering(COUNT, entries(*range(1, COUNT + 1))))
    wrong = "sk-wrong-0815"
    assert wrong != KEY
    result = analyse_batch(batch, Options(), there(tools, aimock, key=wrong))
    assert sources(result) == ["local"] * COUNT
    assert "does not accept the key (401)" in (result.fallback or "")
    assert wrong not in (result.fallback or "")


def test_the_second_look(tools: Tools, aimock: Aimock) -> None:
    """The best segments, each with its words and a picture: the other request that we make."""
    case = case_of(tools, count=2, pictures=1)
    aimock.answers(grasping(2, [grasp(1, "The moon."), grasp(2, "The far side.")]))
    found = look(case, seeing(tools, aimock.base_url))
    assert [insight.description for insight in found.insights.values()] == ["The moon.", "The far side."]
    assert (found.fallback, statuses(aimock), len(bodies(aimock))) == (None, [200], 1)
