from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ops.bench.mix import half_of, make_mix, read_rttm, voices_in_folders
from processors.domain import Turn
from processors.errors import InvalidMessage
from processors.segments.formats import rttm
from processors.speech.wav import to_wav


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people of three clips each; their voices are tones."""
    data = tmp_path_factory.mktemp("speech")
    for number, name in enumerate(("one", "two")):
        folder = data / f"speech_{name}"
        folder.mkdir()
        entries = []
        for clip in range(3):
            t = np.arange(16_000 * (2 + clip)) / 16_000
            sound = 0.3 * np.sin(2 * np.pi * 200 * (1 + number) * t).astype(np.float32)
            (folder / f"{clip}.wav").write_bytes(to_wav(sound))
            entries.append({"file": f"{clip}.wav", "speaker": name, "text": ""})
        (folder / "truth.json").write_text(json.dumps(entries))
    return data


def test_the_same_seed_makes_the_same_talk(folders: Path) -> None:
    voices = voices_in_folders(folders)
    first, again, other = (make_mix(voices, seed, 2, 20.0) for seed in (1, 1, 2))
    assert first.samples.tobytes() == again.samples.tobytes()
    assert first.turns == again.turns
    assert first.turns != other.turns


def test_turns_are_where_the_sound_is(folders: Path) -> None:
    talk = make_mix(voices_in_folders(folders), 5, 2, 30.0)
    assert talk.speakers == ["one", "two"]
    spoken = np.zeros(len(talk.samples) // 16, dtype=bool)
    for turn in talk.turns:
        spoken[turn.start_ms : turn.end_ms] = True
    level = np.abs(talk.samples[: len(spoken) * 16]).reshape(-1, 16).max(axis=1)
    assert (level[spoken] > 0.01).mean() > 0.98
    assert (level[~spoken] < 0.01).mean() > 0.98


def test_overlaps_are_made_where_they_are_wanted(folders: Path) -> None:
    voices = voices_in_folders(folders)

    def overlaps(share: float) -> int:
        return sum(left.end_ms > right.start_ms for left, right in pairwise(make_mix(voices, 3, 2, 60.0, share).turns))

    assert overlaps(0.0) == 0
    assert overlaps(1.0) > 5


def test_rttm_is_read_as_it_was_written(tmp_path: Path) -> None:
    turns = [Turn(0, 1_250, "a"), Turn(900, 2_001, "b")]
    path = tmp_path / "talk.rttm"
    path.write_text("SPKR-INFO talk 1 <NA>\n" + rttm(turns, "talk"))
    assert read_rttm(path) == turns
    path.write_text("SPEAKER talk 1 zero\n")
    with pytest.raises(InvalidMessage, match="no RTTM"):
        read_rttm(path)


def test_names_are_one_field_of_rttm_whatever_they_are(tmp_path: Path) -> None:
    names = ("John Smith", "Mary\nJane Doe", "Zoë", "\x00", " ")
    path = tmp_path / "talk.rttm"
    turns = [Turn(number * 1_000, number * 1_000 + 500, name) for number, name in enumerate(names)]
    path.write_text(rttm(turns, "a talk"), encoding="utf-8")
    assert [turn.speaker for turn in read_rttm(path)] == ["John_Smith", "Mary_Jane_Doe", "Zoë", "unknown", "unknown"]
    assert [(turn.start_ms, turn.end_ms) for turn in read_rttm(path)] == [(t.start_ms, t.end_ms) for t in turns]


def test_no_voice_is_on_both_sides() -> None:
    names = {name: [] for name in ("ls3005", "ls533", "jfk", "sb_spk1", "sb_spk2", "custom_de-DE", "custom_es-ES")}
    tune, test = half_of(names, "tune"), half_of(names, "test")
    assert set(tune) == {"ls3005", "jfk", "sb_spk1", "custom_de-DE"}
    assert set(tune) | set(test) == set(names)
    assert not set(tune) & set(test)


def test_any_folder_that_names_speakers_is_taken(folders: Path, tmp_path: Path) -> None:
    clip = (folders / "speech_one" / "0.wav").read_bytes()
    entries = {
        "talks": [{"file": "a.wav", "speaker": "Ann"}, {"file": "b.wav", "speaker": " Bob\n"}, {"file": "a.wav"}],
        "clips": {"clips": [{"file": "archive.zip!in/a.wav", "speaker": "Ann"}, {"file": "gone.wav", "speaker": "Cy"}]},
        "speech_read_de": [{"file": "a.wav", "speaker": "unknown"}, {"file": "b.wav", "speaker": "unknown"}],
        "unnamed": [{"file": "a.wav", "lang": "en"}, {"file": "b.wav", "speaker": ""}],
        "other": {"about": "something else"},
    }
    for name, truth in entries.items():
        (tmp_path / name).mkdir()
        for file in ("a.wav", "b.wav"):
            (tmp_path / name / file).write_bytes(clip)
        (tmp_path / name / "truth.json").write_text(json.dumps(truth))
    assert voices_in_folders(tmp_path) == {
        "Ann": [tmp_path / "clips" / "a.wav", tmp_path / "talks" / "a.wav"],
        "Bob": [tmp_path / "talks" / "b.wav"],
        "read_de": [tmp_path / "speech_read_de" / "a.wav"],  # of two without a name one, which may be one voice
    }


BROKEN = [
    ("{", "is no JSON"),
    ("5", "valid list"),
    ('["a.wav"]', r"\[0\]: Input should be a valid dictionary"),
    ('[{"file": "a.wav"}, {"speaker": "Ann"}]', r"\[1\] 'file': Field required"),
    ('[{"file": "a.wav", "speaker": 5}]', r"\[0\] 'speaker': Input should be a valid string"),
]


@pytest.mark.parametrize(("content", "reason"), BROKEN)
def test_a_truth_that_cannot_be_read_is_named(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / "truth.json").write_text(content)
    with pytest.raises(InvalidMessage, match=rf"talks/truth\.json.*{reason}") as caught:
        voices_in_folders(tmp_path)
    assert "docs/quality.md" in caught.value.remedy


def test_a_folder_without_speakers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match="two speakers"):
        voices_in_folders(tmp_path)
