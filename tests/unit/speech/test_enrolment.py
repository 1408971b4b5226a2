from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.models.store import ModelStore
from processors.options import Options
from processors.parameters import Steering, parameters
from processors.speech.enrolment import NOBODY, enrolled
from processors.speech.recordings import voices_digest
from processors.speech.wav import to_wav
from processors.tools import Tools
from streams.identity import request_digest
from streams.settings import Settings
from tests import media


def tools_with(folder: Path | None, tmp_path: Path) -> Tools:
    return Tools(BlobStore(str(tmp_path)), ModelStore(None, Settings().cache_dir), 1, None, tmp_path, voices_dir=folder)


def test_the_digest_is_of_names_and_contents_and_not_of_the_place(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "Ada.wav").write_bytes(b"ada")
    (there / "notes.txt").write_text("not a recording")
    digest = voices_digest(here)
    assert digest == voices_digest(there)
    (there / "Ada.wav").write_bytes(b"another")
    assert voices_digest(there) != digest
    (here / "Ada.wav").rename(here / "Bob.wav")
    assert voices_digest(here) != digest


def test_no_recordings_have_no_digest(tmp_path: Path) -> None:
    assert [voices_digest(None), voices_digest(tmp_path), voices_digest(tmp_path / "none")] == [None] * 3
    (tmp_path / "._Ada.wav").write_bytes(b"what some systems leave beside a file")
    assert voices_digest(tmp_path) is None
    assert enrolled(tools_with(None, tmp_path)) == NOBODY


def test_a_file_is_read_again_when_it_has_changed_only(tmp_path: Path) -> None:
    path = tmp_path / "Ada.wav"
    path.write_bytes(b"ada")
    digest, known = voices_digest(tmp_path), path.stat()
    path.write_bytes(b"eve")
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert voices_digest(tmp_path) == digest
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns + 1))
    assert voices_digest(tmp_path) != digest


def test_a_file_that_cannot_be_read_has_a_digest_and_a_fault(tmp_path: Path) -> None:
    (tmp_path / "Ada.wav").symlink_to("/proc/self/mem")
    assert voices_digest(tmp_path) is not None
    (fault,) = enrolled(tools_with(tmp_path, tmp_path)).faults
    assert "Ada.wav is left out" in fault


def test_the_recordings_steer_the_segmenter_alone() -> None:
    assert parameters("segmenter", {}, Steering(voices="aa")) != parameters("segmenter", {}, Steering())
    assert parameters("transcriber", {}, Steering(voices="aa")) == parameters("transcriber", {}, Steering())
    assert request_digest("s", Options(), Steering(voices="aa")) != request_digest("s", Options(), Steering())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no sound", "not a media file"), (b"", "empty"), (to_wav(np.zeros(16_000, dtype=np.float32)), "no speech")],
)
def test_a_recording_that_says_nothing_is_left_out_and_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "Ada.wav").write_bytes(content)
    (tmp_path / "Bob.wav").write_bytes(to_wav(media.speech(4_000, 16_000)[0]))
    people = enrolled(tools_with(tmp_path, tmp_path))
    assert list(people.prints) == ["Bob"]
    (fault,) = people.faults
    assert re.search(rf"the recording Ada\.wav is left out\. .*{reason}", fault), fault


@pytest.mark.data
def test_people_are_known_by_another_recording(tmp_path: Path, test_data: Path) -> None:
    from processors.speech.enrolment import names_of
    from processors.speech.voiceprint import normalised

    for name, first, last in (("Ada", 533, "533-1066-0001"), ("Bob", 3005, "3005-163389-0001")):
        source = test_data / f"speech_librispeech_{first}" / f"{last}.flac"
        (tmp_path / f"{name}.flac").write_bytes(source.read_bytes())
    known = enrolled(tools_with(tmp_path, tmp_path)).prints
    assert sorted(known) == ["Ada", "Bob"]
    other = tmp_path / "other"
    other.mkdir()
    for speaker, clip in ((533, "533-1066-0002"), (1998, "1998-15444-0001"), (3005, "3005-163389-0002")):
        source = test_data / f"speech_librispeech_{speaker}" / f"{clip}.flac"
        (other / f"{speaker}.flac").write_bytes(source.read_bytes())
    voices = enrolled(tools_with(other, tmp_path)).prints
    middles = normalised(np.stack([voices[name].mean(axis=0) for name in ("533", "1998", "3005")]))
    assert names_of(middles, known) == {0: "Ada", 2: "Bob"}
