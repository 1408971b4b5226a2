"""Limits of media files: each stage refuses by itself, before it decodes."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from processors.blobs import BlobStore
from processors.errors import InvalidMedia
from processors.jobs import JOBS
from processors.media.audio import decode_audio, open_audio
from processors.media.container import DEMUXERS, open_container
from processors.media.limits import DEFAULTS, Limits
from processors.media.video import VideoReader
from processors.models.store import ModelStore
from processors.tools import Tools
from streams.settings import Settings
from tests import media

REPO = Path(__file__).resolve().parents[3]
SOURCES = [path for folder in ("processors", "streams", "schemas", "ops") for path in (REPO / folder).rglob("*.py")]
# Demuxers that open what a file names, or talk to something else than the file.
DANGEROUS = {"hls", "applehttp", "dash", "concat", "concatf", "imf", "sdp", "rtsp", "rtp", "lavfi", "image2", "tty",
             "ffmetadata", "webm_dash_manifest", "live_flv", "fbdev", "v4l2", "x11grab", "alsa", "oss"}  # fmt: skip


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """Six tracks, 160 x 90, 2 s."""
    return media.MAKERS["six_streams"](tmp_path)


LOW = {
    "bytes": (Limits(max_bytes=1000), r"has [\d,]+ bytes; the limit is 1,000"),
    "duration": (Limits(max_duration_ms=1000), "longer than the limit"),
    "pixels": (Limits(max_frame_pixels=160 * 90 - 1), r"pictures of 160 x 90; the limit is 14,399 pixels"),
    "streams": (Limits(max_streams=5), "has 6 tracks; the limit is 5"),
}


@pytest.mark.parametrize("job", ["probe", "extract-audio", "extract-frames"])
@pytest.mark.parametrize(("limits", "reason"), LOW.values(), ids=LOW)
def test_every_stage_that_opens_media_refuses_what_is_above_a_limit(six, tmp_path, job, limits, reason):
    tools = Tools(BlobStore(str(tmp_path / "blobs")), ModelStore(None, tmp_path), 1, None, tmp_path, limits)
    with pytest.raises(InvalidMedia, match=reason) as caught:
        next(JOBS[job]({"path": str(six), "options": {}, "digest": "d"}, tools))
    assert "CLIPSTREAM_MAX_" in caught.value.remedy
    assert not (tmp_path / "blobs").exists()


def test_every_remedy_names_a_setting():
    named = re.findall(r'"CLIPSTREAM_(MAX_\w+)"', (REPO / "processors/media/limits.py").read_text())
    assert len(named) == 4
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_what_is_at_the_limit_is_taken(six):
    with open_container(six) as container:
        length_ms = -(-container.duration // 1000)
        tracks = len(container.streams)
    with open_container(six, Limits(six.stat().st_size, length_ms, 160 * 90, tracks)) as container:
        assert len(list(container.decode(video=0))) == 50


def test_the_settings_and_the_processors_have_the_same_defaults():
    assert Settings().limits == DEFAULTS


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Three seconds in a container that does not say how long it is."""
    path = tmp_path / "live.mkv"
    source = media.write(tmp_path / "plain.mkv", [media.Video(media.regular(75))], [media.Sound(media.speech(3000))])
    with (
        path.open("wb") as file,
        av.open(file, "w", format="matroska", options={"live": "1"}) as writing,
        av.open(str(source)) as reading,
    ):
        tracks = {stream.index: writing.add_stream_from_template(stream) for stream in reading.streams}
        for packet in reading.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                writing.mux(packet)
    return path


def test_a_length_that_nobody_declared_ends_at_the_limit(endless):
    limits = Limits(max_duration_ms=1500)
    heard: list[int] = []
    with open_audio(endless, None, limits) as track:
        assert track is not None
        with pytest.raises(InvalidMedia, match="longer"):
            heard.extend(start_ms for start_ms, _ in track.blocks())
    assert heard[-1] <= 1500
    with open_container(endless, limits) as container:
        reader = VideoReader(container, container.streams.video[0], Fraction(0), 1, limits)
        with pytest.raises(InvalidMedia, match="longer"):
            list(reader.groups())
    tools = Tools(BlobStore(str(endless.parent)), ModelStore(None, endless.parent), 1, None, endless.parent, limits)
    with pytest.raises(InvalidMedia, match="longer"):
        list(JOBS["probe"]({"path": str(endless), "options": {}, "digest": "d"}, tools))
    assert list(decode_audio(endless))


def test_pictures_that_grow_on_the_way_are_not_decoded(tmp_path):
    """Two MPEG transport streams in a row: 160 x 90 as declared, then 640 x 360."""
    small, large = (
        media.write(tmp_path / f"{width}.ts", [media.Video(media.regular(50, start_ms), size=(width, height))])
        for width, height, start_ms in ((160, 90, 0), (640, 360, 2000))
    )
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())

    def sizes(limits: Limits) -> set[int]:
        found = set()
        with open_container(both, limits) as container:
            stream = container.streams.video[0]
            reader = VideoReader(container, stream, Fraction(0), 1, limits)
            for group in reader.groups():
                found |= {picture.frame.width for picture in reader.pictures(group, every=True)}
        return found

    assert sizes(DEFAULTS) == {160, 640}
    assert sizes(replace(DEFAULTS, max_frame_pixels=160 * 90)) == {160}


# ------------------------------------------------------------------------------------------------ one way in


def test_media_is_opened_in_one_place_and_with_the_lists_of_what_is_allowed():
    calls = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        assert not [node for node in imported if node.module.startswith("av") and "open" in ast.unparse(node)], path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and re.fullmatch(r"av(\.\w+)*\.open", ast.unparse(node.func)):
                calls.setdefault(str(path.relative_to(REPO)), []).append(ast.unparse(node))
    writers = {"ops/sample/encode.py", "ops/bench/repeat.py", "ops/bench/shot_films.py", "ops/bench/frame_films.py",
               "ops/bench/varied_film.py"}  # fmt: skip
    assert set(calls) == {"processors/media/container.py", *writers}
    (reading,) = calls["processors/media/container.py"]
    assert "'format_whitelist': DEMUXERS" in reading
    assert "'protocol_whitelist': 'file'" in reading
    assert all("'w'" in call for path in writers for call in calls[path])


def test_nothing_else_decodes_files():
    readers = r"cv2\.VideoCapture|imageio|soundfile|faster_whisper\.decode_audio|ffmpeg(?:-python)?\.input|\"ffmpeg\""
    for path in (path for path in SOURCES if path.relative_to(REPO).parts[0] != "ops"):  # the naive baseline does
        assert not re.search(readers, path.read_text(encoding="utf-8")), path


def test_no_demuxer_that_opens_other_things_is_on_the_list():
    assert not DANGEROUS & set(DEMUXERS.split(","))
