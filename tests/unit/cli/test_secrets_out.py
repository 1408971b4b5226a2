"""What people and programs are shown of a source: no password, no key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from processors.options import Options
from schemas.messages import DeadLetter, VideoIngested
from streams import codec, topics
from streams.cli import data, dead_letters, replay
from streams.cli import topics as topics_cli
from streams.cli.whole import app
from streams.letters import Letter

URL = "http://user:secretpw@127.0.0.1:1/my%20talk.mp4?token=secrettok"
PLAIN = "http://127.0.0.1:1/my%20talk.mp4"
REQUEST = VideoIngested(uri=URL, video_id="v", options=Options())
LETTER = DeadLetter(
    "metadata", "video-ingested", 1, 2, None, codec.encode(topics.VIDEO_INGESTED, REQUEST), None, "InvalidMessage",
    f"Not fetched: {URL}", f"Trace of {URL}", 1, 5,
)  # fmt: skip
BROKEN = json.dumps({"uri": URL, "more": 1}).encode()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CLIPSTREAM_BROKER_URL", "kafka://127.0.0.1:1")


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert "secret" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done


async def nothing(*_: Any, **__: Any) -> None:
    return None


@pytest.mark.parametrize(
    "letter", [LETTER, replace(LETTER, value=BROKEN), replace(LETTER, value=BROKEN.replace(b"/", b"\\/"))]
)
def test_dead_letters(letter, monkeypatch):
    async def letters(_: Any) -> list[Letter]:
        return [Letter(letter, False)]

    monkeypatch.setattr(dead_letters, "_letters", letters)
    listed = json.loads(run("dead-letters", "list", "--json").stdout)["dead_letters"][0]
    assert PLAIN in json.dumps(listed["message"])
    assert listed["reason"] == f"Not fetched: {PLAIN}"
    assert json.loads(run("dead-letters", "show", "video-ingested:1:2", "--json").stdout)["dead_letters"] == [listed]
    assert "Not fetched" in run("dead-letters", "list").stdout
    assert "Not fetched" in run("dead-letters", "summary").stdout
    (kind,) = json.loads(run("dead-letters", "summary", "--json").stdout)["kinds"]
    assert (kind["count"], kind["newest"]) == (1, "video-ingested:1:2")
    shown = run("dead-letters", "show", "video-ingested:1:2").stdout
    assert "video_id  null" in shown  # as JSON has it
    assert f"Trace of {PLAIN}" in shown
    if letter is LETTER:
        line = next(line for line in shown.splitlines() if line.startswith("message  "))
        assert json.loads(line.removeprefix("message  "))["uri"] == PLAIN


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_records_of_a_topic(flags, monkeypatch):
    async def read(*_: Any) -> list[Any]:
        return [topics_cli._plain(REQUEST)]

    monkeypatch.setattr(topics_cli, "_read", read)
    assert PLAIN in run("topics", "tail", "video-ingested", *flags).stdout


def test_a_replay(monkeypatch):
    async def again(*_: Any, **__: Any) -> VideoIngested:
        return REQUEST

    monkeypatch.setattr(replay, "create_topics", nothing)
    monkeypatch.setattr(replay, "replay_video", again)
    assert json.loads(run("replay", "--video", "v", "--json").stdout)["uri"] == PLAIN
    assert PLAIN in run("replay", "--video", "v").stderr


def test_an_ingest(monkeypatch):
    monkeypatch.setattr(data, "request_for", lambda *_: REQUEST)
    monkeypatch.setattr(data, "_submit", nothing)
    assert json.loads(run("ingest", URL, "--json").stdout)["videos"] == [{"video_id": "v", "uri": PLAIN}]


def test_a_path_stays_whole_whatever_is_in_it(monkeypatch, tmp_path):
    path = str(tmp_path / f"{'a' * 200} what?#1.mp4")
    monkeypatch.setattr(data, "request_for", lambda *_: replace(REQUEST, uri=path))
    monkeypatch.setattr(data, "_submit", nothing)
    assert json.loads(run("ingest", path, "--json").stdout)["videos"][0]["uri"] == path


def test_a_processed_video_has_the_name_in_its_address_and_its_remedy():
    done = run("process", URL, "--json", "--out", "results")
    assert done.exit_code == 1
    found = json.loads(done.stdout)["results"][0]
    assert found["source"] == PLAIN
    assert "not a public address. Set CLIPSTREAM_ALLOW_PRIVATE_HOSTS=true" in found["error"]
    assert json.loads(Path("results/my talk.json").read_text()) == found
    told = run("process", URL).stdout
    assert told.strip().startswith("my talk.mp4  failed")
    assert "CLIPSTREAM_ALLOW_PRIVATE_HOSTS=true" in told


def test_results_are_headed_by_the_name_in_the_address(monkeypatch):
    result = {"title": "", "duration_ms": 0, "status": "final", "video_id": "v", "segments": []}

    async def wait(settings: Any, *_: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        return settings, {"v": SimpleNamespace(status="final")}, {"v": SimpleNamespace(uri=URL)}

    monkeypatch.setattr(data, "_wait", wait)
    monkeypatch.setattr(data.result_forms, "to_json", lambda *_: result)
    assert "my talk.mp4  final" in run("results", "v").stdout
