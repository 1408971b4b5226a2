"""`bench` on what it cannot work with: said before any work, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import streams.cli.embedded
from processors.errors import ClipstreamError
from streams.cli.main import app


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)], terminal_width=200)


def refusal(done: Result) -> str:
    """What the command line would print of the error that ended a bench."""
    assert isinstance(done.exception, ClipstreamError), done.exception
    return f"{done.exception.reason} {done.exception.remedy}"


def began(*_: object, **__: object) -> None:
    raise AssertionError("work began")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a bench does first may be reached."""
    monkeypatch.setattr(streams.cli.embedded, "pull_models", began)
    for name in ("stream", "scale", "topics", "diarization"):
        module = __import__(f"ops.bench.{name}", fromlist=["run"])
        monkeypatch.setattr(module, "run", began)
        monkeypatch.setattr(module, "run_alone", began, raising=False)


COMMANDS: dict[str, Callable[[Path], list[str | Path]]] = {
    "pipeline": lambda _: [],
    "stream": lambda _: [],
    "topics": lambda folder: ["--data", folder],
    "asr": lambda folder: ["--data", folder],
    "long": lambda _: [],
    "diarization": lambda folder: ["--data", folder],
}


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_result_that_cannot_be_written_is_told_before_the_work(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output in (tmp_path / "file" / "x.json", tmp_path, Path("/proc/none/x.json")):
        told = refusal(bench(command, *COMMANDS[command](tmp_path), "-o", output))
        assert str(output) in told
        assert "report" not in told


@pytest.mark.usefixtures("idle")
def test_folders_of_a_result_are_made_and_other_targets_than_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    for output in (tmp_path / "new" / "x.json", tmp_path / "file", Path("/dev/null")):
        done = bench("topics", "--data", tmp_path, "-o", output)
        assert "work began" in str(done.exception)
    assert (tmp_path / "new").is_dir()
    assert (tmp_path / "file").read_text() == "before"
