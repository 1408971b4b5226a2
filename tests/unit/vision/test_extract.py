"""The frame extractor on little videos that are made here, and on the bundled sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from processors.domain import ExtractionEnd
from processors.errors import InvalidMedia
from processors.media.container import open_container
from processors.media.video import VideoReader
from processors.options import Options
from processors.tools import Tools
from processors.vision.content_shots import ContentDetector
from processors.vision.dedup import Duplicates
from processors.vision.extract import FLUSH_MS, LONGEST_SIDE, extract_frames
from processors.vision.scan import Scanner
from processors.vision.selection import LOCAL_BATCH, Selection
from tests.hostile import film
from tests.media import CUTS, FRAME_MS, LATE_MS, MAKERS
from tests.unit.vision.helpers import Image, extract, f1, picture_of, scenery, write_video

X264_FAST = {"preset": "ultrafast"}
FIXED_GOP = {**X264_FAST, "x264-params": "keyint=50:min-keyint=50:scenecut=0"}
ONE_KEY_FRAME = {**X264_FAST, "x264-params": "keyint=100000:min-keyint=100000:scenecut=0"}


def takes(lengths: Sequence[int], size: tuple[int, int] = (320, 180)) -> list[Image]:
    """Pictures of shots with slow motion in them; shot n shows scenery n."""
    images = []
    for seed, length in enumerate(lengths):
        wide = scenery(seed, (size[0] + 2 * length, size[1]))
        images += [np.ascontiguousarray(wide[:, 2 * number : 2 * number + size[0]]) for number in range(length)]
    return images


def bounds_ms(lengths: Sequence[int], rate: int = 25) -> list[int]:
    return [round(1000 * each / rate) for each in np.cumsum(lengths)[:-1].tolist()]


# ---------------------------------------------------------------------------------------- cuts, everywhere

LENGTHS = (31, 77, 40, 150, 62)


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        pytest.param("a.mp4", "libx264", "yuv420p", {"preset": "veryfast"}, id="key frames at cuts, B frames"),
        pytest.param("a.mp4", "libx264", "yuv420p", FIXED_GOP, id="fixed distance of key frames"),
        pytest.param("a.mkv", "libx264", "yuv420p", ONE_KEY_FRAME, id="one key frame"),
        pytest.param(
            "a.mp4",
            "libx264",
            "yuv420p",
            {"preset": "veryfast", "x264-params": "open-gop=1:keyint=60"},
            id="open groups",
        ),
        pytest.param("a.mov", "mjpeg", "yuvj420p", {"q:v": "5"}, id="key frames only"),
        pytest.param(
            "a.webm",
            "libvpx",
            "yuv420p",
            {"deadline": "realtime", "cpu-used": "8", "b:v": "1M", "threads": "1"},
            id="vp8 in webm",
        ),
        pytest.param(
            "a.mkv", "libx265", "yuv420p", {"preset": "ultrafast", "x265-params": "log-level=none"}, id="hevc in mkv"
        ),
        pytest.param("a.mkv", "libx264", "yuv420p10le", X264_FAST, id="ten bits"),
        pytest.param("a.avi", "mpeg4", "yuv420p", {"b:v": "2M", "bf": "2", "g": "60"}, id="mpeg4 with B frames in avi"),
        pytest.param("a.ts", "libx264", "yuv420p", X264_FAST, id="transport stream"),
    ],
)
def test_cuts_are_exact_to_the_picture(
    tmp_path: Path, tools: Tools, name: str, codec: str, pixels: str, options: dict[str, str]
):
    path = write_video(tmp_path / name, takes(LENGTHS), codec=codec, pixels=pixels, options=options)
    found = extract(path, tools)
    expected = bounds_ms(LENGTHS)
    tolerance_ms = FRAME_MS if name.endswith(("avi", "ts")) else 1  # streams of these start a picture late or early
    assert len(found.cuts_ms) == len(expected)
    assert max(abs(one - two) for one, two in zip(found.cuts_ms, expected, strict=True)) <= tolerance_ms
    assert {frame.shot for frame in found.frames} == set(range(len(LENGTHS)))
    assert found.end.warnings == []


def test_a_cut_to_another_picture_and_back_between_like_key_frames_is_found(tmp_path: Path, tools: Tools):
    one, two = scenery(1, (320, 180)), scenery(2, (320, 180))
    path = write_video(tmp_path / "a.mp4", [one] * 60 + [two] * 25 + [one] * 65, options=FIXED_GOP)
    assert extract(path, tools).cuts_ms == [2400, 3400]


def test_a_still_video_is_not_decoded(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", [scenery(1, (320, 180))] * 500, options=FIXED_GOP)
    with open_container(path) as container:
        reader = VideoReader(container, container.streams.video[0], Fraction(0), 1)
        scanner = Scanner(reader, ContentDetector(reader), choose=True, duplicates=Duplicates())
        found = list(scanner.run())
    assert len(found) == 2  # a shot and its picture
    assert (scanner.groups, scanner.groups_decoded) == (10, 1)  # the last: nothing follows to compare with
    assert reader.decoded < 100  # it, and two for each of the ten key frames


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_odd_files_work_or_say_why_not(tmp_path: Path, tools: Tools, name: str):
    path = MAKERS[name](tmp_path)
    broken = {
        "zero_bytes": "is empty",
        "text_as_mp4": "is not a media file",
        "directory_as_mp4": "is a folder",
        "truncated_moov_at_end": "is cut short",
        "playlist_m3u8": "not an audio or video file that is supported",
        "concat_list": "not an audio or video file that is supported",
    }
    if name in broken:
        with pytest.raises(InvalidMedia, match=broken[name]):
            extract(path, tools)
        return
    found = extract(path, tools)
    if name in ("audio_only", "unknown_codec"):
        told = ["the video track is in a codec that is not supported"] if name == "unknown_codec" else []
        assert found.end == ExtractionEnd(item_count=0, emitted=0, duration_ms=None, warnings=told)
        return
    expected = {
        "truncated_faststart": [],
        "ten_ms": [],
        "variable_frame_rate": [1143],
        "one_fps": [2000],
        "video_starts_late": [LATE_MS + 20 * FRAME_MS],
        "audio_starts_late": [20 * FRAME_MS],
        "fixed_gop": [cut * FRAME_MS for cut in CUTS],
        "all_intra": [CUTS[0] * FRAME_MS],
        "odd_size_yuv444": [12 * FRAME_MS],
        "negative_timestamps": [25 * FRAME_MS - 400],
    }
    assert found.cuts_ms == expected.get(name, [25 * FRAME_MS])
    assert {frame.shot for frame in found.frames} == set(range(len(found.shots)))
    for frame in found.frames:
        picture_of(frame, tools)
    stops = ["picture stops at 1.0 s of 2.0 s declared"] if name == "truncated_faststart" else []
    assert found.end.warnings == stops


# -------------------------------------------------------------------------------------- time, size, upright


def test_times_count_from_the_first_stream(tmp_path: Path, tools: Tools):
    found = extract(MAKERS["video_starts_late"](tmp_path), tools)
    assert found.frames[0].pts_ms >= LATE_MS
    assert found.shots[0].start_ms == 0


def test_a_single_picture_of_ten_ms(tmp_path: Path, tools: Tools):
    found = extract(MAKERS["ten_ms"](tmp_path), tools)
    assert [(frame.pts_ms, frame.shot, frame.motion) for frame in found.frames] == [(0, 0, 0.0)]
    assert [(shot.start_ms, shot.end_ms) for shot in found.shots] == [(0, 10)]


def test_rotated_pictures_are_upright(tmp_path: Path, tools: Tools):
    plain, turned = MAKERS["video_only"](tmp_path), MAKERS["rotated_90"](tmp_path)
    stored = picture_of(extract(plain, tools).frames[0], tools)
    shown = picture_of(extract(turned, tools).frames[0], tools)
    assert shown.shape == (160, 90, 3)
    clockwise = cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE)
    assert np.abs(shown.astype(int) - clockwise).mean() < 3
    assert np.abs(shown.astype(int) - clockwise[::-1]).mean() > 8


@pytest.mark.parametrize(
    ("stored", "aspect", "shown"),
    [
        ((320, 180), Fraction(3, 4), (240, 180)),
        ((180, 144), Fraction(16, 11), (180, 99)),
        ((1920, 1080), None, (LONGEST_SIDE, 720)),
        ((2560, 1440), None, (LONGEST_SIDE, 720)),
        ((64, 48), None, (64, 48)),
    ],
)
def test_sizes(tmp_path: Path, tools: Tools, stored: tuple[int, int], aspect: Fraction | None, shown: tuple[int, int]):
    path = write_video(tmp_path / "a.mp4", [scenery(1, stored)] * 3, aspect=aspect)
    (frame,) = extract(path, tools).frames
    assert (frame.width, frame.height) == shown
    picture_of(frame, tools)


def test_pictures_look_like_the_video(tmp_path: Path, tools: Tools):
    image = scenery(5, (640, 360))
    (frame,) = extract(write_video(tmp_path / "a.mp4", [image] * 3), tools).frames
    assert np.abs(picture_of(frame, tools).astype(int) - image).mean() < 6


@pytest.mark.parametrize(("size", "matrix"), [((320, 180), "itu601"), ((1280, 720), "itu709")])
def test_films_that_name_no_matrix_have_the_colours_that_players_show(
    tmp_path: Path, tools: Tools, size: tuple[int, int], matrix: str
):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for number, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 150, 110))):
        image[:, number * size[0] // 4 : (number + 1) * size[0] // 4] = colour
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv444p", dst_colorspace=matrix)
    path = film(tmp_path / "a.mp4", [frame], size=size, pixels="yuv444p")
    shown = picture_of(extract(path, tools).frames[0], tools)[size[1] // 2, size[0] // 8 :: size[0] // 4, ::-1]
    assert np.abs(shown.astype(int) - image[0, size[0] // 8 :: size[0] // 4]).max() <= 6


# ------------------------------------------------------------------------------------------------ selection


def test_a_repeated_shot_has_no_second_picture(tmp_path: Path, tools: Tools):
    first, second = takes([50, 50])[:50], takes([50, 50])[50:]
    found = extract(write_video(tmp_path / "a.mp4", [*first, *second, *first]), tools)
    assert len(found.shots) == 3
    assert [frame.shot for frame in found.frames] == [0, 1]


def test_the_sharpest_moment_is_chosen(tmp_path: Path, tools: Tools):
    detail = np.kron(scenery(1, (80, 45)), np.ones((4, 4, 1), np.uint8))
    images = [cv2.GaussianBlur(detail, (0, 0), 1 + abs(number - 40) / 8) for number in range(75)]
    (frame,) = extract(write_video(tmp_path / "a.mp4", images), tools).frames
    assert abs(frame.pts_ms - 1600) <= 200


def test_a_long_shot_that_changes_has_more_pictures(tmp_path: Path, tools: Tools):
    wide = scenery(7, (3320, 180))
    images = [np.ascontiguousarray(wide[:, 12 * number : 12 * number + 320]) for number in range(250)]
    found = extract(write_video(tmp_path / "a.mp4", images, rate=10), tools)
    assert [frame.pts_ms // 10_000 for frame in found.frames if frame.shot == 0] == [0, 1, 2]


def test_no_picture_is_within_a_dissolve(tmp_path: Path, tools: Tools):
    one, two = scenery(1, (320, 180)).astype(float), scenery(2, (320, 180)).astype(float)
    parts = [0.0] * 40 + [(number + 1) / 21 for number in range(20)] + [1.0] * 40
    images = [(one * (1 - part) + two * part).astype(np.uint8) for part in parts]
    found = extract(write_video(tmp_path / "a.mp4", images), tools)
    assert len(found.cuts_ms) == 1
    assert abs(found.cuts_ms[0] - 2000) <= 80
    assert [frame.shot for frame in found.frames] == [0, 1]
    assert not [frame for frame in found.frames if 1600 <= frame.pts_ms < 2400]


def test_motion(tmp_path: Path, tools: Tools):
    still = extract(write_video(tmp_path / "still.mp4", [scenery(1, (320, 180))] * 50), tools).frames
    wide = scenery(1, (1320, 180))
    images = [np.ascontiguousarray(wide[:, 20 * number : 20 * number + 320]) for number in range(50)]
    moving = extract(write_video(tmp_path / "moving.mp4", images), tools).frames
    assert max(frame.motion for frame in still) < 0.003
    assert min(frame.motion for frame in moving) > 0.02


# -------------------------------------------------------------------------------------------------- batches


def test_batches_start_small_and_grow(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", takes([12] * 20, (160, 90)))
    sizes = [len(batch.frames) for batch in extract(path, tools).batches]
    assert sizes[:4] == [1, 2, 4, 8]
    assert max(sizes) == LOCAL_BATCH
    assert sum(sizes) == 20


def test_the_first_batch_comes_before_the_video_is_read(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", takes([50] * 6, (160, 90)))
    batches = extract_frames(path, Options(), tools)
    next(batches)
    assert len(list((tmp_path / "blobs").glob("*/*"))) == 1
    batches.close()


def test_what_is_ready_goes_out_after_half_a_minute(tmp_path: Path, tools: Tools):
    first, second = scenery(1, (160, 90)), scenery(2, (160, 90))
    images = ([first] * 20 + [second] * 20) * 6  # two pictures, and then only shots
    found = extract(write_video(tmp_path / "a.mp4", images, rate=2), tools)
    ends = [batch.shots[-1].end_ms for batch in found.batches if batch.shots]
    assert len(found.frames) == 2
    assert max(after - before for before, after in zip([0, *ends], ends, strict=False)) <= FLUSH_MS + 10_000


def test_vision_off_gives_shots_only(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", takes([30, 40, 30]))
    found = extract(path, tools, Options(vision="off"))
    assert found.frames == []
    assert found.cuts_ms == extract(path, tools).cuts_ms == [1200, 2800]
    assert found.end.item_count == 1


def test_twice_is_the_same(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", takes([30, 40, 30]), options={"preset": "veryfast"})
    assert extract(path, tools) == extract(path, tools)


# ------------------------------------------------------------------------------------------------- warnings


def test_damage_is_skipped_and_told(tmp_path: Path, tools: Tools):
    path = write_video(tmp_path / "a.mp4", takes([50, 50]), options=FIXED_GOP)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + len(content) // 2
    content[start : start + 4000] = np.random.default_rng(1).bytes(4000)
    path.write_bytes(bytes(content))
    found = extract(path, tools)
    assert found.frames
    assert any("damaged" in warning for warning in found.end.warnings)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
def test_random_damage_never_raises_anything_else(tmp_path: Path, tools: Tools, name: str):
    codec = "mpeg4" if name == "a.avi" else "libx264"
    path = write_video(tmp_path / name, takes([20, 30, 25], (160, 90)), codec=codec, options={"bf": "2"})
    content = path.read_bytes()
    random = np.random.default_rng(11)
    opened = 0
    for number in range(20):
        damaged = bytearray(content)
        if number % 3 == 0:
            del damaged[int(random.integers(50, len(damaged))) :]
        elif number % 3 == 1:
            for _ in range(int(random.integers(1, 30))):
                damaged[int(random.integers(len(damaged)))] = int(random.integers(256))
        else:
            start, length = int(random.integers(len(damaged))), int(random.integers(10, 3000))
            damaged[start : start + length] = random.bytes(length)
        path.write_bytes(bytes(damaged))
        try:
            extract(path, tools)
            opened += 1
        except InvalidMedia:
            continue
    assert opened >= 5


# --------------------------------------------------------------------------------------- the bundled sample


def test_sample(sample: Path, tools: Tools):
    truth = json.loads(sample.with_suffix(".truth.json").read_text(encoding="utf-8"))
    found = extract(sample, tools)
    assert f1(found.cuts_ms, [shot["start_ms"] for shot in truth["shots"][1:]], 40) == 1.0  # one of them a dissolve
    repeats = {later for _, later in truth["duplicates"]}
    assert {frame.shot for frame in found.frames} == set(range(len(truth["shots"]))) - repeats
    assert found.end.duration_ms == truth["duration_ms"]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_decoder_that_is_not_there_is_done_without(tmp_path: Path, tools: Tools, device: str):
    """With a GPU the pictures come from it; without one they come all the same."""
    path = write_video(tmp_path / "a.mp4", takes(LENGTHS), options={"preset": "veryfast"})
    found = extract(path, replace(tools, selection=Selection(device=device)))
    assert found.cuts_ms == bounds_ms(LENGTHS)
    assert {frame.shot for frame in found.frames} == set(range(len(LENGTHS)))
    assert found.end.warnings == []


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libvpx", {"deadline": "realtime", "cpu-used": "8", "b:v": "1M"}),
        ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b:v": "1M"}),
        ("libx264", {"preset": "veryfast"}),
        ("mpeg4", {"b:v": "2M", "g": "60"}),
    ],
)
def test_the_fast_profile_takes_nothing_whole_for_damaged(
    tmp_path: Path, tools: Tools, codec: str, options: dict[str, str]
):
    path = write_video(tmp_path / "a.mkv", takes((31, 12, 77, 18, 40, 150, 62)), codec=codec, options=options)
    found = extract(path, tools, Options(profile="fast"))
    assert found.end.warnings == []
    assert len(found.frames) >= 4  # shots of half a second may lie between key frames
