"""Groups of packets, and the pictures that are decoded of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from processors.media import video
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.video import MAX_GROUP_MS, MIN_GROUP_MS, PacketGroup, VideoReader
from tests.media import ASCENDING, FRAME_MS, LATE_MS, MAKERS, Video, regular, write

B_FRAMES = {"preset": "veryfast", "threads": "1"}


@contextmanager
def reading(path: Path, threads: int = 1) -> Iterator[VideoReader]:
    with open_container(path) as container:
        streams = pick_streams(container)
        yield VideoReader(container, streams[1], zero_of(container, streams), threads)


def make(
    folder: Path, pictures: int, keys: str, cuts: Sequence[int] = (), options: dict[str, str] | None = None
) -> Path:
    with_keys = {**(options or ASCENDING), "x264-params": keys}
    return write(folder / "a.mkv", [Video(regular(pictures), cuts, options=with_keys)])


def decode(reader: VideoReader, *, every: bool = True) -> list[list[int]]:
    return [[picture.pts_ms for picture in reader.pictures(group, every=every)] for group in reader.groups()]


FIXED = "keyint=50:min-keyint=50:scenecut=0"


def test_groups_begin_at_key_frames(tmp_path: Path):
    with reading(make(tmp_path, 120, FIXED)) as reader:
        groups = list(reader.groups())
    assert [group.start_ms for group in groups] == [0, 2000, 4000]
    assert [len(group.packets) for group in groups] == [50, 50, 20]
    assert all(group.keyed and group.closed for group in groups)
    assert [[packet.is_keyframe for packet in group.tail] for group in groups] == [[True], [True], []]
    assert reader.end_ms == 120 * FRAME_MS


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("options", [ASCENDING, B_FRAMES], ids=["in order", "B frames"])
def test_every_picture_comes_once_in_order(tmp_path: Path, options: dict[str, str], threads: int):
    with reading(make(tmp_path, 120, FIXED, options=options), threads) as reader:
        first, second, third = decode(reader)
    assert first == regular(51)  # with the next group's key frame
    assert second == regular(51, 2000)
    assert third == regular(20, 4000)
    assert (reader.errors, reader.damaged) == (0, 0)


def test_pictures_of_open_groups_are_not_lost(tmp_path: Path):
    path = make(tmp_path, 120, FIXED + ":open-gop=1:bframes=3:b-adapt=0", options=B_FRAMES)
    with reading(path) as reader:
        groups = list(reader.groups())
    assert any(len(group.tail) > 1 for group in groups)  # pictures stored behind the key frame they precede
    with reading(path) as reader:
        shown = {pts_ms for group in decode(reader) for pts_ms in group}
    assert shown == set(regular(120))
    assert (reader.errors, reader.damaged) == (0, 0)


def test_without_unreferenced_pictures(tmp_path: Path):
    with reading(make(tmp_path, 120, FIXED, options=B_FRAMES)) as reader:
        pictures = decode(reader, every=False)
    assert [group[0] for group in pictures] == [0, 2000, 4000]
    assert all(group == sorted(set(group)) for group in pictures)
    assert 30 < sum(len(group) for group in pictures) < 100


def test_a_head_costs_two_packets(tmp_path: Path):
    with reading(make(tmp_path, 120, FIXED)) as reader:
        for group in reader.groups():
            head = [picture.pts_ms for picture in reader.head(group)]
            following = [picture.pts_ms for picture in reader.next_head(group)]
            assert head == [group.start_ms, group.start_ms + FRAME_MS]
            assert following == ([] if group.start_ms == 4000 else [one + 2000 for one in head])
    assert reader.decoded == 3 * 2 + 2 * 2


def test_key_frames_and_whole_groups_may_be_mixed(tmp_path: Path):
    with reading(make(tmp_path, 120, FIXED, options=B_FRAMES)) as reader:
        for number, group in enumerate(reader.groups()):
            reader.head(group)
            reader.next_head(group)
            if number == 1:
                assert [picture.pts_ms for picture in reader.pictures(group, every=True)] == regular(51, 2000)
            again = [picture.pts_ms for picture in reader.again(group, group.start_ms + 400)]
            assert again == regular(11, group.start_ms)


def test_a_group_may_be_read_again_while_it_is_read(tmp_path: Path):
    with reading(make(tmp_path, 60, FIXED, options=B_FRAMES)) as reader:
        group = next(reader.groups())
        times = []
        for picture in reader.pictures(group, every=True):
            times.append(picture.pts_ms)
            if len(times) == 20:
                assert [one.pts_ms for one in reader.again(group, 800)] == regular(21)
    assert times == regular(51)


def test_key_frames_only_are_grouped(tmp_path: Path):
    with reading(make(tmp_path, 60, "keyint=1")) as reader:
        groups = list(reader.groups())
    assert {after.start_ms - before.start_ms for before, after in pairwise(groups)} == {520}
    assert min(group.times_ms[-1] - group.start_ms for group in groups[:-1]) < MIN_GROUP_MS
    with reading(make(tmp_path, 60, "keyint=1")) as reader:
        assert {pts_ms for group in decode(reader) for pts_ms in group} == set(regular(60))


def test_key_frames_too_far_apart(tmp_path: Path):
    path = make(tmp_path, 700, "keyint=100000:min-keyint=100000:scenecut=0", options=B_FRAMES)
    with reading(path) as reader:
        groups = list(reader.groups())
    assert [(group.keyed, group.closed) for group in groups] == [(True, False), (False, False), (False, True)]
    assert all(group.times_ms[-1] - group.start_ms <= MAX_GROUP_MS for group in groups)
    with reading(path) as reader:
        assert [pts_ms for group in decode(reader) for pts_ms in group] == regular(700)
    with reading(path) as reader:
        some = [pts_ms for group in decode(reader, every=False) for pts_ms in group]
    assert set(some) < set(regular(700))
    assert some == sorted(some)
    assert 350 < len(some) < 500  # without those that nothing refers to


def test_memory_of_a_group_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = make(tmp_path, 120, FIXED)
    with reading(path) as reader:
        whole = max(group.size_bytes for group in reader.groups())
    monkeypatch.setattr(video, "MAX_GROUP_BYTES", whole // 3)
    with reading(path) as reader:
        sizes, times = [], []
        for group in reader.groups():
            sizes.append(group.size_bytes)
            times += [picture.pts_ms for picture in reader.pictures(group, every=True)]
            largest = max(packet.size for packet in group.packets)
            assert group.size_bytes <= whole // 3 + largest
    assert len(sizes) > 3
    assert sorted(set(times)) == regular(120)


def test_times_are_on_the_timeline(tmp_path: Path):
    with reading(MAKERS["video_starts_late"](tmp_path)) as reader:
        times = [pts_ms for group in decode(reader) for pts_ms in group]
    assert times == regular(40, LATE_MS)


def test_what_is_before_zero_is_not_shown(tmp_path: Path):
    with reading(MAKERS["negative_timestamps"](tmp_path)) as reader:
        times = [pts_ms for group in decode(reader) for pts_ms in group]
    assert times == regular(40)


def test_pixels_are_square_unless_told(tmp_path: Path):
    with reading(MAKERS["video_only"](tmp_path)) as reader:
        assert reader.aspect == Fraction(1)


def test_only_this_stream_is_read(tmp_path: Path):
    with reading(MAKERS["six_streams"](tmp_path)) as reader:
        assert {packet.stream.index for group in reader.groups() for packet in group.packets} == {0}


def sized(*sizes: int) -> PacketGroup:
    packets = [av.Packet(size) for size in sizes]
    packets[0].is_keyframe = True
    times_ms = [FRAME_MS * number for number in range(len(sizes))]
    return PacketGroup(0, keyed=True, packets=packets, times_ms=times_ms, key_bytes=sizes[0])


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((1000,), []),
        ((1000, 100, 120, 90, 110), []),
        ((1000, 100, 120, 900, 110), [3]),
        ((1000, 300, 320, 290, 410), []),
        ((1000, 20, 20, 350, 20, 20), [3]),
        ((1000, 20, 20, 250, 20, 20), []),
        pytest.param((1000, 600, 610, 620, 600, 610, 640, 600), [], id="motion makes all large"),
        pytest.param((1000, 600, 610, 620, 900, 610, 640, 600), [4], id="one stands out of motion"),
    ],
)
def test_a_packet_that_stands_out_may_begin_a_shot(sizes: tuple[int, ...], expected: list[int]):
    assert sized(*sizes).large == expected


def test_key_frames_within_a_group_do_not_count():
    group = sized(1000, 900, 1100, 950)
    for packet in group.packets:
        packet.is_keyframe = True
    assert group.large == []


def test_b_frames_before_a_large_picture_go_with_it():
    group = sized(1000, 20, 20, 20, 900, 30, 30, 30, 20)
    group.times_ms = [0, 160, 40, 80, 320, 200, 240, 280, 360]  # in decoding order: the large one is shown after three
    assert group.at_large == {4, 5, 6, 7}


def test_time_stamps_that_begin_anew_go_on(tmp_path: Path):
    path = tmp_path / "anew.ts"
    write(path, [Video(regular(300))])
    path.write_bytes(path.read_bytes() * 2)
    with open_container(path) as container:
        reader = VideoReader(container, container.streams.video[0], Fraction(0), 1)
        starts = [group.start_ms for group in reader.groups()]
    assert starts == sorted(starts)
    assert reader.resets_ms == [11_961]  # transport streams do not say how long the last picture lasts
    assert reader.resets_ms[0] in starts
    assert (reader.end_ms, reader.gone_back) == (2 * 11_961, 0)
