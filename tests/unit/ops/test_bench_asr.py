"""What the recognition bench listens to, and how it counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ops.bench import pipeline
from ops.bench.asr import languages_right
from ops.bench.chunked import Heard
from ops.bench.no_speech import MAKERS
from ops.bench.speech_items import Item, items_of
from ops.bench.truth import Spoken
from processors.domain import Span
from processors.errors import InvalidMessage
from processors.media.audio import SAMPLE_RATE
from processors.models.store import ModelStore
from processors.speech.audit import detected
from processors.speech.vad import SpeechDetector
from processors.speech.wav import from_wav, to_wav
from streams.settings import Settings


def tone(path: Path, seconds: float) -> None:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    path.write_bytes(to_wav((0.1 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One folder of each form: clips, one file, a file with truth of its own, languages only, an STM, no truth."""
    lists = {
        "clips": [("a.wav", {"lang": "en", "text": "one two"}), ("b.wav", {"lang": "de", "text": "drei"})],
        "single": [("c.wav", {"lang": "en", "text": "hello"})],
        "langs": [
            ("d.wav", {"langs": ["en", "de"], "begins": "x"}),
            ("e.wav", {"lang": "en", "channel": "l", "text": "x"}),
        ],
    }
    for name, entries in lists.items():
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        (folder / "truth.json").write_text(json.dumps([{"file": file, **entry} for file, entry in entries]))
        for file, _ in entries:
            tone(folder / file, 1.0)
    for name in ("whole", "talk", "bare"):
        folder = tmp_path / "data" / name
        folder.mkdir()
        tone(folder / f"{name}.wav", 2.0)
    speech = [{"start_ms": 0, "end_ms": 900, "lang": "es", "text": "hola"}]
    (tmp_path / "data" / "whole" / "whole.truth.json").write_text(json.dumps({"speech": speech}))
    (tmp_path / "data" / "talk" / "talk.stm").write_text("talk 1 Ann 0.5 1.25 Well, then.\n")
    (tmp_path / "data" / "talk" / "talk.rttm").write_text("SPEAKER talk 1 0.5 0.75 <NA> <NA> ann <NA> <NA>\n")
    return tmp_path / "data"


def test_every_form_of_truth_is_read(data, tmp_path):
    found = {item.name: item for item in items_of(data, tmp_path, english_only=False)}
    assert set(found) == {"clips", "single/c.wav", "langs/d.wav", "langs/e.wav", "whole/whole.wav", "talk/talk.wav"}
    assert found["clips"].reference == "one two drei"
    assert found["single/c.wav"].spoken == [Spoken(0, 1_000, "en", "hello")]
    assert (found["langs/d.wav"].spoken, found["langs/d.wav"].languages) == ([], {"en", "de"})
    assert found["whole/whole.wav"].labelled == [Span(0, 900)]
    assert found["talk/talk.wav"].labelled == [Span(500, 1_250)]
    assert found["talk/talk.wav"].reference == "Well, then."


def test_clips_are_joined_with_pauses_and_the_same_every_time(data, tmp_path):
    (item,) = items_of(data / "clips", tmp_path, english_only=False)
    first, second = item.spoken
    assert (first.start_ms, first.end_ms) == (0, 1_000)
    assert 1_300 <= second.start_ms <= 2_500
    samples = from_wav(item.path.read_bytes())
    assert len(samples) // 16 == item.duration_ms
    assert np.all(samples[first.end_ms * 16 : second.start_ms * 16] == 0)
    assert np.any(samples[second.start_ms * 16 : second.end_ms * 16])
    again = items_of(data / "clips", tmp_path, english_only=False)
    assert again == [item]


def test_an_english_model_is_given_english_only(data, tmp_path):
    names = {item.name for item in items_of(data, tmp_path, english_only=True)}
    assert names == {"single/c.wav", "langs/e.wav", "talk/talk.wav"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("truth.json", "{", "no JSON"),
        ("truth.json", '[{"file": "talk.wav", "text": "one"}]', "talk.wav has a text and no language"),
        ("truth.json", '[{"file": "gone.wav", "text": "one", "lang": "en"}]', "gone.wav"),
        ("talk.truth.json", "{", "no JSON"),
        ("talk.truth.json", "[]", "valid dictionary"),
        ("talk.truth.json", '{"speech": [{"start_ms": 0, "text": "one"}]}', "'end_ms': Field required"),
        (
            "talk.truth.json",
            '{"speech": [{"start_ms": 0, "end_ms": 9, "text": "one"}, {"start_ms": 9, "end_ms": 20}]}',
            "entry 2 of 'speech' has no 'text'",
        ),
        ("talk.stm", "talk 1 Ann zero 1 Well.", "no STM"),
        ("talk.rttm", "SPEAKER talk 1", "line 1 of the RTTM"),
    ],
)
def test_a_truth_that_cannot_be_read_is_named(name, content, reason, data, tmp_path):
    folder = data / "talk"
    (folder / name).write_text(content)
    with pytest.raises(InvalidMessage, match=reason):
        items_of(folder, tmp_path, english_only=False)


@pytest.mark.parametrize(
    ("name", "content"),
    [("truth.json", '[{"file": "bare.wav", "speaker": "Ann"}]'),
     ("bare.truth.json", '{"speech": [{"start_ms": 0, "end_ms": 900, "speaker": "Ann"}]}')],
)  # fmt: skip
def test_what_has_neither_words_nor_languages_is_refused(name, content, data, tmp_path):
    for _ in range(2):
        with pytest.raises(InvalidMessage, match="no media with truth"):
            items_of(data / "bare", tmp_path, english_only=False)
        (data / "bare" / name).write_text(content)
    with pytest.raises(InvalidMessage, match="no media in English with truth"):
        items_of(data / "whole", tmp_path, english_only=True)


def test_a_languages_truth_is_the_one_it_shares_the_most_time_with():
    item = Item("x", Path("x"), 3_000, [Spoken(0, 1_000, "en", "a"), Spoken(1_500, 3_000, "de", "b")],
                frozenset({"en", "de"}))  # fmt: skip
    said = [(0, 900, "en"), (900, 2_000, "de"), (1_200, 1_400, "en"), (2_000, 3_000, "es")]
    heard = Heard(1.0, 1.0, [], [{"utterances": [
        {"start_ms": start, "end_ms": end, "language": language} for start, end, language in said
    ], "dropped": []}])  # fmt: skip
    assert languages_right(item, heard) == (2, 4)
    only_known = Item("x", Path("x"), 3_000, [], frozenset({"en", "de"}))
    assert languages_right(only_known, heard) == (3, 4)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_generated_sound_without_speech_is_what_it_says(kind, tmp_path):
    samples = MAKERS[kind](6)
    assert (samples.shape, samples.dtype) == ((6 * SAMPLE_RATE,), np.float32)
    assert np.array_equal(samples, MAKERS[kind](6))
    assert np.abs(samples).max() <= 1.0
    assert bool(np.std(samples) > 1e-3) is (kind != "silence")
    network = ModelStore(None, tmp_path, allow_download=False).path("silero-vad")
    assert detected(samples, SpeechDetector(network)) == []


def test_the_pipeline_bench_reads_all_truths_before_it_works(data, monkeypatch):
    monkeypatch.setattr(pipeline, "_compare", lambda *_: pytest.fail("work began"))
    (data / "talk" / "talk.truth.json").write_text("{")
    with pytest.raises(InvalidMessage, match=r"talk\.truth\.json is no JSON"):
        pipeline.run([data / "whole" / "whole.wav", data / "talk" / "talk.wav"], "tiny.en", Settings())
