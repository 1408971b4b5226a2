"""Films with known highlights; spoken where Flite is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ops.bench.highlights.films import film, passages_of, truth_of
from ops.sample.speech import RATE_HZ, SAMPLES_PER_MS

ROOT = Path(__file__).parents[3]
ROOM_DBFS = -50.0


def dbfs(sound):
    return 10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-15)


# Speaks as Flite does, with its options and its form of sound, but in one tone: 70 ms a letter.
VOICE = """#!{python}
import sys, wave
from array import array
from math import sin
text, path = sys.argv[sys.argv.index("-t") + 1], sys.argv[sys.argv.index("-o") + 1]
with wave.open(path, "wb") as clip:
    clip.setnchannels(1), clip.setsampwidth(2), clip.setframerate(16000)
    period = array("h", (int(8000 * sin(at / 8)) for at in range(16000)))
    clip.writeframes((period * (1 + len(text) * 70 // 1000))[: 16 * 70 * len(text)].tobytes())
"""


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """Flite where it is installed, else a program that takes its place: what is tested is where it is laid."""
    if shutil.which("flite") is None:
        program = tmp_path / "flite"
        program.write_text(VOICE.replace("{python}", sys.executable))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@pytest.mark.usefixtures("voice")
def test_a_film_says_its_passages_when_it_says_it_does():
    one = film("test", 0, 0)
    assert 100 < len(one.sound) / RATE_HZ < 280
    rows, truth = passages_of(one), truth_of(one)
    assert [row["role"] for row in rows].count("highlight") == 2
    assert all(before["end_ms"] <= after["start_ms"] for before, after in pairwise(rows))
    spoken = " ".join(entry["text"] for entry in truth["speech"])
    assert spoken == " ".join(said.passage.spoken for said in one.plan.said)
    for before, after in pairwise(truth["speech"]):
        pause = one.sound[before["end_ms"] * SAMPLES_PER_MS : after["start_ms"] * SAMPLES_PER_MS]
        said = one.sound[after["start_ms"] * SAMPLES_PER_MS : after["end_ms"] * SAMPLES_PER_MS]
        assert dbfs(pause) < ROOM_DBFS
        assert dbfs(said) > -32


def test_without_flite_it_says_how_to_install_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ops.bench.highlights.films", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "install_tts.sh" in done.stderr
    assert "Traceback" not in done.stderr
