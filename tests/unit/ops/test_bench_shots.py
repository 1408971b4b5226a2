"""The bench of shot boundaries: its score, its reading of truth, the films that it makes, what it gives."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ops.bench.shot_films import RATE, Take, make_film, takes_of
from ops.bench.shot_truth import Film, Transition, agreement, films_in
from ops.bench.shots import begun_shots, run
from processors.errors import InvalidMessage
from processors.media.container import open_container, pick_streams, zero_of
from processors.models.store import ModelStore
from processors.timeline import pts_to_ms
from processors.vision.content_shots import ContentDetector
from processors.vision.look import difference, look_at
from tests import media
from tests.unit.vision.helpers import scenery, write_video

CUTS = [Transition("cut", ms, ms) for ms in (1000, 2000, 3000)]
DISSOLVE = Transition("dissolve", 1000, 2000)


def film(*transitions: Transition, ambiguous: tuple[Transition, ...] = ()) -> Film:
    return Film("film", Path("film.mp4"), 10_000, list(transitions), list(ambiguous))


@pytest.mark.parametrize(
    ("known", "found_ms", "tolerance_ms", "hits"),
    [
        pytest.param(CUTS, [1000, 2000, 3000], 0, 3, id="all"),
        pytest.param(CUTS, [1020, 1980, 3021], 20, 2, id="both edges, and one beyond"),
        pytest.param(CUTS, [], 20, 0, id="nothing found"),
        pytest.param([], [500], 20, 0, id="nothing there"),
        pytest.param(CUTS[:1], [990, 1000, 1010], 20, 1, id="a transition is met once"),
        pytest.param([DISSOLVE], [1000], 0, 1, id="start of a dissolve"),
        pytest.param([DISSOLVE], [2000], 0, 1, id="end of a dissolve"),
        pytest.param([DISSOLVE], [2001], 0, 0, id="behind it"),
        pytest.param([DISSOLVE], [2080], 80, 1, id="behind it, within the tolerance"),
        pytest.param([DISSOLVE, CUTS[2]], [2990, 1500], 20, 2, id="whatever the order"),
    ],
)
def test_agreement(known: list[Transition], found_ms: list[int], tolerance_ms: float, hits: int):
    found = agreement(film(*known), found_ms, tolerance_ms)
    assert (found.hits, found.found, found.known) == (hits, len(found_ms), len(known))


def test_rates():
    found = agreement(film(*CUTS), [1000, 2000, 2500, 9000], 0)
    assert (found.precision, found.recall) == (0.5, pytest.approx(2 / 3))
    assert found.f1 == pytest.approx(4 / 7)
    nothing = agreement(film(), [], 0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (1.0, 1.0, 1.0)


def test_ambiguous_places_count_for_nobody():
    doubtful = film(CUTS[0], ambiguous=(CUTS[1],))
    assert agreement(doubtful, [1000, 2010], 20).f1 == 1.0
    assert agreement(doubtful, [1000], 20).f1 == 1.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films of 20 s in four still shots each, one with a truth and one with a list of cuts."""
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        shots = [scenery(10 * number + shot, (320, 180)) for shot in range(2)]
        write_video(tmp_path / name / f"{name}.mp4", [image for image in shots for _ in range(15 * RATE)])
    spans = [{"start_ms": 0, "end_ms": 15_000}, {"start_ms": 15_000, "end_ms": 30_000}]
    (tmp_path / "one" / "one.truth.json").write_text(json.dumps({"shots": spans, "ambiguous": []}), encoding="utf-8")
    (tmp_path / "two" / "cuts.json").write_text(json.dumps({"cuts_s": [15.0]}), encoding="utf-8")
    return tmp_path


def test_truth_in_all_forms(folder: Path):
    (folder / "three").mkdir()
    write_video(folder / "three" / "three.mp4", [scenery(1, (96, 54))] * 5)
    assert [one.name for one in films_in(folder)] == ["one", "two"]  # nothing says what the third is
    (folder / "three" / "SOURCE.txt").write_text("path: a\ntruth: no cuts (measured)\n", encoding="utf-8")
    one, three, two = films_in(folder)
    assert one.transitions == two.transitions == [Transition("cut", 15_000, 15_000)]
    assert three.transitions == []
    spans = [{"start_ms": ms, "end_ms": ms + 5} for ms in (0, 5, 10, 15)]
    truth = {"shots": spans, "ambiguous": [[1, 2], [0, 3]]}
    (folder / "one" / "one.truth.json").write_text(json.dumps(truth), encoding="utf-8")
    one = films_in(folder)[0]
    assert [each.start_ms for each in one.transitions] == [5, 15]
    assert [each.start_ms for each in one.ambiguous] == [10]


