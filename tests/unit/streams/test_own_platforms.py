"""A request that names what nobody knows: refused before any work, by each of the stages that take it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer

from processors.errors import InvalidMessage
from processors.options import Options
from schemas.messages import END_INDEX, VideoIngested
from streams import codec, identity, topics
from streams.cli.options import options_from
from streams.clock import SYSTEM_CLOCK
from streams.logic.extractor import locate
from streams.logic.metadata import Metadata
from streams.own_platforms import check_names
from streams.settings import Settings
from streams.work import Bench
from tests.unit.segments.test_platforms import OWN


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"platforms": {"ours": OWN}}))
    return Settings(data_dir=tmp_path / "data", platforms_file=path)


def bench_of(settings: Settings) -> Bench:
    return Bench(settings, None, None, None, SYSTEM_CLOCK)  # type: ignore[arg-type]


def ingested(**options: Any) -> VideoIngested:
    raw = {"uri": "file:///nowhere/talk.mp4", "video_id": "talk", "options": options}
    message: VideoIngested = codec.decode(topics.VIDEO_INGESTED, orjson.dumps(raw))
    return message


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"platforms": ["tictok"]}, "Unknown platform 'tictok'. Did you mean 'tiktok'?"),
        ({"platforms": ["ours"]}, "Unknown platform 'ours'."),
        ({"preferences": {"virality": 2.0}}, "Unknown preference 'virality'."),
        ({"preferences": {"hook": -1.0}}, "Preference 'hook' must be between"),
    ],
)
def test_stages_refuse_it_before_they_look_for_the_source(options: dict[str, Any], reason: str, tmp_path: Path) -> None:
    message, bench = ingested(**options), bench_of(Settings(data_dir=tmp_path))
    with pytest.raises(InvalidMessage) as refused:
        asyncio.run(locate(identity.request_of(message), bench))
    assert refused.value.reason.startswith(reason)
    (told,) = Metadata(bench).failed(message, refused.value, 1, 0)
    assert told.header.status == "failed"
    assert reason in (told.header.error or "")
    assert told.header.index != END_INDEX


def test_what_is_known_goes_on_to_the_source(own: Settings) -> None:
    for options in ({}, {"platforms": ["x", "ours"]}, {"preferences": {"speech": 0.0}}):
        with pytest.raises(InvalidMessage, match=r"talk\.mp4"):
            asyncio.run(locate(identity.request_of(ingested(**options)), bench_of(own)))


def test_the_command_line_refuses_it_at_once(own: Settings, tmp_path: Path) -> None:
    assert options_from(["platforms=ours,x"], own).platforms == ("ours", "x")
    assert options_from(["preferences.speech=0"], own).preferences == {"speech": 0.0}
    with pytest.raises(typer.BadParameter, match="Unknown platform 'ours'"):
        options_from(["platforms=ours"], Settings(data_dir=tmp_path))
    with pytest.raises(typer.BadParameter, match=r"Unknown preference 'speach'\. Did you mean 'speech'"):
        options_from(["preferences.speach=0"], own)


def test_a_request_without_names_needs_no_file(tmp_path: Path) -> None:
    check_names(Options(), Settings(data_dir=tmp_path))


@pytest.mark.parametrize("flag", ["preferences=3", "preferences=null", "preferences=[1]"])
def test_preferences_without_a_name_are_refused_in_plain_words(flag: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"preferences\.hook=2"):
        options_from([flag], Settings())
