"""Opening files: what is refused and why, which streams are chosen, where zero is."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.errors import InvalidMedia
from processors.jobs import JOBS
from processors.media.container import open_container, pick_streams, unsupported, zero_of
from processors.models.store import ModelStore
from processors.tools import Tools
from tests import media
from tests.hostile_files import late_sound


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zero_bytes", r"is empty \(0 bytes\)"),
        ("text_as_mp4", "is not a media file"),
        ("directory_as_mp4", "is a folder"),
        ("truncated_moov_at_end", "is cut short: its index is missing"),
        ("playlist_m3u8", "not an audio or video file that is supported"),
        ("concat_list", "is not an audio or video file that is supported"),
    ],
)
def test_refused_with_a_reason(tmp_path, name, reason):
    path = media.MAKERS[name](tmp_path)
    with pytest.raises(InvalidMedia, match=reason), open_container(path):
        pass


def test_a_missing_file_and_a_pipe_are_refused(tmp_path):
    with pytest.raises(InvalidMedia, match="does not exist"), open_container(tmp_path / "none.mp4"):
        pass
    with pytest.raises(InvalidMedia, match="not a regular file"), open_container(Path("/dev/null")):
        pass


def test_no_permission_is_told(tmp_path, monkeypatch):
    path = media.audio_only(tmp_path)

    def refuse(*_args: object, **_kwargs: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidMedia, match="No permission to read"), open_container(path):
        pass


def test_a_file_without_any_known_codec_is_refused(tmp_path):
    path = media._patched(media.video_only(tmp_path), b"avc1\x00\x00\x00\x00", b"zzzz\x00\x00\x00\x00")
    with pytest.raises(InvalidMedia, match="video in a codec that is not supported"), open_container(path):
        pass


def test_one_known_codec_is_enough(tmp_path):
    with open_container(media.unknown_codec(tmp_path)) as container:
        audio, video = pick_streams(container)
        assert audio is not None
        assert video is None
        assert unsupported(container, "video") == ["the video track is in a codec that is not supported"]
        assert unsupported(container, "audio") == []


@pytest.mark.parametrize(("name", "audio", "video"), [("audio_only", 0, None), ("video_only", None, 0)])
def test_a_stream_may_be_absent(tmp_path, name, audio, video):
    with open_container(media.MAKERS[name](tmp_path)) as container:
        found = [None if stream is None else stream.index for stream in pick_streams(container)]
    assert found == [audio, video]


def test_cover_art_is_no_picture(tmp_path):
    path = tmp_path / "song.mp4"
    jpeg = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = 64, 64, "yuvj420p", Fraction(1, 25)
    picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24").reformat(format="yuvj420p")
    packets = [*jpeg.encode(picture), *jpeg.encode(None)]
    with av.open(str(path), "w") as output:
        sound = media.Sound(media.speech(500))
        track = output.add_stream("aac", rate=sound.rate_hz, layout="mono")
        cover = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(media._encode_sound(sound, track))
        for packet in packets:
            packet.stream, packet.pts, packet.dts = cover, 0, 0
            output.mux(packet)
    with open_container(path) as container:
        assert [stream.type for stream in container.streams] == ["audio", "video"]
        assert pick_streams(container)[1] is None


def tracks(folder: Path, *sounds: tuple[str, str, list[str]]) -> Path:
    """A Matroska file with sound tracks of (language, layout, dispositions)."""
    path = folder / "tracks.mkv"
    with av.open(str(path), "w") as output:
        added = []
        for language, layout, dispositions in sounds:
            track = output.add_stream("aac", rate=48_000, layout=layout)
            track.metadata["language"] = language
            track.disposition = sum((av.stream.Disposition[name] for name in dispositions), av.stream.Disposition(0))
            added.append((track, layout))
        for track, layout in added:  # after all tracks are there: the first packet writes the header
            samples = np.zeros((2 if layout == "stereo" else 1, 4_800), np.float32)
            output.mux(media._encode_sound(media.Sound(samples, layout=layout), track))
    return path


@pytest.mark.parametrize(
    ("sounds", "language", "expected"),
    [
        ([("eng", "mono", []), ("eng", "stereo", [])], None, 1),  # more channels
        ([("eng", "mono", ["default"]), ("eng", "stereo", [])], None, 0),  # default before channels
        ([("eng", "stereo", ["default", "comment"]), ("eng", "mono", [])], None, 1),  # commentary last
        ([("eng", "stereo", ["default"]), ("spa", "mono", [])], "es", 1),  # the wanted language first
        ([("eng", "stereo", ["default"]), ("ger", "mono", [])], "de", 1),  # the older code of the two
        ([("eng", "stereo", ["default"]), ("spa", "mono", [])], "fr", 0),
        ([("eng", "mono", []), ("eng", "mono", [])], None, 0),
    ],
)
def test_choice_of_sound(tmp_path, sounds, language, expected):
    with open_container(tracks(tmp_path, *sounds)) as container:
        audio, _ = pick_streams(container, language)
        assert audio is not None
        assert audio.index == expected


def test_the_larger_picture_is_chosen(tmp_path):
    with open_container(media.six_streams(tmp_path)) as container:
        _, video = pick_streams(container)
        assert video is not None
        assert video.width == 160


@pytest.mark.parametrize("name", ["video_starts_late", "audio_starts_late", "negative_timestamps"])
def test_zero_is_the_earliest_start(tmp_path, name):
    with open_container(media.MAKERS[name](tmp_path)) as container:
        assert abs(zero_of(container, pick_streams(container))) < Fraction(30, 1000)


def test_zero_of_one_late_stream_alone_is_its_start(tmp_path):
    with open_container(media.video_starts_late(tmp_path)) as container:
        _, video = pick_streams(container)
        assert abs(zero_of(container, [None, video]) * 1000 - media.LATE_MS) < 2


@pytest.mark.data
def test_real_files(test_data):
    with open_container(test_data / "video_nasa" / "nasa_13013.mp4") as container:
        audio, video = pick_streams(container)
        assert audio is not None
        assert video is not None
        assert (audio.codec_context.sample_rate, video.width) == (16_000, 480)
    with (
        pytest.raises(InvalidMedia, match="its index is missing"),
        open_container(test_data / "corrupt_dev" / "truncated.mp4"),
    ):
        pass


@pytest.mark.parametrize("job", ["probe", "extract-audio", "extract-frames"])
def test_a_track_that_begins_in_the_middle_ends_no_stage(tmp_path: Path, job: str):
    """PyAV's `demux` raises `IndexError` at the end of such a file."""
    path = tmp_path / "late.ts"
    late_sound(path)
    with open_container(path) as container, pytest.raises(IndexError):
        list(container.demux())
    tools = Tools(BlobStore(str(tmp_path / "blobs")), ModelStore(None, tmp_path), 1, None, tmp_path)
    *_, last = JOBS[job]({"path": str(path), "options": {}, "digest": "d"}, tools)
    assert getattr(last, "warnings", []) == []
