"""Sounds that are hard to hear, as files, through extraction and recognition on the real models.

Bounds are for `tiny.en`; docs/quality.md has what was measured (`python -m tests.difficult`).
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from processors.blobs import BlobStore
from processors.domain import AudioChunk, ExtractionEnd
from processors.models.store import ModelStore
from processors.options import Options
from processors.speech.chunking import MAX_CHUNK_MS
from processors.speech.extract import extract_audio
from processors.speech.wer import word_errors
from processors.tools import Tools
from streams.settings import Settings
from tests import media
from tests.difficult import SOUNDS, errors_of, recognised, reference, said

pytestmark = pytest.mark.timeout(240)


def tools_with(model: str | None, folder: Path) -> Tools:
    return Tools(BlobStore(str(folder)), ModelStore(None, Settings().cache_dir), 1, model, folder)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    return tools_with("tiny.en", tmp_path_factory.mktemp("difficult"))


@pytest.mark.parametrize("name", SOUNDS)
def test_words_are_understood_and_none_invented(name: str, tools: Tools, tmp_path: Path) -> None:
    sound = SOUNDS[name]
    errors, text = errors_of(sound, tmp_path, tools)
    if sound.at_ms:
        assert errors.rate <= sound.most_wrong, text
    else:
        assert text == ""


def test_the_reference_is_what_the_sample_says() -> None:
    assert len(reference(SOUNDS["as it is"].at_ms).split()) == 40
    assert reference(SOUNDS["3 s"].at_ms) == "Baby turtles always move toward the brightest light."
    assert reference(None) == ""


def joined(paths: list[Path], out: Path) -> Path:
    """Files one after the other with half a second between them: 16 kHz mono."""
    pause = np.zeros(8_000, np.float32)
    pieces = [pause]
    for path in paths:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000)
        with av.open(str(path)) as source:
            for decoded in source.decode(audio=0):
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(decoded)]
        pieces.append(pause)
    sound = media.Sound(np.concatenate(pieces)[None], rate_hz=16_000, codec="pcm_s16le")
    return media.write(out, sounds=[sound])


@pytest.mark.data
def test_two_languages_in_one_file(test_data: Path, tmp_path: Path) -> None:
    """Two sentences of each of two languages in turn, with the multilingual model: both stay what they are."""
    chosen = []
    for folder in ("speech_fleurs_en", "speech_fleurs_es"):
        entries = json.loads((test_data / folder / "truth.json").read_text())[:2]
        chosen.append([(test_data / folder / entry["file"], entry["text"]) for entry in entries])
    turns = [entry for pair in zip(*chosen, strict=True) for entry in pair]
    parts = recognised(joined([path for path, _ in turns], tmp_path / "two.wav"), tools_with("base", tmp_path))
    languages = [utterance.language for part in parts for utterance in part.utterances]
    runs = [language for before, language in pairwise([None, *languages]) if language != before]
    assert runs == ["en", "es", "en", "es"]
    assert word_errors(" ".join(text for _, text in turns), said(parts)).rate <= 0.25, said(parts)


@pytest.mark.data
@pytest.mark.parametrize("film", ["video_bbb_30s", "video_chaplin"])
def test_no_words_in_the_music_of_films(test_data: Path, tools: Tools, film: str) -> None:
    paths = [path for path in (test_data / film).iterdir() if path.suffix in (".mp4", ".webm", ".mkv")]
    assert [said(recognised(path, tools)) for path in paths] == [""] * len(paths)


@pytest.mark.data
def test_telephone_and_film_sound(test_data: Path, tools: Tools) -> None:
    """8 kHz AAC beside 16 kHz in one file: whichever track is taken, there are words."""
    (nasa,) = [path for path in (test_data / "video_nasa").iterdir() if path.suffix in (".mp4", ".mkv", ".mov")]
    assert len(said(recognised(nasa, tools)).split()) >= 5


@pytest.mark.parametrize(
    ("times", "hours"), [(7, 0.14), pytest.param(292, 6.0, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_memory_does_not_grow_with_the_length(tmp_path: Path, tools: Tools, times: int, hours: float) -> None:
    """The sample's sound again and again, as it was encoded: decoder, detector and chunks, all real.

    6 hours: 160.9 MB after the first 3 minutes, 161.5 MB from half an hour to the end, in 93 s of processor time.
    """
    path = media.repeated(tmp_path / "long.mp4", times, ("audio",))
    process = psutil.Process()
    early = latest = 0
    end_ms = 0
    for item in extract_audio(path, Options(), tools):
        latest = process.memory_info().rss
        if isinstance(item, ExtractionEnd):
            assert item.duration_ms is not None
            assert item.duration_ms >= hours * 3_600_000
            assert item.emitted >= 4 * times
            continue
        assert isinstance(item, AudioChunk)
        assert end_ms <= item.start_ms < item.end_ms <= item.start_ms + MAX_CHUNK_MS
        end_ms = item.end_ms
        if item.end_ms < 180_000:
            early = latest
    assert latest - early < 15_000_000, f"{early / 1e6:.0f} MB early, {latest / 1e6:.0f} MB at the end"
