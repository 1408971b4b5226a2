from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from PIL import Image

from processors.domain import Document, Emotion, Label, Marker, Shot, Speaker, Topic, Utterance
from processors.report import render_report
from processors.report.frames import FRAMES_SHOWN
from processors.report.spoken import SPEAKERS_SHOWN
from processors.segments import rank
from tests.unit.segments.builders import chunk, frame, parts, shots_at, talk, utterance


def jpeg(uri: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (640, 360), (int(uri[-2:], 16), 80, 120)).save(written, "JPEG")
    return written.getvalue()


def no_image(uri: str) -> bytes | None:
    return None


def example(**change: Any) -> tuple[dict[str, Any], Document]:
    said = [utterance("Why do rivers bend so much?", 1_000), utterance("The secret is in the sand below.", 6_000)]
    frames = [frame(at_ms, labels=[Label("river", 0.9)]) for at_ms in (2_000, 8_000, 14_000)]
    ranking = rank(parts(20_000, [chunk(*said)], frames, shots_at(0, 5_500, 20_000), min_segment_ms=2_000))
    result: dict[str, Any] = {
        "video_id": "3f2a9c0d11e4b7a6",
        "generation": 1,
        "revision": 2,
        "enriched": False,
        "status": "final",
        "error": None,
        "duration_ms": ranking.duration_ms,
        "title": "Rivers",
        "languages": ranking.languages,
        "confidence": ranking.confidence,
        "segments": [asdict(segment) for segment in ranking.segments],
        "missing": [],
        "run": {
            "timings_ms": {"transcriber": 2_400, "vision": 900},
            "cache": {"transcriber": {"records": 4, "hits": 3}},
            "wall_ms": 61_500,
            "cost_usd": 0.0123,
            "models": ["base", "look-1"],
        },
    }
    return result | change, ranking.document


