"""Files at the edge, from the file to the segments, by the plain function calls of the pipeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.domain import AudioChunk, FrameBatch
from processors.media.probe import probe
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.job import Ranked, rank_parts
from processors.segments.parts import Parts
from processors.speech.extract import extract_audio
from processors.speech.transcribe import transcribe_chunk
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from processors.vision.extract import extract_frames
from streams.settings import Settings
from tests.media import ten_ms


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(BlobStore(str(tmp_path / "blobs")), ModelStore(None, Settings().cache_dir), 1, None, tmp_path)


def through(path: Path, tools: Tools) -> Ranked:
    """All stages over a file, as the agents would."""
    options = Options(profile="fast")
    parts, length_ms = Parts("v", options, probe(path, options, "0" * 64)), 0
    for output in extract_audio(path, options, tools):
        if isinstance(output, AudioChunk):
            parts.transcripts.append(transcribe_chunk(output, options, tools))
        else:
            length_ms = max(length_ms, output.duration_ms or 0)
    for seen in extract_frames(path, options, tools):
        if isinstance(seen, FrameBatch):
            parts.batches.append(analyse_batch(seen, options, tools))
        else:
            length_ms = max(length_ms, seen.duration_ms or 0)
    return rank_parts(tools.blobs.put(replace(parts, audio_duration_ms=length_ms).to_json()), None, tools)


@pytest.mark.data
def test_a_silent_film_has_visual_segments(tools: Tools, test_data: Path) -> None:
    found = through(test_data / "silent_dev" / "silent_dev.mp4", tools)
    assert found.segments
    for segment in found.segments:
        assert segment.text == ""
        assert segment.keyframe_uri is not None
        assert segment.description.startswith("In the picture: ")
        assert segment.platforms["shorts"].violations  # it is wider than a square
    assert "speech: no words were recognised" in found.notes
    assert found.suggestions == ["Nobody speaks in the video: put music, a voice or text on its segments"]


def test_a_film_of_ten_milliseconds_has_none_and_says_why(tools: Tools, tmp_path: Path) -> None:
    found = through(ten_ms(tmp_path), tools)
    assert found.segments == []
    assert [note for note in found.notes if note.startswith("segments: none, the video is ")]
