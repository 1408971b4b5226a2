"""Real media through the running agents; left out where there is no folder with media."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ops.bench.mix import read_rttm
from ops.bench.truth import pooled_errors, speech_of
from processors.speech.der import diarization_errors
from streams import results
from streams.replay import replay_video
from tests.pipeline import Pipeline, request

pytestmark = [pytest.mark.stream, pytest.mark.data, pytest.mark.timeout(900)]

EXPECTED = {
    "truncated.mp4": "failed",
    "zero-byte.mp4": "failed",
    "text-renamed.mp4": "failed",
    "truncated-faststart.mp4": "degraded",
    "damaged-middle.mp4": "degraded",
    "audio-only.m4a": "final",
    "vfr.mp4": "final",
    "rotated-90.mp4": "final",
    "digital-silence.mp4": "final",
    "odd-size-yuv444.mp4": "final",
}


def test_the_composite_has_its_words_shots_speakers_and_segments(pipeline: Pipeline, test_data: Path):
    video = test_data / "composite_dev" / "composite_dev.mp4"
    truth = json.loads(video.with_name("composite_dev.truth.json").read_text())
    result = results.to_json(pipeline.process(request(video, "composite"))[0], pipeline.blobs)
    assert (result["status"], result["missing"]) == ("final", [])
    words = [(word["start_ms"], word["text"]) for said in result["transcript"] for word in said["words"]]
    errors = pooled_errors(speech_of(video.with_name("composite_dev.truth.json")), words)
    assert errors["all"] <= 0.08  # 3.9 % when this was written; faster-whisper's defaults make 16 % of it
    assert set(result["languages"]) == {"en", "es"}
    starts = {shot["start_ms"] for shot in result["shots"]}
    assert all(any(abs(shot["start_ms"] - start) <= 40 for start in starts) for shot in truth["shots"])
    assert result["segments"]
    assert all(0 <= s["start_ms"] < s["end_ms"] <= result["duration_ms"] for s in result["segments"])

    spoken = read_rttm(video.with_suffix(".rttm"))
    document = results.document_of(pipeline.latest()["composite"], pipeline.blobs)
    errors = diarization_errors(spoken, document.turns, collar_ms=250)
    assert len({turn.speaker for turn in document.turns}) == len({turn.speaker for turn in spoken}) == 4
    # one id a person in all chunks: 0 ms of 44.5 s went to another one when this was written
    assert errors.confused_ms == 0
    assert errors.missed_ms + errors.false_ms < 0.12 * errors.speech_ms
    # and the same ids when voices, words and clusters are all computed again
    wanted = asyncio.run(replay_video(pipeline.settings, "composite", "transcriber", fresh=True, dry_run=True))
    again = results.document_of(pipeline.process(wanted)[0], pipeline.blobs)
    assert again.turns == document.turns
    assert [said.speaker for said in again.transcript] == [said.speaker for said in document.transcript]


def test_broken_and_odd_files_end_as_they_should(pipeline: Pipeline, test_data: Path):
    files = sorted(path for path in (test_data / "corrupt_dev").iterdir() if path.name in EXPECTED)
    assert len(files) == len(EXPECTED)
    found = pipeline.process(*(request(path, f"data-{path.name}") for path in files), limit_s=300)
    got = {path.name: result.status for path, result in zip(files, found, strict=True)}
    assert got == EXPECTED
    assert all(result.error for result in found if result.status == "failed")
    assert all(result.missing for result in found if result.status == "degraded")


def test_music_and_pictures_without_speech_have_no_words(pipeline: Pipeline, test_data: Path):
    names = ["video_bbb_30s/big_buck_bunny_0_30.webm", "video_chaplin/chaplin.mp4", "silent_dev/silent_dev.mp4"]
    found = pipeline.process(*(request(test_data / name, f"quiet-{n}") for n, name in enumerate(names)))
    for name, result in zip(names, found, strict=True):
        assert result.status == "final", name
        assert results.document_of(result, pipeline.blobs).transcript == [], name
        assert result.segments, name  # visual moments
