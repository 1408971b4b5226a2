"""The page when something goes wrong on the way: connections that break, answers that come late or not at all."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.browsing import Watch
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
# What is said to those who hear the page; on a busy machine also that the connection is lost for a moment.
_RECORD: Final = """
window.said = [];
new MutationObserver(() => said.push(document.getElementById("announcer")?.textContent ?? ""))
  .observe(document, {subtree: true, childList: true});
"""


def test_what_is_missed_while_the_connection_is_broken_comes_after_it(
    page: Page, watch: Watch, gateway_url: str, never_ending: str
) -> None:
    page.route("**/v1/events", lambda route: route.abort("connectionreset"))
    page.goto("/#/")
    expect(page.locator("#link-state")).to_have_text("Connection lost, trying again")
    body = {"uri": f"{never_ending}?missed", "metadata": {"title": "Submitted meanwhile"}}
    with httpx.Client(base_url=gateway_url, timeout=60) as client:
        video_id = client.post("/v1/videos", json=body).raise_for_status().json()["video_id"]
        row = page.locator(".video-row").filter(has_text="Submitted meanwhile")
        expect(row).to_have_count(0)
        page.unroute("**/v1/events")
        expect(row).to_be_visible()
        expect(page.locator("#link-state")).to_have_text("Live")
        client.delete(f"/v1/videos/{video_id}").raise_for_status()
        # an agent does it, and this may be the first test, whose agents are just starting
        expect(row.locator(".badge")).to_have_attribute("data-status", "cancelled", timeout=180_000)
    watch.forgive("ERR_CONNECTION_RESET")


def test_who_leaves_while_it_loads_is_elsewhere(page: Page, watch: Watch, finished: str) -> None:
    held: list[Route] = []
    page.route("**/choices.json", lambda route: route.continue_() if held else held.append(route))
    page.goto(f"/#/video/{finished}")
    until(lambda: bool(held) or page.wait_for_timeout(50) is not None, "the view waits")
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", name="Status")).to_be_focused()
    with page.expect_response("**/choices.json"):
        held[0].continue_()
    # what is asked for after that answer comes after what the answer would do
    page.evaluate("fetch('choices.json').then((answer) => answer.json()).then(() => {})")
    expect(page.get_by_role("heading", level=1)).to_have_text("Status")
    assert page.locator(".segments").count() == 0
    assert not any(one.endswith("/events") for one in watch.asked), "and nothing is followed"


def test_what_comes_after_the_end_is_not_said_over_it(page: Page, gateway_url: str, finished: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def tell(number: int, kind: str, data: dict[str, Any]) -> None:
        until(lambda: len(held) > number or page.wait_for_timeout(50) is not None, "the view follows")
        held[number].fulfill(content_type="text/event-stream", body=f"event: {kind}\ndata: {json.dumps(data)}\n\n")

    page.add_init_script(_RECORD)
    page.route("**/events", hold)
    page.goto(f"/#/video/{finished}")
    page.locator(".card").first.wait_for()
    now = httpx.get(f"{gateway_url}/v1/videos/{finished}", timeout=60).raise_for_status().json()
    assert (now["status"], now["done"]) == ("final", 1)
    tell(0, "segments", {"video_id": finished, "status": "final", "until_ms": None, "segments": 2, "changes": None})
    until(lambda: "done: 2 segments." in page.evaluate("said"), "its end is told")
    tell(1, "progress", {**now, "priority": 7})
    expect(page.locator(".under .facts")).to_contain_text("priority 7")  # by now it has come
    # what is said comes with the next frame
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not [one for one in page.evaluate("said") if "% done" in one]


def test_a_result_that_did_not_come_is_asked_for_again(
    page: Page, watch: Watch, gateway_url: str, finished: str
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/events", hold)  # so that one event comes, when all is ready for it
    page.goto(f"/#/video/{finished}")
    utterances = page.locator(".utterances li[data-index]")
    utterances.first.wait_for()
    there = utterances.count()
    until(lambda: bool(held) or page.wait_for_timeout(50) is not None, "the view follows")
    with httpx.Client(base_url=f"{gateway_url}/v1/videos", timeout=60) as client:
        before = client.get(finished).json()["generation"]
        client.post(f"{finished}/replay", json={"from": "segmenter"}).raise_for_status()
        until(
            lambda: (now := client.get(finished).json())["generation"] > before and now["status"] == "final",
            "the replay is through",
            180,
        )
    page.evaluate("document.querySelector('.utterances').replaceChildren()")  # what comes is told from what was there
    page.route("**/result", lambda route: route.abort("connectionreset"))
    event = {"video_id": finished, "status": "final", "until_ms": None, "segments": 2, "changes": None}
    held[0].fulfill(content_type="text/event-stream", body=f"event: segments\ndata: {json.dumps(event)}\n\n")
    retry = page.get_by_role("alert").get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    page.unroute("**/result")
    retry.click()
    expect(utterances).to_have_count(there)
    expect(retry).to_have_count(0)
    watch.forgive("ERR_CONNECTION_RESET")
