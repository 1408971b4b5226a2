"""The recognition bench on some seconds of the sample: both sides run, and the JSON is complete."""

from __future__ import annotations

import json
import os
import subprocess

import orjson
import pytest

from processors.speech.wav import to_wav
from streams.supervisor import clipstream_command
from tests import media

pytestmark = pytest.mark.timeout(240)


def test_both_sides_are_compared_on_a_folder_of_ones_own(tmp_path, sample):
    truth = json.loads(sample.with_name("sample.truth.json").read_text())["speech"][0]
    folder = tmp_path / "data" / "talk"
    folder.mkdir(parents=True)
    length_ms = truth["end_ms"] - media.SPEECH_START_MS + 300
    (folder / "talk.wav").write_bytes(to_wav(media.speech(length_ms, 16_000)[0]))
    (folder / "truth.json").write_text(json.dumps([{"file": "talk.wav", "lang": "en", "text": truth["text"]}]))
    run = subprocess.run(
        [*clipstream_command(), "bench", "asr", "--data", str(tmp_path / "data"), "--model", "tiny.en", "--json"],
        env={**os.environ, "TMPDIR": str(tmp_path), "CLIPSTREAM_WORKERS": "1"},
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    found = orjson.loads(run.stdout)
    assert (found["bench"], found["model"], found["layout"]) == ("asr", "tiny.en", {"processes": 1, "threads": 1})
    (row,) = found["rows"]
    assert row["item"] == "talk/talk.wav"
    assert (row["uncovered_ms"], row["language_right"]) == (0, row["language_segments"])
    assert "wer" not in row, "a rate over so few words says nothing"
    pooled, (base,) = found["pooled"], found["baselines"].values()
    for side in (pooled, base):
        assert side["reference_words"] == len(truth["text"].split())
        assert side["wer"] <= 0.2
        assert side["processor_seconds"] > 0
    assert pooled["ratio"] == pytest.approx(base["seconds"] / pooled["seconds"], rel=0.01)
    assert pooled["memory_mb"]["largest_child"] > 50
    assert list(tmp_path.glob("clipstream-*")) == [], "the state folder is gone"
