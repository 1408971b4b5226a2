from __future__ import annotations

import re
from dataclasses import asdict, replace

from processors.domain import Document, Emotion, Label, Marker, Speaker, Topic
from processors.report import render_report
from processors.report.frames import FRAMES_SHOWN
from processors.report.spoken import SPEAKERS_SHOWN
from tests.unit.report.example import Page, example, jpeg, no_image, render
from tests.unit.segments.builders import frame


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