def test_a_folder_without_films_is_refused(tmp_path: Path):
    with pytest.raises(InvalidMessage, match="no media"):
        films_in(tmp_path)


@pytest.mark.parametrize("late", ["", "video", "audio"])
def test_made_films_change_where_their_truth_says(folder: Path, tmp_path: Path, late: str):
    made = make_film(tmp_path, takes_of(films_in(folder)), 3, late)
    assert {one.kind for one in made.transitions} == {"cut", "dissolve", "fade"}
    with open_container(made.path) as container:
        streams = pick_streams(container, None)
        stream, zero_s = streams[1], zero_of(container, streams)
        frames = list(container.decode(stream))
        times = [pts_to_ms(frame.pts, stream.time_base, zero_s) for frame in frames]
    looks = [look_at(frame) for frame in frames]
    assert abs(times[0] - (834 if late == "video" else 0)) <= 1
    changes = [difference(one, two) for one, two in pairwise(looks)]
    for number, change in enumerate(changes, start=1):
        within = [
            one for one in made.transitions if one.start_ms <= times[number] + 1 and times[number] - 1 <= one.end_ms
        ]
        assert change < 2.5 or within, times[number]  # the takes are still, so that nothing else changes
    for one in made.transitions:
        met = [
            change for ms, change in zip(times[1:], changes, strict=True) if one.start_ms - 1 <= ms <= one.end_ms + 1
        ]
        assert sum(met) > 20, one


def test_the_same_seed_gives_the_same_film(folder: Path, tmp_path: Path):
    takes = takes_of(films_in(folder))
    (tmp_path / "again").mkdir()
    first, second, other = (
        make_film(tmp_path, takes, 3),
        make_film(tmp_path / "again", takes, 3),
        make_film(tmp_path, takes, 4),
    )
    assert first.transitions == second.transitions != other.transitions
    with av.open(str(first.path)) as one, av.open(str(second.path)) as two:
        for left, right in zip(one.decode(video=0), two.decode(video=0), strict=True):
            assert np.array_equal(left.to_ndarray(), right.to_ndarray())


def test_takes_lie_within_shots_and_not_at_the_ends_of_films():
    known = [Transition("dissolve", 20_000, 21_000), Transition("cut", 24_000, 24_000)]
    (first, second) = takes_of([Film("a", Path("a.mp4"), 60_000, known)])
    assert first == Take(Path("a.mp4"), 4_000, 19_800)  # what is between the transitions is too short
    assert second == Take(Path("a.mp4"), 24_200, 56_000)


def test_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ops.bench.shots.MADE", ((11, "video"),))
    told: list[tuple[int, int]] = []
    found = run(folder, ModelStore(None, tmp_path / "cache"), lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert [row["item"] for row in found["rows"]] == ["one", "two", "made-11-video-late"]
    for row in found["rows"][:2]:
        for way in ("learned", "content", "key frames", "adaptive"):
            assert row[way]["within_0"]["f1"] == 1.0
            assert row[way]["cpu_s_per_minute"] > 0
        assert row["kinds_right"] == {"learned": 1.0, "content": 1.0, "key frames": 1.0}
    assert found["rows"][2]["known"] == {"cut": 2, "dissolve": 4, "fade": 2}
    assert found["pooled"]["given"]["learned"]["within_2"]["known"] == 2
    assert found["pooled"]["all"]["learned"]["worse_than_adaptive"] == []


def test_kinds_of_boundaries_are_seen(folder: Path):
    (found,) = begun_shots(folder / "one" / "one.mp4", ContentDetector)
    assert (found.transition, found.start_ms) == ("cut", 15_000)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cuts.json", '{"cuts": [1]}', "no truth of a film"),
        ("cuts.json", "[1, 2]", "no truth of a film"),
        ("cuts.json", '[{"file": "a.mp4", "cuts_s": [1, "x"]}]', "cuts_s"),
        ("cuts.json", "nothing {", "no truth of a film"),
        ("a.truth.json", '{"shots": [{"start": 0}]}', r"shots\.0\.start_ms"),
        ("a.truth.json", '{"shots": [{"start_ms": 0}], "ambiguous": [[0, 1]]}', "names a shot that is not there"),
    ],
)
def test_a_truth_of_another_form_is_said_and_no_trace(tmp_path: Path, name: str, content: str, said: str) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    write_video(folder / "a.mp4", [scenery(1, (160, 90))] * 5)
    (folder / name).write_text(content)
    with pytest.raises(InvalidMessage, match=said):
        films_in(tmp_path)


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    media.MAKERS["audio_only"](folder).rename(folder / "a.mp4")
    (folder / "cuts.json").write_text('{"cuts_s": []}')
    with pytest.raises(InvalidMessage, match="no media whose shots are known"):
        films_in(tmp_path)
