from __future__ import annotations

from dataclasses import replace

import pytest

from processors.domain import Face, StreamFacts
from processors.segments.fit import Measures, fit_of, measures_of, seconds
from processors.segments.framing import covered_faces, crop_of
from processors.segments.platforms import RULES, Covered
from tests.unit.segments.builders import facts, frame

TALL = Measures(30_000, 9 / 16, 30.0, 10_000_000, [], 0.2)
WIDE = replace(TALL, aspect=16 / 9)


def face(x: float, y: float = 0.4, size: float = 0.1) -> Face:
    """A face by its middle."""
    return Face(x - size / 2, y - size / 2, size, size, 0.9)


def seen(*middles: float, y: float = 0.4) -> list:
    return [frame(1_000 * at, faces=[face(x, y)]) for at, x in enumerate(middles)]


def test_what_suits_has_nothing_against_it() -> None:
    for name in ("tiktok", "shorts", "reels", "x", "linkedin"):
        assert fit_of(TALL, RULES[name]) == (1.0, [])


@pytest.mark.parametrize(
    ("measures", "platform", "fit", "told"),
    [
        (replace(TALL, length_ms=150_000), "x", 0.0, "150 s long, X takes at most 140 s: cut 10 s"),
        (replace(TALL, length_ms=140_000), "x", 0.5, "140 s long, 10 s to 60 s suit X: cut 80 s"),
        (replace(TALL, length_ms=2_000), "tiktok", 0.0, "2 s long, TikTok takes no less than 3 s: add 1 s"),
        (replace(TALL, length_ms=9_000), "tiktok", 0.75, "9 s long, 15 s to 90 s suit TikTok: add 6 s"),
        (replace(TALL, length_ms=200_000), "shorts", 0.0, "200 s long, YouTube Shorts takes at most 3 min: cut 20 s"),
        (WIDE, "shorts", 0.6, "wider than 9:16, YouTube Shorts does not take it as such: crop it to 9:16"),
        (WIDE, "tiktok", 0.8, "wider than 9:16, bars fill the rest: crop it to 9:16"),
        (replace(TALL, frame_rate=15.0), "tiktok", 0.9, "15 frames a second, TikTok takes 23 to 60: encode it anew"),
        (replace(TALL, file_bytes=600_000_000), "x", 0.9, "some 600 MB, X takes at most 512 MB: encode it anew"),
        (
            replace(TALL, speech=0.8),
            "linkedin",
            0.95,
            "LinkedIn starts it without sound, and 80% of it is speech: add captions",
        ),
        (
            replace(TALL, aspect=None),
            "reels",
            0.0,
            "Instagram Reels shows videos, and this has no picture: put one behind the sound",
        ),
    ],
)
def test_what_speaks_against_it(measures: Measures, platform: str, fit: float, told: str) -> None:
    assert fit_of(measures, RULES[platform]) == (fit, [told])


def test_edges_of_lengths_and_rates_are_taken() -> None:
    assert fit_of(replace(TALL, length_ms=3_000), RULES["tiktok"])[0] > 0
    assert fit_of(replace(TALL, length_ms=2_999), RULES["tiktok"])[0] == 0
    assert fit_of(replace(TALL, length_ms=180_000), RULES["shorts"])[0] > 0
    assert fit_of(replace(TALL, length_ms=180_001), RULES["shorts"])[0] == 0
    assert fit_of(replace(TALL, frame_rate=22.98), RULES["tiktok"])[0] == 1
    assert fit_of(replace(TALL, aspect=608 / 1080), RULES["shorts"])[0] == 1


def test_the_gravest_comes_first() -> None:
    _, told = fit_of(replace(WIDE, length_ms=9_000, speech=0.9), RULES["linkedin"])
    assert [text.partition(",")[0] for text in told] == ["9 s long", "LinkedIn starts it without sound"]


def test_a_crop_is_put_where_it_keeps_most_faces() -> None:
    fit, told = fit_of(replace(WIDE, frames=seen(0.2, 0.2, 0.2)), RULES["tiktok"])
    assert told[-1].startswith("cropped to 9:16 in the middle, the face in 3 of 3 pictures is lost: ")
    assert told[-1].endswith("% further left it keeps all")
    assert fit == 0.8  # another place loses nothing
    apart, told = fit_of(replace(WIDE, frames=seen(0.1, 0.9)), RULES["tiktok"])
    assert apart < fit  # no place keeps both
    assert "the face in 2 of 2 pictures is lost" in told[0]
    assert fit_of(replace(WIDE, frames=seen(0.5, 0.5)), RULES["tiktok"])[1] == [
        "wider than 9:16, bars fill the rest: crop it to 9:16"
    ]


def test_a_place_for_the_crop_follows_the_face() -> None:
    for x in (0.16, 0.3, 0.5, 0.7, 0.84):
        crop = crop_of(seen(x), 16 / 9, 9 / 16)
        assert (crop.pictures, crop.best) == (1, 1)
        left = crop.place * (1 - crop.width)
        assert left <= x <= left + crop.width
    assert crop_of(seen(0.5), 9 / 16, 9 / 16).width == 1.0


def test_faces_under_the_interface_are_told() -> None:
    fit, told = fit_of(replace(TALL, frames=seen(0.5, 0.5, y=0.9)), RULES["tiktok"])
    assert told == ["TikTok's buttons and texts lie over the face in 2 of 2 pictures: frame it tighter"]
    assert fit == 0.7
    assert fit_of(replace(TALL, frames=seen(0.5, y=0.9)), RULES["x"]) == (1.0, [])  # X covers nothing
    covered = Covered(top=0.1, bottom=0.2, left=0.05, right=0.1)
    whole = crop_of([], 9 / 16, 9 / 16)
    at = {(0.5, 0.5): 0, (0.5, 0.05): 1, (0.5, 0.85): 1, (0.02, 0.5): 1, (0.95, 0.5): 1, (0.5, 0.79): 0}
    for (x, y), under in at.items():
        assert covered_faces([frame(0, faces=[face(x, y)])], covered, whole) == under


def test_the_largest_face_counts() -> None:
    both = [frame(0, faces=[face(0.1, size=0.05), face(0.5, size=0.2)])]
    assert crop_of(both, 16 / 9, 9 / 16).in_middle == 1


def test_measures_come_from_the_stream_that_is_used() -> None:
    def stream(index: int, used: bool, width: int) -> StreamFacts:
        return StreamFacts(index, "video", "h264", 0, 60_000, used, None, width, 1_000, 0, 25.0, None, None)

    known = replace(facts(60_000), size_bytes=6_000_000, streams=[stream(0, False, 100), stream(1, True, 2_000)])
    measures = measures_of(30_000, known, [], 0.5)
    assert (measures.aspect, measures.frame_rate, measures.file_bytes) == (2.0, 25.0, 3_000_000)
    nothing = measures_of(30_000, None, [], 0.5)
    assert (nothing.aspect, nothing.frame_rate, nothing.file_bytes) == (None, None, None)


@pytest.mark.parametrize(
    ("length_ms", "text"), [(8_500, "8.5 s"), (90_000, "90 s"), (120_000, "2 min"), (130_000, "130 s"), (40, "40 ms")]
)
def test_lengths_for_people(length_ms: int, text: str) -> None:
    assert seconds(length_ms) == text
