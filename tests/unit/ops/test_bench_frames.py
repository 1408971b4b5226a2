"""The bench of choosing pictures: its films, its scores, what it gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ops.bench import frame_films, frames
from ops.bench.frame_films import KINDS, Shown, make_films
from ops.bench.shot_truth import Film, films_in
from processors.media.container import open_container
from processors.models.store import ModelStore
from tests.unit.vision.helpers import scenery, write_video

SMALL = (320, 180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films of one shot each, and one whose truth says that its third shot repeats its first."""
    folder = tmp_path_factory.mktemp("films")
    for seed in range(3):
        (folder / f"film-{seed}").mkdir()
        write_video(folder / f"film-{seed}" / "film.mp4", [scenery(seed, SMALL)] * 25 * 17)
        (folder / f"film-{seed}" / "SOURCE.txt").write_text("truth: no cuts\n", encoding="utf-8")
    (folder / "again").mkdir()
    write_video(folder / "again" / "again.mp4", [scenery(seed, SMALL) for seed in (7, 8, 7) for _ in range(50)])
    shots = [{"start_ms": 2000 * n, "end_ms": 2000 * (n + 1)} for n in range(3)]
    truth = {"shots": shots, "duplicates": [[0, 2]]}
    (folder / "again" / "again.truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return folder


def test_what_repeats_what_is_read_of_the_truth(folder: Path):
    (film,) = [film for film in films_in(folder) if film.name == "again"]
    assert [shot.repeats for shot in frames._shots_of(film)] == [None, None, 0]


def test_shots_between_gradual_transitions_leave_these_out():
    assert frames._shots_of(Film("a", Path("a.mp4"), 5000, [])) == [Shown(0, 5000)]


SHOTS = [Shown(0, 1000), Shown(1000, 2000), Shown(2000, 3000, repeats=0), Shown(3000, 4000, repeats=2)]


@pytest.mark.parametrize(
    ("times_ms", "covered", "duplicates"),
    [
        ([], 0, 0),
        ([500, 1500], 2, 0),
        ([1500, 2500], 2, 0),  # a picture of a repetition shows the shot as well
        ([500, 700, 1500], 2, 0),
        ([500, 1500, 2500, 3500], 2, 2),
        ([2500, 3500], 1, 1),
        ([9999], 0, 0),
    ],
)
def test_scores(times_ms: list[int], covered: int, duplicates: int):
    assert (frames._covered(SHOTS, times_ms), frames._duplicates(SHOTS, times_ms)) == (covered, duplicates)


def test_similarity_is_of_structure():
    random = np.random.default_rng(1)
    one = random.uniform(0, 255, (90, 160)).astype(np.float32)
    assert frames.similarity(one, one) == pytest.approx(1.0)
    assert frames.similarity(one, one + 5) > frames.ALIKE
    assert frames.similarity(one, random.uniform(0, 255, (90, 160)).astype(np.float32)) < 0.3
    assert frames.similarity(one, 255 - one) < 0


def test_the_films_show_the_same_and_differ_in_their_key_frames(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(frame_films, "SIZE", SMALL)
    takes = frames.takes_of([film for film in films_in(folder) if film.name == "film"])
    told: list[tuple[int, int]] = []
    paths, shown = make_films(tmp_path, takes, 1, lambda done, total: told.append((done, total)))
    assert sum(shot.repeats is not None for shot in shown) == 1
    assert told[-1][0] == told[-1][1] == shown[-1].end_ms // 40
    keys = {}
    for kind, path in paths.items():
        with open_container(path) as container:
            keys[kind] = [round(packet.pts * packet.time_base * 1000) for packet in container.demux(video=0)
                          if packet.pts is not None and packet.is_keyframe]  # fmt: skip
    assert list(keys) == list(KINDS)
    assert {shot.start_ms for shot in shown} <= set(keys["key frames at shots"])
    assert keys["a key frame every 2 s"] == list(range(0, shown[-1].end_ms, 2000))
    assert keys["no key frames"] == [0]


def test_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frame_films, "SIZE", SMALL)
    found = frames.run(folder, ModelStore(None, tmp_path / "cache"))
    assert [row["item"] for row in found["rows"]] == [*KINDS, "again", "film", "film", "film"]
    for way in frames.OURS:
        assert found["pooled"][way] == {**found["pooled"][way], "recall": 1.0, "duplicates": 0.0}
        assert all(row[way]["cpu_s"] > 0 for row in found["rows"])
    by_keys = found["rows"][0]["key frames"]["decoded"]
    assert by_keys < found["rows"][0]["content"]["decoded"] < found["rows"][0]["learned"]["decoded"]
