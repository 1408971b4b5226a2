"""Speech outside all chunks: the audit itself, and what it says about the chunks of real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from processors.domain import Span
from processors.media.audio import decode_audio
from processors.models.store import ModelStore
from processors.speech.audit import detected, faults, read_rttm, uncovered, uncovered_ms
from processors.speech.chunking import MAX_CHUNK_MS, Chunker
from processors.speech.vad import SpeechDetector
from streams.settings import Settings


def spans(*bounds: tuple[int, int]) -> list[Span]:
    return [Span(start_ms, end_ms) for start_ms, end_ms in bounds]


@pytest.mark.parametrize(
    ("speech", "chunks", "edge_ms", "left"),
    [
        ([], [], 0, []),
        ([(0, 100)], [], 0, [(0, 100)]),
        ([(0, 100)], [(0, 100)], 0, []),
        ([(0, 100)], [(0, 99)], 0, [(99, 100)]),
        ([(0, 100)], [(1, 100)], 0, [(0, 1)]),
        ([(0, 100)], [(20, 30), (50, 60)], 0, [(0, 20), (30, 50), (60, 100)]),
        ([(0, 100), (50, 150)], [(0, 50), (50, 120)], 0, [(120, 150)]),  # two speakers at once count once
        ([(200, 300), (0, 100)], [(90, 210)], 0, [(0, 90), (210, 300)]),
        ([(0, 100)], [(10, 90)], 10, []),
        ([(0, 100)], [], 50, []),
    ],
)
def test_what_is_left(speech, chunks, edge_ms, left):
    assert uncovered(spans(*speech), spans(*chunks), edge_ms) == spans(*left)
    assert uncovered_ms(spans(*speech), spans(*chunks), edge_ms) == sum(end - start for start, end in left)


def test_chunks_that_overlap_or_are_too_long_are_named():
    assert faults(spans((0, 10), (10, 30)), 20) == []
    assert faults(spans((0, 10), (9, 30), (30, 30)), 20) == [
        "chunk 1 is 21 ms long",
        "chunk 2 is 0 ms long",
        "chunk 1 begins 1 ms before the end of the one before it",
    ]


def test_rttm_is_read():
    text = ";; a comment\nSPEAKER a 1 6.690 0.430 <NA> <NA> x <NA> <NA>\n\nSPEAKER a 1 7.55 0.8 <NA> <NA> y\n"
    assert read_rttm(text) == spans((6_690, 7_120), (7_550, 8_350))
    with pytest.raises(ValueError, match="line 1"):
        read_rttm("SPEAKER a 1 soon")


def audited(path: Path) -> tuple[list[Span], list[Span]]:
    """(chunks, speech by the network alone)."""
    network = ModelStore(None, Settings().cache_dir).path("silero-vad")
    samples = np.concatenate([block for _, block in decode_audio(path)])
    chunker = Chunker(SpeechDetector(network))
    found = [*chunker.feed(samples), *chunker.finish()]
    chunks = [Span(chunk.start_ms, chunk.end_ms) for chunk in found]
    return chunks, detected(samples, SpeechDetector(network))


def test_no_speech_of_the_sample_is_outside_all_chunks(sample):
    chunks, speech = audited(sample)
    truth = json.loads(sample.with_name("sample.truth.json").read_text())
    assert len(chunks) >= 3
    assert faults(chunks, MAX_CHUNK_MS) == []
    assert uncovered(speech, chunks) == []
    assert uncovered([Span(spoken["start_ms"], spoken["end_ms"]) for spoken in truth["speech"]], chunks) == []


@pytest.mark.data
def test_no_labelled_speech_is_outside_all_chunks(test_data):
    folder = test_data / "composite_dev"
    chunks, speech = audited(folder / "composite_dev.mp4")
    truth = json.loads((folder / "composite_dev.truth.json").read_text())
    assert uncovered([*speech, *(Span(one["start_ms"], one["end_ms"]) for one in truth["speech"])], chunks) == []
    assert faults(chunks, MAX_CHUNK_MS) == []
    folder = test_data / "audio_pyannote_sample"
    chunks, speech = audited(folder / "sample.wav")
    assert uncovered([*speech, *read_rttm((folder / "sample.rttm").read_text())], chunks) == []
    assert faults(chunks, MAX_CHUNK_MS) == []
