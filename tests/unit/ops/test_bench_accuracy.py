"""What the pipeline keeps of the naive pipeline's accuracy."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise

import pytest

from ops.bench import pipeline
from ops.bench.accuracy import highlights_kept, kept_of, pooled, shots_kept, spans_kept, words_kept
from ops.bench.naive_parts import EveryPicture, all_shots, best_of, naive_parts, with_pictures, with_words
from ops.bench.segments_files import highlights_of
from ops.bench.shot_truth import Agreement, film_of
from ops.bench.shots import begun_shots
from ops.bench.truth import speech_of
from processors.domain import FrameAnalysis, Shot, Span
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.video import VideoReader
from processors.models.store import ModelStore
from processors.segments.rank import rank
from processors.vision.content_shots import ContentDetector
from processors.vision.dedup import Duplicates
from processors.vision.scan import Scanner
from streams import results
from streams.codec import to_wire
from streams.settings import Settings
from tests.conftest import SAMPLE
from tests.media import audio_only


@pytest.mark.parametrize(
    ("wrong", "naive", "kept"),
    [(0.0, 0.0, 1.0), (0.1, 0.1, 1.0), (0.2, 0.1, 0.8889), (0.1, 0.2, 1.125), (1.4, 0.1, 0.0), (0.1, 1.2, None)],
)
def test_words_kept(wrong, naive, kept):
    assert words_kept(wrong, naive) == kept


def test_shots_kept_of_counts():
    assert kept_of(Agreement(9, 9, 9), Agreement(9, 9, 9)) == {"kept": 1.0}
    assert kept_of(Agreement(0, 0, 9), Agreement(9, 9, 9)) == {"kept": 0.0}
    assert kept_of(Agreement(9, 9, 9), Agreement(0, 0, 9)) == {"kept": None}


def test_shots_kept_on_a_film():
    film = film_of(SAMPLE)
    assert film is not None
    cuts = [transition.start_ms for transition in film.transitions]
    found = shots_kept(film, cuts[1:], cuts)
    assert found["naive_f1"] == 1.0
    assert found["kept"] == found["f1"] == pytest.approx(2 * (len(cuts) - 1) / (2 * len(cuts) - 1), abs=1e-4)


def test_spans_kept():
    naive = [Span(0, 10_000), Span(20_000, 40_000)]
    found = spans_kept([Span(0, 5_000), Span(100_000, 110_000)], naive)
    assert found == {"segments": 2, "naive_segments": 2, "mean_best_iou": 0.25, "found": 0.5}
    assert spans_kept([], naive)["found"] == 0.0
    assert spans_kept(naive, [])["found"] is None
    # the eleventh counts for nobody
    assert spans_kept([Span(n, n + 1) for n in range(10)] + naive[:1], naive[:1])["found"] == 0.0


def test_what_is_pooled_counts_by_words_and_by_segments():
    spans = {"mean_best_iou": 0.5, "found_with_our_words": 0.5, "found_with_our_pictures": 1.0}
    rows = [
        {
            "wer": {"all": 0.1, "reference_words": 300},
            "naive_wer": {"all": 0.2, "reference_words": 300},
            "shots_accuracy": {"f1": 0.9, "naive_f1": 1.0},
            "spans_accuracy": {**spans, "naive_segments": 1, "found": 1.0},
        },
        {
            "wer": {"all": 0.5, "reference_words": 100},
            "naive_wer": {"all": 0.2, "reference_words": 100},
            "shots_accuracy": None,
            "spans_accuracy": {**spans, "naive_segments": 3, "found": 0.0},
        },
        {"shots_accuracy": None, "spans_accuracy": {**spans, "naive_segments": 0, "found": None}},
    ]
    found = pooled(rows)
    assert (found["wer"], found["naive_wer"], found["words_kept"]) == (0.2, 0.2, 1.0)
    assert (found["shots_f1"], found["shots_kept"]) == (0.9, 0.9)
    assert (found["spans_found"], found["naive_segments"]) == (0.25, 4)
    nothing = pooled(rows[2:])
    assert nothing["words_kept"] is None
    assert nothing["shots_kept"] is None
    assert nothing["spans_found"] is None


def test_every_picture_is_decoded_and_the_cuts_are_the_same():
    pushed: dict[str, int] = {}

    class Counting(EveryPicture):
        def push(self, pts_ms, look, frame, *, key):
            pushed["every"] = pushed.get("every", 0) + 1
            return super().push(pts_ms, look, frame, key=key)

    every = begun_shots(SAMPLE, lambda reader: Counting(ContentDetector(reader)))
    with open_container(SAMPLE) as container:
        streams = pick_streams(container, None)
        reader = VideoReader(container, streams[1], zero_of(container, streams), threads=1)
        scanner = Scanner(reader, ContentDetector(reader), choose=False, duplicates=Duplicates())
        list(scanner.run())
        frames = streams[1].frames
    assert pushed["every"] == frames
    film = film_of(SAMPLE)
    assert film is not None
    assert shots_kept(film, [shot.start_ms for shot in every], [one.start_ms for one in film.transitions])["kept"] == 1


def heard():
    """What a recogniser without errors would have heard of the sample."""
    found = []
    for spoken in speech_of(SAMPLE.with_name("sample.truth.json")):
        words = spoken.text.split()
        step = (spoken.end_ms - spoken.start_ms) / len(words)
        times = [round(spoken.start_ms + number * step) for number in range(len(words) + 1)]
        found.append(
            {
                "language": "en",
                "avg_logprob": -0.2,
                "no_speech_probability": 0.01,
                "words": [
                    {"start_ms": times[at], "end_ms": times[at + 1], "text": word, "probability": 0.9}
                    for at, word in enumerate(words)
                ],
            }
        )
    return found


def picture(pts_ms: int) -> FrameAnalysis:
    return FrameAnalysis(
        f"blob:{pts_ms}", pts_ms, 0, [], [], [], "other", 0.5, 100.0, 0.5, 0.3, 0.0, "local", "none"
    )  # fmt: skip


def test_what_the_naive_pipeline_understood_can_be_ranked():
    shots = begun_shots(SAMPLE, lambda reader: EveryPicture(ContentDetector(reader)))
    parts = naive_parts(SAMPLE, heard(), [picture(at) for at in range(0, 70_000, 1_000)], shots)
    utterances = [one for chunk in parts.transcripts for one in chunk.utterances]
    assert len(utterances) == len(heard())
    assert all(one.loudness_db is not None and one.voice is not None for one in utterances)
    assert all(chunk.end_ms - chunk.start_ms <= 29_000 for chunk in parts.transcripts)
    best = best_of(parts)
    assert best
    assert spans_kept(best, best)["found"] == 1.0
    # exchanged for the same, nothing changes; without words or pictures something does
    assert best_of(with_pictures(parts, parts.batches[0].frames, parts.batches[0].shots)) == best
    assert best_of(with_words(parts, utterances)) == best
    assert best_of(with_words(parts, [])) != best
    assert best_of(with_pictures(parts, [], [])) != best


def test_a_result_is_read_back_for_its_accuracy():
    """With the naive pipeline's own understanding as the result all of its segments are found."""
    film = film_of(SAMPLE)
    assert film is not None
    cuts = [transition.start_ms for transition in film.transitions]
    shots = [Shot(n, *bounds) for n, bounds in enumerate(pairwise([0, *cuts, film.duration_ms]))]
    pictures = [picture(at) for at in range(0, 70_000, 1_000)]
    parts = naive_parts(SAMPLE, heard(), pictures, shots[1:])
    ranking = rank(parts)
    document = ranking.document
    result = {
        "transcript": to_wire(document.transcript),
        "frames": to_wire(document.frames),
        "shots": results._shots(document),
        "segments": to_wire(ranking.segments),
    }
    naive = {"utterances": heard(), "pictures": [asdict(one) for one in pictures]}
    found = pipeline._accuracy(SAMPLE, film, result, naive, shots[1:])
    assert found["shots_accuracy"] == {"f1": 1.0, "naive_f1": 1.0, "kept": 1.0}
    spans = found["spans_accuracy"]
    assert spans["naive_segments"] == len(ranking.segments) > 0
    assert (spans["found"], spans["mean_best_iou"]) == (1.0, 1.0)
    assert (spans["found_with_our_words"], spans["found_with_our_pictures"]) == (1.0, 1.0)


def test_a_recording_without_pictures_has_no_shots(tmp_path):
    sound = audio_only(tmp_path)
    assert all_shots(sound, ModelStore(None, Settings().cache_dir), 1) == []
    parts = naive_parts(sound, [], [], [])
    assert parts.transcripts == []
    assert parts.batches == []
    assert (parts.audio_duration_ms or 0) > 0
    assert best_of(replace(parts, batches=[])) == []


def test_highlights_are_compared_by_the_nearest_segment():
    known = [Span(0, 10_000), Span(50_000, 60_000)]
    found = highlights_kept([Span(0, 10_000)], [Span(0, 10_000), Span(50_000, 60_000)], known)
    assert found == {"highlights": 2, "best_iou": 0.5, "naive_best_iou": 1.0}


def test_highlights_beside_a_film_are_read(tmp_path):
    film = tmp_path / "film.mp4"
    assert highlights_of(film) == []
    (tmp_path / "film.highlights.json").write_text('[{"start_ms": 5, "end_ms": 9}, {"start_ms": 1, "end_ms": 2}]')
    assert highlights_of(film) == [Span(1, 2), Span(5, 9)]