class Page(HTMLParser):
    """Tags with attributes, and whether they close as they should."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def render(image: Callable[[str], bytes | None] = jpeg, **change: Any) -> tuple[str, Page]:
    result, document = example(**change)
    html = render_report(result, image, document)
    return html, Page(html)


def test_the_report_shows_everything() -> None:
    html, page = render()
    result, document = example()
    assert page.text.count("Rivers") >= 2  # title and heading
    for segment in result["segments"]:
        assert segment["title"] in page.text
        assert segment["text"] in page.text
        assert f'id="segment-{segment["rank"]}"' in html
        assert f'href="#segment-{segment["rank"]}"' in html
        for reason in segment["reasons"]:
            assert reason["detail"] in page.text
    for said in document.transcript:
        assert said.text in page.text
    for shown in ("Final", "0:20 long", "English", "Transcription", "2.4 s", "3 of 4 from the cache", "base, look-1"):
        assert shown in page.text
    assert "0.0123 USD" in page.text
    assert "1:01" in page.text  # 61.5 s from start to result


def test_nothing_is_loaded_from_elsewhere() -> None:
    html, page = render()
    assert "http:" not in html
    assert "https:" not in html
    assert not page.all("script")
    assert not page.all("link")
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:image/jpeg;base64,")), value
    assert not re.search(r"url\(|@import|javascript:", html)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")


HOSTILE = (
    "\"><script>alert(1)</script></title></style><img src=x onerror=alert(1)> {{ 7 * 7 }} \u202egnp.exe שלום & ' <!--"
)


def test_hostile_texts_stay_texts() -> None:
    result, document = example()
    segment = result["segments"][0]
    segment.update(title=HOSTILE, text=HOSTILE, topics=[HOSTILE], segment_id=HOSTILE)
    segment["reasons"][0].update(signal=HOSTILE, detail=HOSTILE)
    run = {"timings_ms": {HOSTILE: 5}, "models": [HOSTILE], "cache": {HOSTILE: {"hits": 1, "records": 1}}}
    result.update(title=HOSTILE, video_id=HOSTILE, error=HOSTILE, missing=[HOSTILE], status="degraded", run=run)
    result["languages"] = [HOSTILE]
    said = Utterance(0, 5_000, HOSTILE, HOSTILE, [], -0.1, 0.0, None)
    seen = frame(2_000, labels=[Label(HOSTILE, 0.9)], text=[HOSTILE])
    hostile = Document([said], [], document.shots, [seen], document.curve)
    segment["keyframe_uri"] = seen.frame_uri
    html = render_report(result, jpeg, hostile)
    page = Page(html)
    assert not page.all("script")
    assert len(page.all("title")) == 1 + len(result["segments"])  # the page's and one tooltip for each marker
    assert all(attributes.get("src", "").startswith("data:image/jpeg") for attributes in page.all("img"))
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "\u202e" not in html
    assert "{{ 7 * 7 }}" in page.text
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert "<!--" not in html


def test_texts_of_the_video_take_their_own_direction() -> None:
    _, page = render(title="שלום עולם")
    assert page.all("h1") == [{"dir": "auto"}]
    assert all(attributes.get("dir") == "auto" for attributes in page.all("h3") if "id" in attributes)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"status": "degraded", "missing": ["speech: gone"]}, ["Degraded", "What was missing:", "speech: gone"]),
        ({"status": "failed", "error": "No index.", "segments": []}, ["Failed", "No index.", "could not be processed"]),
        ({"status": "provisional"}, ["Provisional", "still being worked on"]),
        ({"status": "final", "missing": ["speech: none"]}, ["Final", "Worth knowing:", "speech: none"]),
        ({"status": "final", "segments": []}, ["there was nothing to cut"]),
        ({"status": "later"}, ["later"]),
    ],
    ids=["degraded", "failed", "provisional", "final with a note", "no segments", "a status of later"],
)
def test_states(change: dict[str, Any], shown: list[str]) -> None:
    _, page = render(**change)
    for text in shown:
        assert text in page.text


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"video_id": None, "source": "gone.mp4", "status": "failed", "error": "No such file.", "run": {}},
        {"segments": [{}], "duration_ms": None, "run": None, "confidence": None, "languages": None, "missing": None},
        {"segments": [{"score": "x", "reasons": [{}, 5]}, 7], "transcript": [{}], "shots": [{}], "frames": [{}]},
        {"run": {"timings_ms": {"vision": None}, "models": {"asr": "base"}, "cache": []}},
    ],
    ids=["empty", "never reached the stream", "nulls", "wrong kinds", "other shapes of run"],
)
def test_incomplete_results_render(result: dict[str, Any]) -> None:
    assert Page(render_report(result, no_image)).all("h1")


def test_without_the_document_the_merged_result_is_enough() -> None:
    result, document = example()
    merged = result | {
        "transcript": [asdict(said) for said in document.transcript],
        "shots": [
            {"start_ms": shot.start_ms, "end_ms": shot.end_ms, "transition": shot.transition} for shot in document.shots
        ],
        "frames": [asdict(seen) for seen in document.frames],
        "curve": document.curve,
    }
    assert render_report(merged, jpeg) == render_report(result, jpeg, document)


def test_dissolves_and_fades_are_marked_and_counted_beside_cuts() -> None:
    result, document = example()
    kinds = (None, "cut", "dissolve", "fade", "dissolve")
    begun = [Shot(at, 4_000 * at, 4_000 * (at + 1), kind) for at, kind in enumerate(kinds)]
    shown = Page(render_report(result, no_image, replace(document, shots=begun)))
    paths = {path["class"]: path["d"] for path in shown.all("path") if path.get("class", "").startswith("cuts")}
    assert paths == {"cuts": "M20 0V1", "cuts gradual": "M40 0V1M60 0V1M80 0V1"}
    assert "5 shots" in shown.text
    assert "2 dissolves, 1 fade" in shown.text
    hostile = [replace(shot, transition="<b>") for shot in begun]
    plain = Page(render_report(result, no_image, replace(document, shots=hostile)))
    assert [path["class"] for path in plain.all("path") if path.get("class", "").startswith("cuts")] == ["cuts"]
    assert "dissolve" not in plain.text


def test_every_picture_has_a_text_and_a_size() -> None:
    _, page = render()
    assert page.all("img")
    for attributes in page.all("img"):
        assert "alt" in attributes
        assert int(attributes["width"]) > 0
        assert int(attributes["height"]) > 0
    described = [attributes["alt"] for attributes in page.all("img") if attributes["alt"]]
    assert described == [f"Key frame of segment 1 at {described[0].split(' at ')[1]}", *described[1:]]
    assert "river" in described[0]


def test_a_missing_picture_is_said_and_not_shown() -> None:
    _, page = render(no_image)
    assert not page.all("img")
    assert "no picture" in page.text


def test_headings_are_in_order_and_ids_unique() -> None:
    _, page = render()
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"][1:] for attributes in page.all("a")}
    assert targets <= set(ids)
    named = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert named <= set(ids)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


TEXT_PAIRS = [
    ("ink", "paper"), ("ink", "card"), ("ink", "soft"), ("ink", "warn-soft"), ("ink", "bad-soft"), ("muted", "paper"),
    ("muted", "card"), ("muted", "soft"), ("accent", "card"), ("on-accent", "accent"), ("accent", "accent-soft"),
    ("good", "good-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"),
]  # fmt: skip
GRAPHIC_PAIRS = [(name, "soft") for name in ("speech", "audio", "vision", "other", *(f"lang-{at}" for at in range(6)))]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_that_of_wcag_aa(scheme: int) -> None:
    css = files("processors.report").joinpath("templates/report.css").read_text()
    block = css.split("@media (prefers-color-scheme: dark)")[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for pairs, least in ((TEXT_PAIRS, 4.5), ([*GRAPHIC_PAIRS, ("curve", "card")], 3.0)):
        for front, back in pairs:
            lighter, darker = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= least, (front, back)


def test_three_hours_make_a_light_file() -> None:
    ranking = rank(talk(180))
    result, _ = example(segments=[asdict(segment) for segment in ranking.segments], duration_ms=ranking.duration_ms)
    html = render_report(result, jpeg, ranking.document)
    assert len(html) < 1_500_000
    page = Page(html)
    details = next(attributes for attributes in page.all("details") if "transcript" in attributes["class"])
    assert "open" not in details


def test_topics_are_listed_with_their_times() -> None:
    result, document = example()
    topics = [Topic(1_000, 65_000, ["river", "sand <b>"], "nature", 0.876), Topic(65_000, 90_000, [], "other", 0.6)]
    page = render_report(result, jpeg, replace(document, topics=topics))
    assert ">1:05</time>" in page
    assert "river, sand &lt;b&gt;" in page
    assert re.search(r"nature 88&thinsp;%", page)
    assert "other" not in page.partition('id="topics-heading"')[2].partition("</section>")[0]
    assert 'id="topics-heading"' not in render_report(result, jpeg, document)


def test_each_picture_says_what_is_seen_by_whom_and_why() -> None:
    labels = [Label("colourful", 0.95), Label("person", 0.81), Label("black", 0.5)]
    document = Document(
        frames=[
            frame(
                1_000, labels=labels, source="local", reason="The service declined: no.", novelty=1.0, still_ms=4_100
            ),
            frame(2_000, description="Two men on a street.", source="openai:look-1", novelty=0.123),
            frame(3_000, labels=[], source="local", text=["Opening", "hours"]),
        ]
    )
    shown = Page(render_report({"status": "final", "video_id": "v", "duration_ms": 4_000}, jpeg, document)).text
    text = " ".join(shown.split())
    assert "3 pictures looked at" in text
    assert "0:01 person 81 %, black 50 %, colourful 95 %" in text  # what is in it before how it looks
    assert "by models on this machine: The service declined: no." in text
    assert "new (100 %), unchanged for 4 s" in text
    assert "0:02 Two men on a street. by openai:look-1 as before (12 %)" in text
    assert "0:03 nothing that has a name “Opening · hours” by models on this machine" in text


def test_a_segment_s_picture_says_it_as_well() -> None:
    result, document = example()
    frames = [replace(each, source="local", reason="no service is set") for each in document.frames]
    html = render_report(result, jpeg, replace(document, frames=frames))
    card = html[html.index('class="seen"') : html.index('class="figures"')]
    assert "river" in card
    assert "models on this machine" in card
    assert "no service is set" in card


def test_of_many_pictures_some_are_shown() -> None:
    document = Document(frames=[frame(1_000 * number) for number in range(FRAMES_SHOWN * 2 + 1)])
    html = render_report({"status": "final", "duration_ms": 200_000}, jpeg, document)
    assert f"{FRAMES_SHOWN * 2 + 1} pictures looked at, 41 of them here" in html
    assert '<details class="card frames">' in html  # closed


def test_what_is_seen_survives_json() -> None:
    result, document = example()
    frames = [replace(each, source="local", reason="why not", novelty=0.0, still_ms=0) for each in document.frames]
    document = replace(document, frames=frames)
    assert render_report(result | asdict(document), jpeg) == render_report(result, jpeg, document)


def test_rendering_is_deterministic() -> None:
    assert render()[0] == render()[0]


def test_reactions_and_likely_feelings_stand_beside_their_paragraph() -> None:
    result, document = example()
    first = replace(
        document.transcript[0],
        markers=[Marker("laughter", 2_000, 3_000, 0.9), Marker("question", 0, 900, 0.7)],
        emotion=Emotion(0.8, 0.5, "joy", 0.7),
    )
    second = replace(document.transcript[1], emotion=Emotion(-0.8, 0.5, "anger", 0.4))
    page = render_report(result, no_image, replace(document, transcript=[first, second]))
    notes = re.findall(r'<small class="note">([^<]*)</small>', page)
    assert notes == ["laughter", "joy"]
    assert '<small class="note">' not in render_report(result, no_image, document)


def test_who_speaks_stands_above_what_is_said_where_there_is_more_than_one() -> None:
    result, document = example()
    first, second = document.transcript
    talk = replace(
        document,
        transcript=[replace(first, speaker="S2"), replace(second, speaker="Ana <b>")],
        speakers=[Speaker("Ana <b>", 7_500, enrolled=True), Speaker("S2", 2_500)],
    )
    result["segments"][0]["speakers"] = ["Ana <b>", "S2"]
    page = render_report(result, no_image, talk)
    assert re.findall(r'<b class="who"><bdi>([^<]*)</bdi>', page) == ["Speaker 2", "Ana &lt;b&gt;"]
    assert re.findall(r'<li><b dir="auto">([^<]*)</b> (\d+)&thinsp;%', page) == [
        ("Ana &lt;b&gt;", "75"),
        ("Speaker 2", "25"),
    ]
    assert "<dt>Voices</dt><dd><bdi>Ana &lt;b&gt;</bdi>, <bdi>Speaker 2</bdi></dd>" in page
    alone = replace(talk, transcript=[replace(first, speaker="S1")], speakers=[Speaker("S1", 9_000)])
    page = render_report(result, no_image, alone)
    assert 'class="who"' not in page
    assert "<dt>Voice" not in page


def test_of_a_crowd_those_who_speak_most_are_listed() -> None:
    result, document = example()
    crowd = [Speaker(f"S{n}", 1_000) for n in range(1, 31)]
    page = render_report(result, no_image, replace(document, speakers=crowd))
    assert len(re.findall(r'<li><b dir="auto">Speaker', page)) == SPEAKERS_SHOWN
    assert "and 18 more" in page


def test_what_is_known_about_publishing_stands_on_the_card() -> None:
    result, document = example()
    result["suggestions"] = ["Add <captions>"]
    result["segments"][0] |= {
        "description": "Why rivers <b> bend.",
        "hashtags": ["River", "Sand"],
        "engagement": {"score": 0.62, "low": 0.48, "high": 0.751},
        "suggestions": ["Start at 0:04"],
        "platforms": {
            "x": {"fit": 0.4, "violations": ["too <wide>: crop it"]},
            "tiktok": {"fit": 0.8, "violations": []},
            "our_player": {"fit": 0.5, "violations": None},
            "broken": "no",
        },
    }
    page = render_report(result, no_image, document)
    Page(page)  # closes what it opens
    assert "Why rivers &lt;b&gt; bend." in page
    assert re.findall(r'<li dir="auto">#(\w+)</li>', page) == ["River", "Sand"]
    assert "<dt>Engagement</dt><dd>62 (48 to 75)</dd>" in page
    assert '<li dir="auto">Start at 0:04</li>' in page
    assert '<li dir="auto">Add &lt;captions&gt;</li>' in page
    assert re.findall(r'<span class="fit (\w+)">([^<]+) <b>(\d+)</b>', page) == [
        ("good", "TikTok", "80"),
        ("fair", "Our player", "50"),
        ("poor", "X", "40"),
    ]
    assert "too &lt;wide&gt;: crop it" in page
    assert "nothing speaks against it" in page


def test_a_result_without_them_shows_none_of_it() -> None:
    result, document = example()
    for segment in result["segments"]:
        segment["engagement"] = None
    page = render_report(result, no_image, document)
    for shown in ('class="tags"', 'class="platforms"', 'class="suggestions"', "<dt>Engagement", "make it better"):
        assert shown not in page


def test_what_a_service_says_stands_instead_of_the_description() -> None:
    result, document = example()
    insight = {"description": "A river, seen from above.", "labels": []}
    result["segments"][0] |= {"description": "Why rivers bend.", "insight": insight}
    page = render_report(result, no_image, document)
    assert "A river, seen from above." in page
    assert '<p class="about" dir="auto">Why rivers bend.' not in page
