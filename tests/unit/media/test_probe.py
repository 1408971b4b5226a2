"""The facts of files that are made here, and of real ones."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from processors.domain import StreamFacts
from processors.errors import InvalidMedia
from processors.media.probe import probe
from processors.options import Options
from tests.media import LATE_MS, MAKERS, Sound, Video, regular, speech, write


def facts(path: Path, kind: str) -> StreamFacts:
    """The used stream of a kind."""
    (found,) = [each for each in probe(path, Options(), "d").streams if each.kind == kind and each.used]
    return found


def test_an_ordinary_file(tmp_path: Path):
    path = write(tmp_path / "clip.mp4", [Video(regular(50))], [Sound(speech(2000))])
    found = probe(path, Options(), "d" * 64)
    assert found.container == "mov,mp4,m4a,3gp,3g2,mj2"
    assert found.duration_ms == 2000
    assert found.size_bytes == path.stat().st_size
    assert found.title == "clip"
    assert found.source_digest == "d" * 64
    assert found.warnings == []
    assert found.streams == [
        StreamFacts(
            index=0, kind="video", codec="h264", start_ms=0, duration_ms=2000, used=True, language=None,
            width=160, height=90, rotation=0, frame_rate=25.0, sample_rate=None, channels=None,
        ),
        StreamFacts(
            index=1, kind="audio", codec="aac", start_ms=0, duration_ms=2000, used=True, language=None,
            width=None, height=None, rotation=None, frame_rate=None, sample_rate=48_000, channels=1,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "asked", "title"),
    [
        ("Of the file", "Of the request", "Of the file"),
        ("", "Of the request", "Of the request"),
        ("  \n ", "", "clip"),
        ("Two\nlines  here", "", "Two lines here"),
    ],
)
def test_title(tmp_path: Path, tag: str, asked: str, title: str):
    plain = write(tmp_path / "plain.mp4", [Video(regular(5))])
    path = tmp_path / "clip.mp4"
    with av.open(str(plain)) as reading, av.open(str(path), "w") as writing:
        writing.metadata["title"] = tag
        stream = writing.add_stream_from_template(reading.streams.video[0])
        for packet in reading.demux(video=0):
            if packet.pts is not None:
                packet.stream = stream
                writing.mux(packet)
    assert probe(path, Options(metadata={"title": asked}), "d").title == title


def test_rotation(tmp_path: Path):
    found = facts(MAKERS["rotated_90"](tmp_path), "video")
    assert (found.width, found.height, found.rotation) == (90, 160, 90)


def test_streams_that_start_late(tmp_path: Path):
    path = MAKERS["video_starts_late"](tmp_path)
    assert facts(path, "video").start_ms == LATE_MS
    assert facts(path, "audio").start_ms == 0
    path = MAKERS["audio_starts_late"](tmp_path)
    assert facts(path, "video").start_ms == 0
    assert facts(path, "audio").start_ms == LATE_MS


def test_six_streams(tmp_path: Path):
    found = probe(MAKERS["six_streams"](tmp_path), Options(), "d")
    assert [each.kind for each in found.streams] == ["video", "video", "audio", "audio", "subtitle", "subtitle"]
    assert [each.used for each in found.streams] == [True, False, True, False, False, False]
    assert (found.streams[0].width, found.streams[1].width) == (160, 96)


def test_surround(tmp_path: Path):
    assert facts(MAKERS["surround_5_1"](tmp_path), "audio").channels == 6


def test_sound_only(tmp_path: Path):
    found = probe(MAKERS["audio_only"](tmp_path), Options(), "d")
    assert [each.kind for each in found.streams] == ["audio"]
    assert found.duration_ms == 3000
    assert found.warnings == []


def test_unknown_codec_is_told(tmp_path: Path):
    found = probe(MAKERS["unknown_codec"](tmp_path), Options(), "d")
    assert found.warnings == ["track 0 (video) is in a codec that is not supported"]
    assert [each.used for each in found.streams] == [False, True]
    assert found.streams[0].codec == "unknown"


def test_a_file_that_does_not_say_how_long_it_is(tmp_path: Path):
    path = tmp_path / "live.mkv"
    with path.open("wb") as file, av.open(file, "w", format="matroska", options={"live": "1"}) as writing:
        source = write(tmp_path / "plain.mp4", [Video(regular(50))])
        with av.open(str(source)) as reading:
            stream = writing.add_stream_from_template(reading.streams.video[0])
            for packet in reading.demux(video=0):
                if packet.pts is not None:
                    packet.stream = stream
                    writing.mux(packet)
    found = probe(path, Options(), "d")
    assert abs(found.duration_ms - 2000) <= 40
    assert found.warnings == ["the file does not declare its length: it was measured"]


def test_missing(tmp_path: Path):
    with pytest.raises(InvalidMedia, match="does not exist"):
        probe(tmp_path / "missing.mp4", Options(), "d")


REFUSED = {
    "zero_bytes": "is empty",
    "text_as_mp4": "is not a media file",
    "directory_as_mp4": "is a folder",
    "truncated_moov_at_end": "is cut short",
    "playlist_m3u8": "not an audio or video file that is supported",
    "concat_list": "not an audio or video file that is supported",
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_reasons(tmp_path: Path, name: str):
    with pytest.raises(InvalidMedia, match=REFUSED[name]):
        probe(MAKERS[name](tmp_path), Options(), "d")


@pytest.mark.parametrize("name", sorted(set(MAKERS) - set(REFUSED)))
def test_odd_files(tmp_path: Path, name: str):
    found = probe(MAKERS[name](tmp_path), Options(), "d")
    assert found.duration_ms > 0
    assert any(each.used for each in found.streams)


@pytest.mark.data
def test_real_files(test_data: Path):
    nasa = probe(test_data / "video_nasa" / "nasa_13013.mp4", Options(), "d")
    assert [each.used for each in nasa.streams] == [False, False, False, True, True, False]
    popeye = probe(test_data / "video_popeye_p3" / "popeye_p3.mkv", Options(), "d")
    assert [each.codec for each in popeye.streams] == ["hevc", "hdmv_pgs_subtitle"]
    assert popeye.duration_ms == 63_542
    slides = probe(test_data / "video_slides_scene_change" / "test-optimization.mp4", Options(), "d")
    assert (slides.streams[0].width, slides.streams[0].height) == (240, 180)  # 320x180 stored, pixels 3:4
    mp3 = probe(test_data / "video_chaplin" / "chaplin.mp4", Options(), "d")
    assert mp3.streams[1].codec == "mp3"
    composite = probe(test_data / "composite_dev" / "composite_dev.mp4", Options(), "d")
    assert composite.duration_ms == 63_000
