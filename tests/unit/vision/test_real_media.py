"""Real films against their ground truth; left out where the folder with media is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processors.domain import FrameAnalysis, FrameBatch
from processors.errors import InvalidMedia
from processors.options import Options
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from tests.unit.vision.helpers import Extracted, extract, f1, picture_of

pytestmark = pytest.mark.data
# Truth in seconds with two digits, on streams of 24 to 30 pictures a second.
ROUNDED_MS = 20
MEDIA = frozenset({".mp4", ".mov", ".mkv", ".webm", ".m4a", ".wav", ".mp3", ".flac", ".opus", ".ogg"})


def analyse(found: Extracted, tools: Tools) -> list[FrameAnalysis]:
    return analyse_batch(FrameBatch(found.frames, []), Options(), tools).frames


def test_composite(test_data: Path, tools: Tools):
    folder = test_data / "composite_dev"
    truth = json.loads((folder / "composite_dev.truth.json").read_text(encoding="utf-8"))
    found = extract(folder / "composite_dev.mp4", tools)
    assert found.cuts_ms == [shot["start_ms"] for shot in truth["shots"][1:]]  # exact to the picture
    repeats = {later for _, later in truth["duplicates"]}
    assert {frame.shot for frame in found.frames} == set(range(len(truth["shots"]))) - repeats
    assert found.end.duration_ms == truth["duration_ms"]
    assert found.end.warnings == []
    by_shot = {each.shot: each for each in analyse(found, tools)}
    assert by_shot[1].scene == "people"  # Chaplin and a policeman
    assert "black and white" in [label.name for label in by_shot[1].labels]
    assert "dark" in [label.name for label in by_shot[5].labels]  # a telescope in the dark
    assert not any(by_shot[shot].faces for shot in (0, 2, 5))


def test_twice_is_the_same(test_data: Path, tools: Tools):
    path = test_data / "silent_dev" / "silent_dev.mp4"
    first, second = extract(path, tools), extract(path, tools)
    assert first == second
    assert analyse(first, tools) == analyse(second, tools)


@pytest.mark.parametrize(
    ("name", "cuts_s"),
    [
        pytest.param("silent_dev/silent_dev.mp4", [4.0, 9.0], id="no sound"),
        pytest.param("video_bbb_30s/big_buck_bunny_0_30.webm", [11.79, 15.67, 22.96], id="vp8 in webm"),
        pytest.param("video_popeye_p3/popeye_p3.mkv", [3.08, 13.79, 22.08, 30.75, 44.62, 55.67], id="hevc in mkv"),
        # the cut is in cuts.json; at 5.5 s is the middle of a dissolve of one second, which a look confirms
        pytest.param("video_nasa/nasa_13013.mp4", [5.47, 8.01], id="six streams, a dissolve"),
        pytest.param("video_slides_scene_change/scene-change.mov", [12.0], id="slides, one picture a second, mjpeg"),
        pytest.param("video_slides_scene_change/test-optimization.mp4", [17.0, 24.0], id="slides around a video"),
        pytest.param("video_car_detection/car-detection.mp4", [], id="one take with moving cars"),
        pytest.param("video_chaplin/chaplin.mp4", [], id="one take with people"),
        pytest.param("video_bbb_1s/big_buck_bunny_432_433.webm", [], id="one second"),
        pytest.param("corrupt_dev/vfr.mp4", [], id="variable rate"),
    ],
)
def test_cuts(test_data: Path, tools: Tools, name: str, cuts_s: list[float]):
    found = extract(test_data / name, tools)
    assert f1(found.cuts_ms, [round(1000 * cut) for cut in cuts_s], ROUNDED_MS) == (1.0 if cuts_s else 0.0)
    assert len(found.cuts_ms) == len(cuts_s)
    assert {frame.shot for frame in found.frames} == set(range(len(found.shots)))


def test_truncated(test_data: Path, tools: Tools):
    found = extract(test_data / "corrupt_dev" / "truncated-faststart.mp4", tools)
    assert found.end.warnings == ["picture stops at 1.5 s of 3.0 s declared"]
    assert found.shots[-1].end_ms < 1600


def test_damaged(test_data: Path, tools: Tools):
    found = extract(test_data / "corrupt_dev" / "damaged-middle.mp4", tools)
    assert found.frames
    assert any("damaged" in warning for warning in found.end.warnings)


def test_upright(test_data: Path, tools: Tools):
    for frame in extract(test_data / "corrupt_dev" / "rotated-90.mp4", tools).frames:
        assert picture_of(frame, tools).shape == (640, 360, 3)


def test_variable_rate_uses_timestamps(test_data: Path, tools: Tools):
    found = extract(test_data / "corrupt_dev" / "vfr.mp4", tools)
    # 25, then 12.5, then 5 pictures a second: every time stamp is a multiple of 40 ms and within the 4 s
    assert all(frame.pts_ms % 40 == 0 for frame in found.frames)
    assert found.end.duration_ms == 4000


def test_slides_are_read(test_data: Path, tools: Tools):
    pytest.importorskip("rapidocr_onnxruntime")
    found = extract(test_data / "video_slides_scene_change" / "scene-change.mov", tools)
    first, second = analyse(found, tools)
    assert (first.scene, second.scene) == ("text", "text")
    assert any("Vegetation" in line for line in first.text)
    assert any("Acknowledgements" in line for line in second.text)


def test_every_file_works_or_says_why_not(test_data: Path, tools: Tools):
    paths = sorted(path for path in test_data.glob("*/*") if path.suffix in MEDIA)
    done = {"video_popeye_p3", "composite_dev", "video_bbb_30s", "video_car_detection"}  # long, and done above
    refused = []
    for path in paths:
        if path.parent.name in done:
            continue
        try:
            extract(path, tools)
        except InvalidMedia as error:
            refused.append((path.name, error.reason))
    assert len(paths) > 50
    assert [name for name, _ in refused] == ["text-renamed.mp4", "truncated.mp4", "zero-byte.mp4"]
    assert all(reason.startswith(f"'{name}' is") for name, reason in refused)


@pytest.mark.parametrize(
    ("name", "word", "frames"),
    [
        ("video_chaplin/chaplin.mp4", "person", 1),
        ("video_slides_scene_change/scene-change.mov", "document", 2),
    ],
)
def test_words(test_data: Path, tools: Tools, name: str, word: str, frames: int):
    found = analyse(extract(test_data / name, tools), tools)
    assert sum(word in [label.name for label in frame.labels] for frame in found) >= frames
