"""From probabilities to boundaries; each row draws pictures and what the network says of them, one letter a picture.

Pictures: A, B shots, 1 to 6 from A to B, k black, a to e from A to black, v to z from black to B (the middle one is X),
x half A, half B. Probabilities: `.` none, `m` part of a transition, `s` its middle as well, `w` a weak part.
"""

from __future__ import annotations

import pytest

from processors.vision.boundaries import Boundary
from processors.vision.look import difference
from processors.vision.runs import Judged, RunReader
from tests.unit.vision.helpers import look, mix, plain

STEP_MS = 80
A, B, BLACK = look(1), look(2), plain(16)
LOOKS = {
    "A": A,
    "B": B,
    "k": BLACK,
    "x": mix(A, B, 0.5),
    **{letter: mix(A, B, number / 7) for number, letter in enumerate("123456", start=1)},
    **{letter: mix(A, BLACK, number / 6) for number, letter in enumerate("abcde", start=1)},
    **{letter: mix(BLACK, B, number / 6) for number, letter in enumerate("vwXyz", start=1)},
}
SAYS = {".": (0.0, 0.0), "m": (0.1, 0.9), "s": (0.9, 0.95), "w": (0.1, 0.5)}


def read(pictures: str, says: str) -> list[Boundary]:
    reader, found, before = RunReader(), [], None
    for number, (letter, word) in enumerate(zip(pictures, says, strict=True)):
        seen = LOOKS[letter]
        change = difference(before, seen) if before is not None else 0.0
        settled = reader.push(Judged(number * STEP_MS, seen, change, *SAYS[word]))
        assert settled.pts_ms == number * STEP_MS
        if settled.boundary is not None:
            found.append(settled.boundary)
            assert settled.safe_ms >= settled.boundary.end_ms or settled.boundary.kind == "cut"
        before = seen
    return found


@pytest.mark.parametrize(
    ("pictures", "says", "expected"),
    [
        pytest.param("AAAAAAAA", "........", [], id="nothing"),
        pytest.param("AAAABBBB", "...s....", [("cut", 4, 4, 4)], id="cut: the last picture of the old shot is likely"),
        pytest.param("AAAABBBB", "..sss...", [("cut", 4, 4, 4)], id="cut, likely in three pictures"),
        pytest.param("AAAABBBB", "mmmsmmm.", [("cut", 4, 4, 4)], id="one step makes the whole change"),
        pytest.param("AAAxBBBB", "..ss....", [("cut", 3, 3, 3)], id="blended cut"),
        pytest.param("AAAABBBB", "...w....", [], id="weak"),
        pytest.param("AAAABBBBAAAA", "...s...s....", [("cut", 4, 4, 4)], id="a shot of 320 ms is a part of the cut"),
        pytest.param(
            "AAAABBBBBAAAA", "...s....s....", [("cut", 4, 4, 4), ("cut", 9, 9, 9)], id="one of 400 ms is none"
        ),
        pytest.param("AAAA123456BBBB", "....mmmsmm....", [("dissolve", 6, 4, 9)], id="dissolve"),
        pytest.param("AAAA123456BBBB", "....mmmmmm....", [("dissolve", 6, 4, 9)], id="sure of its parts, and a blend"),
        pytest.param("AAAA123456BBBB", "....wwwwww....", [], id="unsure of its parts"),
        pytest.param("AAAABBxxBBAAAA", "....mmmmmm....", [], id="there and back: ends alike"),
        pytest.param("AAAabcdekkkvwXyzBBB", "...mmmmmmsmmmmmm...", [("fade", 9, 3, 15)], id="fade in one run"),
        pytest.param("AAAabcdekkkkkvwXyzBBB", "...mmsmm.....mmsmm...", [("fade", 10, 3, 17)], id="fade out and in"),
        pytest.param("AAAabcdekkkkkvwXyzBBB", ".............mmsmm...", [("fade", 10, 8, 17)], id="fade out not seen"),
        pytest.param("AAAabcdekkkkkvwXyzBBB", "...mmsmm.............", [("fade", 10, 3, 13)], id="fade in not seen"),
        pytest.param("kkkkvwXyzBBBB", "....mmsmm....", [], id="fade in at the start"),
        pytest.param("AAAAabcdekkkk", "....mmsmm....", [], id="fade out at the end"),
        pytest.param(
            "AAAAAAkkkkkkBBBBBB", ".....s.....s......", [("cut", 6, 6, 6), ("cut", 12, 12, 12)], id="cut to black"
        ),
    ],
)
def test_boundaries(pictures: str, says: str, expected: list[tuple[str, int, int, int]]):
    found = [
        (one.kind, *(ms // STEP_MS for ms in (one.at_ms, one.start_ms, one.end_ms))) for one in read(pictures, says)
    ]
    assert found == expected


def test_a_run_without_end_is_no_transition():
    assert read("A" * 5 + "x" * 100 + "B" * 5, "." * 5 + "m" * 50 + "s" + "m" * 49 + "." * 5) == []


def test_pictures_of_a_run_are_not_safe():
    reader = RunReader()
    safe = [
        reader.push(Judged(number * STEP_MS, LOOKS[letter], 5.0, *SAYS[word])).safe_ms // STEP_MS
        for number, (letter, word) in enumerate(zip("AAxxxxBB", "..mmsm..", strict=True))
    ]
    assert all(picture <= 2 for picture in safe[2:6])


def test_a_dissolve_that_the_network_does_not_see():
    slow = [mix(A, B, (number + 1) / 13) for number in range(12)]
    reader, found, before = RunReader(), [], A
    for number, seen in enumerate([*[A] * 12, *slow, *[B] * 12]):
        settled = reader.push(Judged(number * STEP_MS, seen, difference(before, seen), 0.0, 0.0))
        found += [settled.boundary] if settled.boundary else []
        before = seen
    (one,) = found
    assert one.kind == "dissolve"
    assert 12 <= one.at_ms / STEP_MS <= 23
