"""The table of `docs/ranking.md`: what options do to a video whose passages differ clearly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from processors.domain import Face, FrameAnalysis, Segment, Utterance
from processors.errors import InvalidMessage
from processors.options import parse_options
from processors.segments import Parts, rank
from processors.segments.learned import model
from processors.segments.lengths import fitted
from processors.segments.meaning import Vectors
from processors.segments.overall import none_because
from processors.segments.platforms import Rules, rules_for
from processors.segments.sentences import Sentence
from processors.segments.signals import ALL
from tests.unit.segments.builders import chunk, embedded, frame, parts, shots_at, utterance
from tests.unit.segments.test_platforms import OWN

PAGE = Path(__file__).parents[3] / "docs" / "ranking.md"
ROW = re.compile(r"^\| ([^|]+) \| `(\{.*\})` \| (.+) \|$", re.MULTILINE)
CASES = {name: (json.loads(options), holds) for name, options, holds in ROW.findall(PAGE.read_text())}
OURS = {"ours": Rules.model_validate(OWN)}
DURATION_MS = 400_000
# Where each passage lies; a segment belongs to the one in which its middle is.
SPANS = {"A": (0, 80_000), "B": (100_000, 180_000), "C": (200_000, 280_000), "D": (300_000, 400_000)}
SPOKEN = {"A", "B"}


def _talk(start_ms: int, end_ms: int, sentence: str, loudness_db: float, word_ms: int) -> list[Utterance]:
    said, at_ms = [], start_ms
    while at_ms < end_ms - 10_000:
        each = utterance(sentence, at_ms, loudness_db=loudness_db, word_ms=word_ms)
        said.append(each)
        at_ms = each.end_ms + 400
    return said


def understood(sentences: Sequence[Sentence]) -> Vectors:
    """The lively passage sounds like what people keep, the others like nothing in particular."""
    vectors = embedded(sentences)
    worth = (model().worth / np.linalg.norm(model().worth)).astype(np.float32)
    for row, sentence in enumerate(sentences):
        if "turtles" in sentence.text:
            vectors[row] = (vectors[row] + worth) / np.linalg.norm(vectors[row] + worth)
    return vectors


def video(**options: object) -> Parts:
    lively = _talk(*SPANS["A"], "Why do you never ask how 3 turtles find the secret beach?", -12.0, 250)
    plain = _talk(*SPANS["B"], "There were some of them in the village of the river.", -30.0, 600)
    frames: list[FrameAnalysis] = []
    for start_ms, end_ms in (SPANS["A"], SPANS["B"], SPANS["D"]):
        frames += [frame(at, score=0.2, sharpness=40.0, motion=0.01) for at in range(start_ms + 500, end_ms, 10_000)]
    people = [Face(0.3, 0.2, 0.3, 0.4, 0.95)]
    frames += [
        frame(at, faces=people, score=0.9, sharpness=400.0, motion=0.4, colourfulness=at % 7_000 / 7_000, text=["NEWS"])
        for at in range(SPANS["C"][0] + 500, SPANS["C"][1], 2_000)
    ]
    cuts = [*range(SPANS["C"][0], SPANS["C"][1] + 1, 2_000), SPANS["D"][0]]
    shots = shots_at(0, SPANS["B"][0], *cuts, DURATION_MS)
    made = parts(
        DURATION_MS, [chunk(each) for each in [*lively, *plain]], sorted(frames, key=lambda f: f.pts_ms), shots
    )
    asked = parse_options(options)
    return replace(made, options=fitted(asked, rules_for(asked.platforms, OURS)))


def place(segment: Segment) -> str:
    middle = (segment.start_ms + segment.end_ms) // 2
    return next((name for name, (start, end) in SPANS.items() if start <= middle < end), "between")


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 12


@pytest.mark.parametrize("name", CASES)
def test_a_case(name: str) -> None:
    options, holds = CASES[name]
    if holds.startswith("refused: "):
        with pytest.raises(InvalidMessage, match=holds.removeprefix("refused: ")):
            rank(video(**options), understand=understood)
        return
    segments = rank(video(**options), understand=understood).segments
    assert segments
    lengths = [segment.end_ms - segment.start_ms for segment in segments]
    for claim in holds.split("; "):
        if found := re.fullmatch(r"(A|B|C|D) is first", claim):
            assert place(segments[0]) == found[1]
        elif found := re.fullmatch(r"none is longer than (\d+) s", claim):
            assert max(lengths) <= 1_000 * int(found[1])
        elif found := re.fullmatch(r"none is shorter than (\d+) s", claim):
            assert min(lengths) >= 1_000 * int(found[1])
        elif found := re.fullmatch(r"one is longer than (\d+) s", claim):
            assert max(lengths) > 1_000 * int(found[1])
        elif claim == "a spoken segment is first":
            assert place(segments[0]) in SPOKEN
        elif claim == "as with defaults":
            assert segments == rank(video(), understand=understood).segments
        elif claim == "one segment":
            assert len(segments) == 1
        else:
            raise AssertionError(f"nobody tests '{claim}'")


# ------------------------------------------------------------------------------------------- videos at the edge


def test_a_silent_video_has_visual_segments() -> None:
    silent = replace(video(), transcripts=[])
    ranking = rank(silent)
    assert ranking.segments
    assert all(segment.text == "" and segment.keyframe_uri is not None for segment in ranking.segments)
    assert place(ranking.segments[0]) == "C"


def test_a_single_sentence_has_one_segment() -> None:
    said = utterance("How does a turtle find one small beach?", 2_000)
    alone = parts(18_000, [chunk(said)], [frame(at) for at in (1_000, 6_000, 11_000)], shots_at(0, 5_000, 18_000))
    ranking = rank(alone)
    assert [segment.text for segment in ranking.segments] == [said.text]


def test_ten_milliseconds_have_none_and_a_reason() -> None:
    blink = parts(10, [], [frame(0)], shots_at(0, 10))
    ranking = rank(blink)
    assert ranking.segments == []
    reasons = [*ranking.missing, *none_because(ranking.duration_ms, ranking.segments, ranking.document)]
    assert "segments: none, the video is 10 ms long and the shortest segment has 500 ms" in reasons


def test_the_table_of_signals_has_their_weights() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| .+ \| (\d\.\d{3}) \|$", PAGE.read_text(), re.MULTILINE)
    expected = {(signal.group, signal.name, f"{model().weights[signal.name]:.3f}") for signal in ALL}
    assert set(rows) == expected
