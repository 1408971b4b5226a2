from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from processors.errors import InvalidMessage
from processors.options import Options
from processors.segments import Parts
from tests.unit.segments.builders import chunk, facts, frame, parts, shots_at, talk, utterance


def test_round_trip_keeps_everything() -> None:
    before = talk(2)
    after = Parts.from_json(before.to_json())
    assert after == before.canonical()
    assert after.options == Options()


def test_options_and_absent_parts_survive() -> None:
    options = Options(language="de", preferences={"hook": 2.0}, platforms=("tiktok",), metadata={"title": "x"})
    before = Parts("vid", options, None, [], [], None)
    assert Parts.from_json(before.to_json()) == before


def test_bytes_do_not_depend_on_order_or_repeats() -> None:
    whole = talk(3)
    shuffled = replace(
        whole,
        transcripts=random.Random(3).sample(whole.transcripts, len(whole.transcripts)) + whole.transcripts[:1],
        batches=whole.batches[::-1] + whole.batches[:1],
    )
    assert shuffled.to_json() == whole.to_json()


def test_parts_of_the_same_time_are_ordered_by_content() -> None:
    one, other = chunk(utterance("first words here", 0)), chunk(utterance("other words here", 0))
    assert parts(5_000, [one, other]).to_json() == parts(5_000, [other, one]).to_json()


def test_numpy_numbers_are_written_like_pythons_own() -> None:
    plain = parts(5_000, frames=[frame(100, score=0.25)], shots=shots_at(0, 5_000))
    numpy = parts(5_000, frames=[frame(100, score=np.float64(0.25))], shots=shots_at(0, 5_000))
    assert numpy.to_json() == plain.to_json()


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"", "Parts"), (b"{}", "video_id"), (b"[1]", "Parts"), (b'{"video_id": "x", "options": {"nope": 1}}', "options")],
    ids=["empty", "no id", "list", "unknown option"],
)
def test_wrong_content_is_invalid_and_named(content: bytes, named: str) -> None:
    with pytest.raises(InvalidMessage, match=named):
        Parts.from_json(content)


def test_not_a_number_is_found_when_read() -> None:
    broken = parts(5_000, frames=[frame(100, score=float("nan"))]).to_json()
    with pytest.raises(InvalidMessage, match="score"):
        Parts.from_json(broken)


def test_defaults() -> None:
    assert Parts("vid", facts=facts(10)).options == Options()
