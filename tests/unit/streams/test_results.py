from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import orjson
from rich.console import Console

from processors.blobs import BlobStore
from processors.domain import Document, Emotion, Insight, Label, Marker, Segment, Shot, Speaker, Topic, Turn
from processors.errors import InvalidMedia
from processors.options import Options
from processors.report import render_report
from processors.segments.parts import dump_json
from schemas.messages import SecondLook, StageRun
from streams.cli.console import segments_table
from streams.results import canonical, failed_json, to_json
from tests.unit.segments.builders import frame, utterance
from tests.unit.streams.test_newest import result


def test_speakers_and_turns_are_part_of_a_result(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    document = Document(
        speakers=[Speaker("S1", 5_000), Speaker("Ada", 900, True)],
        turns=[Turn(0, 5_000, "S1"), Turn(4_100, 5_000, "Ada")],
    )
    found = to_json(replace(result(0, 0), document_uri=blobs.put(dump_json(document))), blobs)
    assert found["speakers"] == [
        {"speaker": "S1", "speech_ms": 5_000, "enrolled": False},
        {"speaker": "Ada", "speech_ms": 900, "enrolled": True},
    ]
    assert found["turns"][1] == {"start_ms": 4_100, "end_ms": 5_000, "speaker": "Ada"}


def test_a_document_from_before_speakers_has_none(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    uri = blobs.put(orjson.dumps({"transcript": [], "dropped": [], "shots": [], "frames": [], "curve": []}))
    found = orjson.loads(canonical(replace(result(0, 0), document_uri=uri), blobs))
    assert (found["speakers"], found["turns"]) == ([], [])


def test_how_shots_begin_is_part_of_a_result_and_of_its_canonical_form(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    document = Document(shots=[Shot(0, 0, 900), Shot(1, 900, 2_000, "fade")])
    whole = replace(result(0, 0), document_uri=blobs.put(dump_json(document)))
    for found in (to_json(whole, blobs), orjson.loads(canonical(whole, blobs))):
        assert found["shots"] == [
            {"start_ms": 0, "end_ms": 900, "transition": None, "description": ""},
            {"start_ms": 900, "end_ms": 2_000, "transition": "fade", "description": ""},
        ]


def test_shots_of_a_document_from_before_transitions_have_none(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    shots = [{"index": 0, "start_ms": 0, "end_ms": 900}, {"index": 1, "start_ms": 900, "end_ms": 2_000}]
    uri = blobs.put(orjson.dumps({"shots": shots}))
    found = to_json(replace(result(0, 0), document_uri=uri), blobs)
    assert [shot["transition"] for shot in found["shots"]] == [None, None]
    assert "cut-swatch gradual" not in render_report(found, lambda _: None)


def test_a_report_shows_the_same_of_the_json_as_of_the_document_itself(tmp_path: Path) -> None:
    said = utterance("Why do rivers bend so much?", 1_000)
    document = Document(
        transcript=[
            replace(
                said,
                speaker="S1",
                emotion=Emotion(0.8, 0.5, "joy", 0.7),
                markers=[Marker("laughter", 2_000, 3_000, 0.9)],
            ),
            replace(utterance("Sand.", 6_000), speaker="Ada", language="de"),
        ],
        shots=[Shot(0, 0, 5_500), Shot(1, 5_500, 20_000, "dissolve")],
        frames=[frame(2_000, labels=[Label("river", 0.9)])],
        curve=[0.1, 0.7, 0.4],
        speakers=[Speaker("S1", 5_000), Speaker("Ada", 900, True)],
        topics=[Topic(1_000, 9_000, ["river", "sand"], "nature", 0.876)],
    )
    blobs = BlobStore(str(tmp_path))
    whole = replace(result(0, 0), document_uri=blobs.put(dump_json(document)), duration_ms=20_000)
    found = to_json(whole, blobs, locations=False)
    page = render_report(found, lambda _: None)
    assert page == render_report(found, lambda _: None, document)
    for shown in ("Speaker 1", "Ada", "laughter", "joy", "river, sand", "nature 88", "1 dissolve"):
        assert shown in page, shown


def test_what_a_service_says_of_a_segment_is_shown_and_what_agents_tell_each_other_is_not(tmp_path: Path) -> None:
    blobs = BlobStore(str(tmp_path))
    plain = Segment("v-0-9", 1, 0, 9_000, 0.5, 0.5, "title", "text", [], None)
    about = Insight("Why [bold]tides[/] rise.", [Label("tides", 0.9), Label("sea", 0.6)], 0.8, "openai:m", "moments-1")
    before = replace(result(0, 1), segments=[plain], second_look=SecondLook(Options(callback_url="http://h/secret")))
    run = replace(before.run, stages=[StageRun("enricher", 5, 1, 0)], cost_usd=0.5, costs_usd={"enricher": 0.5})
    after = replace(
        before, enriched=True, second_look=None, run=run, missing=["a note"], segments=[replace(plain, insight=about)]
    )
    first, second = to_json(before, blobs), to_json(after, blobs)
    assert "secret" not in str(first)
    assert first["segments"][0]["insight"] is None
    assert second["segments"][0]["insight"]["labels"][0] == {"name": "tides", "confidence": 0.9}
    assert second["run"]["costs_usd"] == {"enricher": 0.5}
    assert b"insight" not in canonical(before, blobs), "as it was before there were any"
    assert orjson.loads(canonical(after, blobs))["segments"][0]["insight"]["description"] == about.description
    page = render_report(second, lambda _: None)
    for shown in ("Why [bold]tides[/] rise.", "sea", "Enrichment", "0.5000 USD"):
        assert shown in page, shown
    assert "tides" not in render_report(first, lambda _: None)
    console = Console(file=io.StringIO(), width=200)
    console.print(segments_table(second))
    assert "Why [bold]tides[/] rise." in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_source_that_never_reached_the_stream_has_the_keys_of_every_result(tmp_path: Path) -> None:
    found = to_json(result(0, 0), BlobStore(str(tmp_path)))
    failed = failed_json("talk.mp4", InvalidMedia("There is no file talk.mp4.", "Name another."))
    assert failed.keys() - {"source"} == found.keys()  # the command line adds the source to all
    assert failed["run"].keys() == found["run"].keys()
    for name, value in failed.items():
        if value is not None and found.get(name) is not None:
            assert isinstance(value, type(found[name])), name
    assert render_report(failed, lambda _: None)
