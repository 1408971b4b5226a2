from __future__ import annotations

import itertools
import re
from dataclasses import asdict, replace
from importlib.resources import files
from typing import Any

import pytest

from processors.domain import Document, Label, Shot, Utterance
from processors.report import render_report
from processors.segments import rank
from tests.unit.report.example import Page, example, jpeg, no_image, render
from tests.unit.segments.builders import frame, talk


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
