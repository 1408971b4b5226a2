"""`clipstream logs`: how much of what is there it shows."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from streams.cli.whole import app
from streams.logs import log_path


@pytest.mark.parametrize(
    ("arguments", "shown"), [((), ["0", "1", "2"]), (("-n", "2"), ["1", "2"]), (("--count", "9"), ["0", "1", "2"])]
)
def test_the_last_lines(arguments, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path))
    path = log_path(tmp_path / "logs", "metadata", "1")
    path.parent.mkdir()
    path.write_text(
        "".join(
            f'{{"at": "2026-11-26T10:00:0{n}.000Z", "level": "INFO", "stage": "metadata", "message": "line {n}"}}\n'
            for n in range(3)
        )
    )
    said = CliRunner().invoke(app, ["logs", *arguments])
    assert said.exit_code == 0, said.output
    assert [line[-1] for line in said.stdout.splitlines()] == shown


def test_the_gateway_is_one_that_writes_and_silence_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path))
    silent = CliRunner().invoke(app, ["logs", "talk"])
    assert (silent.exit_code, silent.stdout) == (0, "")
    assert "Nothing was logged about video 'talk'" in silent.stderr.replace("\n", " ")
    path = log_path(tmp_path / "logs", "gateway", "1")
    path.parent.mkdir()
    path.write_text('{"at": "2026-11-26T10:00:00.000Z", "level": "INFO", "stage": "gateway", "message": "GET /"}\n')
    said = CliRunner().invoke(app, ["logs", "--stage", "gateway"])
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.endswith("GET /\n")
    other = CliRunner().invoke(app, ["logs", "--stage", "kafka"])
    assert other.exit_code == 1
