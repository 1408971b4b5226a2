"""`bench` on what it cannot work with: said before any work, with what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import streams.cli.embedded
from ops.bench import diarization
from ops.bench.truth import Clip
from processors.errors import ClipstreamError
from processors.speech.wav import to_wav
from streams.cli.whole import app


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
    for name in ("stream", "scale", "topics", "diarization", "segments", "progressive"):
        module = __import__(f"ops.bench.{name}", fromlist=["run"])
        monkeypatch.setattr(module, "run", began)
        monkeypatch.setattr(module, "run_alone", began, raising=False)


COMMANDS: dict[str, Callable[[Path], list[str | Path]]] = {
    "pipeline": lambda _: [],
    "stream": lambda _: [],
    "topics": lambda folder: ["--data", folder],
    "segments": lambda folder: ["--data", folder],
    "progressive": lambda folder: ["--data", folder],
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


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """Two people of one clip each."""
    folder = tmp_path / "data" / "talks"
    folder.mkdir(parents=True)
    for name in ("Ann", "Bob"):
        tone = 0.3 * np.sin(np.arange(32_000) * (0.08 if name == "Ann" else 0.16))
        (folder / f"{name}.wav").write_bytes(to_wav(tone.astype(np.float32)))
    (folder / "truth.json").write_text(json.dumps([{"file": f"{n}.wav", "speaker": n} for n in ("Ann", "Bob")]))
    return folder.parent


@pytest.mark.parametrize("command", ["mix", "diarization"])
def test_seeds_below_zero_are_refused(command: str, tmp_path: Path) -> None:
    done = bench(command, "--data", tmp_path, "--seed", "-1", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "--seed" in done.output
    assert "equal to 0" in done.output


def test_more_speakers_than_there_are_voices_are_refused(voices: Path, tmp_path: Path) -> None:
    told = refusal(bench("mix", "--data", voices, "--speakers", "5", "-o", tmp_path / "out"))
    assert "5 speakers are wanted, and there are 2 voices" in told


def test_talks_in_turn_have_as_many_speakers_as_there_are(voices: Path, tmp_path: Path) -> None:
    done = bench("mix", "--data", voices, "--seconds", "5", "--count", "3", "-o", tmp_path / "new" / "out", "--json")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)["mixes"]
    assert [Path(mix["wav"]).name for mix in made] == ["mix-1-2.wav", "mix-2-2.wav", "mix-3-2.wav"]
    assert all(mix["speakers"] == ["Ann", "Bob"] for mix in made)


def test_talks_that_cannot_be_written_are_told_before_the_first(voices: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refusal(bench("mix", "--data", voices, "-o", tmp_path / "file"))
    assert "no folder" in refusal(bench("mix", "--data", tmp_path / "none", "-o", tmp_path / "out"))


@pytest.mark.parametrize("labelled", [False, True])
def test_diarization_has_the_keys_of_all_benches_and_no_row_of_nothing(
    labelled: bool, voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diarization, "MIXES", 2)
    monkeypatch.setattr(diarization, "SECONDS", 5.0)
    if labelled:
        (voices / "talks" / "Ann.rttm").write_text("SPEAKER Ann 1 0.0 2.0 <NA> <NA> Ann <NA> <NA>\n")
    done = bench("diarization", "--data", voices, "-o", tmp_path / "found.json")
    assert done.exit_code == 0, done.output
    assert ("labelled" in done.stdout) is labelled
    found = json.loads((tmp_path / "found.json").read_bytes())
    assert found.keys() == {"bench", "machine", "seed", "voices", "rows", "pooled", "baselines"}
    assert found["bench"] == "diarization"
    assert found["baselines"] == {way: found["pooled"]["all"][way] for way in ("one_speaker", "average_linkage")}
    assert found["pooled"].keys() == {"all", "mixes", *(["labelled"] if labelled else [])}


def test_diarization_needs_two_voices_that_no_threshold_was_tuned_on(voices: Path) -> None:
    truth = voices / "talks" / "truth.json"
    truth.write_text(truth.read_text().replace("Ann", "jfk", 2).replace("jfk.wav", "Ann.wav"))
    assert "leaves 1" in refusal(bench("diarization", "--data", voices))


def test_the_page_with_the_form_of_the_data_has_all_fields_and_help_names_it() -> None:
    page = (Path(__file__).parents[3] / "docs" / "quality.md").read_text(encoding="utf-8")
    section = page.partition("## Data of one's own")[2].partition("\n## ")[0]
    for field in (*Clip.model_fields, "start_ms", "end_ms", "cut", "meeting_transcripts", "relevant_text_span"):
        assert f"`{field}`" in section, field
    for command in ("asr", "pipeline", "topics", "mix", "diarization"):
        told = " ".join(re.sub("[│ \n]+", " ", bench(command, "--help").output).split())
        assert "docs/quality.md" in told, command
