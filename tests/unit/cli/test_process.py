"""`process`: which files it takes, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.process import Job, _exit_code
from streams.cli.whole import app
from streams.sources import name_of


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["final"], 0),
        (["final", "degraded"], 3),
        (["final", "cancelled"], 3),
        (["cancelled", "failed"], 1),
    ],
)
def test_the_exit_code_says_whether_all_have_their_whole_result(statuses, code):
    assert _exit_code([Job("a", result={"status": status}) for status in statuses]) == code


def test_a_file_that_looks_like_an_option_gets_a_hint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-dash.mp4").write_bytes(b"")
    done = CliRunner().invoke(app, ["process", "-dash.mp4"], terminal_width=200)
    assert done.exit_code == 2
    assert "-- -dash.mp4" in " ".join(done.stderr.split())
    other = CliRunner().invoke(app, ["process", "--nonsuch"])
    assert other.exit_code == 2
    assert "No such option" in other.stderr


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_name_is_no_folder(source, tmp_path, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["process", source, "--json"])
    assert "name of a source is empty" in json.loads(done.stdout)["results"][0]["error"]


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/a/b.mp4", "b.mp4"),
        ("b 1%20.mp4", "b 1%20.mp4"),
        ("file:///a/b%201.mp4", "b 1.mp4"),
        ("https://u:p@h/a/vfr%201.mp4?token=x#y", "vfr 1.mp4"),
        ("", "''"),
    ],
)
def test_the_name_of_a_source(uri, name):
    assert name_of(uri) == name
