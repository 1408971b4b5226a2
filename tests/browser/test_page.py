"""The page in a real browser, before a real gateway, a real broker and the real agents."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.browsing import Watch, violations
from tests.browser.conftest import OPTIONS, HeldSource
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
_RESULT_MS: Final = 180_000
_MARKUP: Final = '<img src="x" onerror="window.hurt = 1"> &amp; more'
_PHONE: Final = {"width": 360, "height": 780}
_BEFORE: Final = "(all, text) => all.findIndex((one) => one.textContent === text)"
# What changes while nobody clicks: states, bars, and what is said to those who hear the page.
_RECORD: Final = """
window.seen = {states: [], bars: [], said: []};
new MutationObserver((changes) => {
  for (const {target} of changes) {
    if (target.matches?.(".badge")) seen.states.push(target.dataset.status);
    if (target.matches?.(".stage .bar")) seen.bars.push(target.ariaLabel + target.ariaValueNow);
    if (target.id === "announcer" && target.textContent) seen.said.push(target.textContent);
  }
}).observe(document, {
  subtree: true, childList: true, attributes: true, attributeFilter: ["data-status", "aria-valuenow"],
});
"""


def test_a_video_from_the_link_to_the_clip_list(
    page: Page, watch: Watch, gateway_url: str, held_sample: HeldSource, tmp_path: Path
) -> None:
    page.add_init_script(_RECORD)
    page.goto("/#/submit")
    page.get_by_label("Link or path").fill(held_sample.url)
    page.get_by_text("Options, for files and links").click()
    page.get_by_label("Language").fill("en")
    page.get_by_label("TikTok").check()
    page.get_by_label("At most").fill("4")
    page.get_by_role("button", name="Submit the link").click()
    page.locator(".told a").click()
    badge = page.locator(".under .badge")
    expect(badge).to_have_attribute("data-status", re.compile("queued|running"))
    expect(page.locator(".no-media")).to_contain_text("not fetched")
    watch.forgive("status of 404")
    held_sample.let_go()  # now that its way is seen from the beginning
    expect(badge).to_have_attribute("data-status", "final", timeout=_RESULT_MS)
    video_id = page.url.rpartition("/")[2]

    # among all that was said: that nothing is said over it has a test of its own
    until(lambda: any(re.match(r"done: \d segments", said) for said in page.evaluate("seen.said")), "its end is told")

    # it went on before one's eyes, and was told without a word too many
    seen = page.evaluate("seen")
    assert seen["states"][-1] == "final"
    assert len(set(seen["bars"])) >= 6, "each stage moved"
    assert len(seen["said"]) <= 20, "not every step is said"

    with httpx.Client(base_url=f"{gateway_url}/v1/videos", timeout=60) as client:
        told = client.get(f"/{video_id}").raise_for_status().json()
        whole = client.get(f"/{video_id}/result").raise_for_status().json()
    assert told["options"] == told["options"] | OPTIONS
    segments: list[dict[str, Any]] = whole["segments"]
    assert len(segments) >= 2
    expect(page.locator(".card")).to_have_count(len(segments))
    expect(page.locator(".card h3").first).to_have_text(segments[0]["title"])
    expect(page.locator(".card .bars").first).to_contain_text(segments[0]["reasons"][0]["detail"])

    _plays(page, segments[0])
    _is_followed(page, whole)
    _is_copied_and_saved(page, segments, tmp_path)

    # a link leads to the segment, and the back button back
    page.goto(f"/#/video/{video_id}?segment=2")
    expect(page.locator(".card").nth(1).locator(".play")).to_be_focused()
    expect(page.locator(".player-note")).to_contain_text("Segment 2")
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", name="Status")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name=told["title"], exact=True)).to_be_visible()


def _plays(page: Page, segment: dict[str, Any]) -> None:
    """A card plays its part of the source, and stops where it ends."""
    video = page.locator("video")
    page.locator(".card .play").first.click()

    def at_ms() -> float:
        return float(video.evaluate("video => video.currentTime * 1000"))

    until(lambda: segment["start_ms"] + 300 < at_ms() < segment["end_ms"], "it plays from its start")
    expect(page.locator(".card").first).to_have_class(re.compile("playing"))
    video.evaluate("(video, at) => { video.currentTime = at; }", segment["end_ms"] / 1000 - 0.7)
    until(lambda: bool(video.evaluate("video => video.paused && !video.seeking")), "it stops by itself")
    assert at_ms() == pytest.approx(segment["end_ms"], abs=60)


def _is_followed(page: Page, whole: dict[str, Any]) -> None:
    """The transcript marks word and utterance, leaves the reader alone, finds, and seeks."""
    slider, box = page.get_by_role("slider", name="Timeline"), page.get_by_role("region", name="Transcript", exact=True)
    current = page.locator(".utterances li[aria-current]")
    expect(page.locator(".utterances li[data-index]")).to_have_count(len(whole["transcript"]))  # keys do nothing before
    slider.press("Home")
    for _ in range(3):
        slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "3")
    utterance = next(one for one in reversed(whole["transcript"]) if one["start_ms"] <= 3_000)
    word = next(one for one in reversed(utterance["words"]) if one["start_ms"] <= 3_000)
    expect(current.locator("p")).to_have_text(utterance["text"])
    assert page.evaluate("[...CSS.highlights.get('word')].map(String)") == [word["text"].strip()]

    follow = page.get_by_role("button", name="Follow")
    box.hover()
    page.mouse.wheel(0, 40)
    expect(follow).to_have_attribute("aria-pressed", "false")
    before = _settled(box)
    slider.press("End")
    last = page.locator(".utterances li[data-index]").last
    expect(last).to_have_attribute("aria-current", "true")
    assert _settled(box) == before, "who reads elsewhere is left there"
    follow.click()
    expect(last).to_be_in_viewport()

    third = page.locator(".utterances li[data-index]").nth(2)
    third.get_by_role("button").click()
    expect(third).to_have_attribute("aria-current", "true")
    page.get_by_role("heading", name="Transcript").click()
    page.keyboard.press("/")
    page.keyboard.type("TURTLE")
    places = sum(one["text"].lower().count("turtle") for one in whole["transcript"])
    expect(page.locator(".found")).to_have_text(f"1 of {places} places")
    page.keyboard.press("Enter")
    expect(page.locator(".found")).to_have_text(f"2 of {places} places")
    assert page.evaluate("CSS.highlights.get('found').size") == places


def _settled(box: Locator) -> float:
    """Where a box is scrolled to, when it moves no more."""
    places: list[float] = []

    def still() -> bool:
        places.append(float(box.evaluate("box => new Promise(done => setTimeout(() => done(box.scrollTop), 100))")))
        return len(places) > 2 and len(set(places[-3:])) == 1

    until(still, "it moves no more")
    return places[-1]


def _is_copied_and_saved(page: Page, segments: list[dict[str, Any]], folder: Path) -> None:
    """Texts land on the clipboard, clip lists in files."""
    card, said = page.locator(".card").first, page.locator("#announcer")
    card.get_by_role("button", name="Copy title of segment 1").click()
    expect(said).to_have_text(f"The title is copied: {segments[0]['title']}")
    assert page.evaluate("navigator.clipboard.readText()") == segments[0]["title"]
    card.get_by_label("Texts of segment 1 for").select_option("tiktok")
    card.get_by_role("button", name="Copy tags of segment 1").click()
    tags = " ".join(f"#{tag}" for tag in segments[0]["platforms"]["tiktok"]["hashtags"])
    assert tags
    expect(said).to_have_text(f"The tags are copied: {tags}")
    assert page.evaluate("navigator.clipboard.readText()") == tags

    page.get_by_label("Mark segment 2 for the clip list").check()
    texts = {}
    for kind in ("CSV", "EDL", "JSON", "Text"):
        with page.expect_download() as coming:
            page.get_by_role("button", name=f"Clip list as {kind}").click()
        path = folder / coming.value.suggested_filename
        coming.value.save_as(path)
        texts[kind] = path.read_bytes().decode()
    (row,) = csv.DictReader(io.StringIO(texts["CSV"], newline=""))
    assert (row["rank"], row["start_ms"], row["title"]) == ("2", str(segments[1]["start_ms"]), segments[1]["title"])
    (cut,) = re.findall(r"^001  AX +AA/V +C +(\S+) (\S+) 00:00:00:00 (\S+)\r?$", texts["EDL"], re.MULTILINE)
    frames = [_frames(timecode) for timecode in cut]
    assert frames[:2] == [round(segments[1][name] / 40) for name in ("start_ms", "end_ms")]
    assert frames[1] - frames[0] == frames[2]
    assert segments[1]["segment_id"] in texts["JSON"]
    assert texts["Text"].count("\n") == 1


def _frames(timecode: str) -> int:
    hours, minutes, seconds, frames = map(int, timecode.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 25 + frames


def test_a_title_is_text_and_a_video_is_cancelled_from_the_list(page: Page, watch: Watch, never_ending: str) -> None:
    title = f"{_MARKUP} {never_ending}"  # of this run alone
    page.goto("/#/submit")
    page.get_by_label("Link or path").fill(never_ending)
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Submit the link").click()
    expect(page.locator(".told a")).to_have_text(title)
    page.get_by_role("link", name="Videos", exact=True).click()
    row = page.locator(".video-row").filter(has_text=title)
    row.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the video").click()
    expect(row.locator(".badge")).to_have_attribute("data-status", "cancelled", timeout=_RESULT_MS)
    expect(row.locator(".title")).to_have_text(title)
    assert page.locator("main img").count() == 0
    assert page.evaluate("window.hurt") is None

    # filters are in the address, and an empty list says what to do
    page.get_by_label("Status", exact=True).select_option("cancelled")
    expect(page).to_have_url(re.compile(r"status=cancelled"))
    expect(row).to_be_visible()
    page.get_by_label("Search").fill("there is no such thing")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Show all videos").click()
    expect(row).to_be_visible()

    # an address that is refused: what is wrong, and what to do
    page.goto("/#/video/nobody-knows-it")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is known of video 'nobody-knows-it'.")
    watch.forgive("status of 404")
    page.goto("/#/submit")
    page.get_by_label("Link or path").fill("gopher://example.org/x")
    page.get_by_role("button", name="Submit the link").click()
    expect(page.get_by_role("alert")).to_contain_text("gopher")
    watch.forgive("status of 4")


def test_everything_by_keys(page: Page, finished: str, dead_letter: str) -> None:
    page.goto("/#/")
    expect(page.locator(".video-row").first).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".video-row .title").first).to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Single letters").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("d")
    page.locator("#help-button").press("Enter")
    dialog.get_by_label("Single letters").check()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#/$"))  # no letter did anything meanwhile

    page.keyboard.press("d")
    letter = page.locator(".letter").filter(has_text="video-ingested").first
    expect(letter).to_be_visible()
    summary = letter.locator("summary")
    for _ in range(page.locator(".letter summary").evaluate_all(_BEFORE, summary.text_content()) + 1):
        page.keyboard.press("j")
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    expect(letter.locator("pre").first).to_contain_text(dead_letter)
    letter.get_by_role("button", name="again").press("Enter")
    expect(page.locator("#announcer")).to_have_text("1 message sent again.")

    page.goto(f"/#/video/{finished}")
    page.locator(".card").nth(1).wait_for()
    expect(page.locator("video")).to_have_js_property("readyState", 4)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".card").nth(1).locator(".play")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_label("Mark segment 2 for the clip list")).to_be_checked()
    expect(page.locator(".card").nth(1).locator(".play")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("video")).to_have_js_property("paused", False)
    page.get_by_role("heading", name="Segments").click()
    page.keyboard.press("Space")
    expect(page.locator("video")).to_have_js_property("paused", True)


def test_every_view_is_accessible_and_fits_a_phone(
    page: Page, finished: str, dead_letter: str, axe_source: str
) -> None:
    views = {
        "#/": ".video-row",
        "#/submit": ".options",
        f"#/video/{finished}": ".card",
        "#/dead-letters?all=1": ".letter",
        "#/status": "tr[data-agent=joiner]",
    }
    page.goto("/#/")
    page.evaluate("document.body.append(document.createElement('button'))")
    assert violations(page, axe_source), "the judge is awake: a button without a name"
    page.reload()
    found = {}
    for address, there in views.items():
        page.goto(f"/{address}")
        page.locator(there).first.wait_for(state="attached")
        for summary in page.locator("main summary").all():
            if not summary.evaluate("one => one.parentElement.open"):
                summary.evaluate("one => one.click()")  # what is folded is judged, too
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found[address, theme] = violations(page, axe_source)
        page.set_viewport_size(_PHONE)
        found[address, "phone"] = violations(page, axe_source)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= _PHONE["width"], f"{address} scrolls sideways: {width}"
        page.set_viewport_size({"width": 1_280, "height": 800})
    assert {key: value for key, value in found.items() if value} == {}

    # the switch goes against the system's choice, and is kept
    page.locator("#theme-button").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 245, 241)"
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_key_is_asked_for_and_serves_media_too(
    browser: Browser, finished: str, locked_gateway: tuple[str, str]
) -> None:
    url, token = locked_gateway
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto(f"/#/video/{finished}")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("API key").fill("clip_wrong")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog.get_by_role("alert")).to_have_text("The API key is not known.")
    dialog.get_by_label("API key").fill(token)
    dialog.get_by_role("button", name="Use this key").click()
    picture = page.locator(".card img").first
    until(lambda: int(picture.evaluate("one => one.naturalWidth")) > 0, "a picture is there")
    until(lambda: float(page.locator("video").evaluate("one => one.duration || 0")) > 70, "the source is there")
    expect(page.locator("#link-state")).to_have_text("Live")
    assert token not in page.url
    page.reload()
    expect(page.locator(".card").first).to_be_visible()
    page.get_by_role("button", name="Key", exact=True).click()
    page.get_by_role("button", name="Forget it now").click()
    expect(page.get_by_role("dialog", name="This gateway asks for an API key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    context.close()
