"""The vision stage on pictures that are made here and on the bundled sample."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from processors.blobs import BlobMissing
from processors.domain import FrameAnalysis, FrameBatch, FrameRef, Shot
from processors.errors import InvalidMedia, ModelUnavailable
from processors.options import Options
from processors.tools import Tools
from processors.vision import local
from processors.vision.analyse import analyse_batch
from processors.vision.extract import extract_frames
from processors.vision.faces import FaceFinder
from processors.vision.local import LocalBackend
from processors.vision.ocr import MAX_COLUMNS, TextReader, _affordable, ocr_version
from tests.unit.vision.helpers import Image, card, scenery

needs_ocr = pytest.mark.skipif(ocr_version() is None, reason="RapidOCR is not installed (extra 'ocr')")


def store(image: Image, tools: Tools, pts_ms: int = 0) -> FrameRef:
    """Store a picture as the extractor does."""
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    height, width = image.shape[:2]
    return FrameRef(tools.blobs.put(jpeg.tobytes()), pts_ms, 0, width, height, sharpness=200.0, motion=0.01)


def analyse(image: Image, tools: Tools) -> FrameAnalysis:
    (found,) = analyse_batch(FrameBatch([store(image, tools)], []), Options(), tools).frames
    return found


@pytest.fixture
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading text fails the test."""

    def refuse(*_: object) -> None:
        pytest.fail("text was looked for")

    monkeypatch.setattr(TextReader, "read", refuse)
    monkeypatch.setattr(TextReader, "__init__", refuse)


# ----------------------------------------------------------------------------------------------------- text


@needs_ocr
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (360, 640)])
def test_a_title_is_read(tools: Tools, size: tuple[int, int]):
    found = analyse(card("Harbour Report", "Chapter Seven", size=size, scale=size[0] / 550), tools)
    assert " ".join(found.text).replace(" ", "") == "HarbourReportChapterSeven"
    assert found.scene == "title"
    assert "text" in [label.name for label in found.labels]
    assert found.model == f"yunet-2023mar+nanodet-g+efficientnet-lite0+rapidocr-{ocr_version()}"


@needs_ocr
def test_a_subtitle_is_read(tools: Tools):
    image = scenery(4, (1280, 720))
    for colour, width in (((0, 0, 0), 6), ((255, 255, 255), 2)):
        cv2.putText(image, "The tide was out", (400, 660), cv2.FONT_HERSHEY_SIMPLEX, 1.2, colour, width, cv2.LINE_AA)
    found = analyse(image, tools)
    assert [text.replace(" ", "") for text in found.text] == ["Thetidewasout"]
    assert found.scene == "other"


@needs_ocr
def test_lines_come_top_to_bottom(tools: Tools):
    found = analyse(card("first", "second", "third", size=(1280, 720), scale=2), tools)
    assert found.text == ["first", "second", "third"]


@needs_ocr
def test_a_page_of_code_does_not_take_for_ever():
    quads = np.array([[(0, y), (900, y), (900, y + 20), (0, y + 20)] for y in range(0, 700, 28)], np.float32)
    chosen = _affordable(quads)
    assert 1 <= len(chosen) * 900 / 20 * 48 <= MAX_COLUMNS
    quads[20, 2:, 1] += 30  # a headline far down is read before small print
    assert 20 in _affordable(quads)


@needs_ocr
@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_text_is_not_looked_for_in_a_plain_picture(tools: Tools, seed: int):
    assert analyse(scenery(seed), tools).text == []


@needs_ocr
@pytest.mark.usefixtures("no_ocr")
@pytest.mark.parametrize("level", [0, 90, 255])
def test_text_is_not_looked_for_in_one_tone(tools: Tools, level: int):
    assert analyse(np.full((90, 160, 3), level, np.uint8), tools).text == []


def test_without_ocr_nothing_is_said_of_text(tools: Tools, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(local, "ocr_version", lambda: None)
    monkeypatch.setattr("processors.vision.analyse._local", LocalBackend)
    found = analyse(card("Harbour Report"), tools)
    assert found.text == []
    assert found.model == "yunet-2023mar+nanodet-g+efficientnet-lite0"
    assert "text" not in [label.name for label in found.labels]
    assert found.scene in ("graphic", "other")


# ---------------------------------------------------------------------------------------------------- faces


def test_faces_in_the_sample(tools: Tools, sample: Path):
    frames = [
        frame
        for batch in extract_frames(sample, Options(), tools)
        if isinstance(batch, FrameBatch)
        for frame in batch.frames
        if frame.shot == 2  # the presenter
    ]
    (found,) = analyse_batch(FrameBatch(frames, []), Options(), tools).frames
    (face,) = found.faces
    assert found.scene == "people"
    assert face.confidence >= 0.8
    assert 0.4 < face.x + face.width / 2 < 0.6  # she sits in the middle
    assert 0 <= face.y < face.y + face.height <= 1
    assert {"face", "close-up"} <= {label.name for label in found.labels}


@pytest.mark.parametrize("image", [scenery(1), card("no face here"), np.full((16, 16, 3), 120, np.uint8)])
def test_no_faces(tools: Tools, image: Image):
    assert analyse(image, tools).faces == []


def test_a_broken_face_model_is_fatal(tmp_path: Path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match=r"model\.onnx cannot be read"):
        FaceFinder(broken)


# ------------------------------------------------------------------------------------------------- the stage


def test_black(tools: Tools):
    found = analyse(np.zeros((360, 640, 3), np.uint8), tools)
    assert (found.scene, found.score, found.brightness, found.colourfulness) == ("black", 0.0, 0.0, 0.0)
    assert found.faces == found.text == []


def test_measures_of_the_extractor_are_kept(tools: Tools):
    ref = store(scenery(1), tools, pts_ms=1234)
    shots = [Shot(0, 0, 2000)]
    result = analyse_batch(FrameBatch([ref], shots), Options(), tools)
    (found,) = result.frames
    assert (found.frame_uri, found.pts_ms, found.shot) == (ref.uri, 1234, 0)
    assert (found.sharpness, found.motion, found.source) == (200.0, 0.01, "local")
    assert 0 < found.score <= 1
    assert result.shots == shots
    assert result.cost_usd == 0


def test_frames_keep_their_order_and_do_not_influence_each_other(tools: Tools):
    refs = [store(image, tools, number) for number, image in enumerate((card("one"), scenery(1), card("two")))]
    together = analyse_batch(FrameBatch(refs, []), Options(), tools).frames
    alone = [analyse_batch(FrameBatch([ref], []), Options(), tools).frames[0] for ref in refs]
    assert together == alone


def test_a_batch_without_frames_needs_no_models(tools: Tools, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("processors.vision.analyse._backend", lambda _: pytest.fail("models were loaded"))
    shots = [Shot(0, 0, 10)]
    assert analyse_batch(FrameBatch([], shots), Options(), tools).shots == shots


def test_off(tools: Tools):
    result = analyse_batch(FrameBatch([store(scenery(1), tools)], [Shot(0, 0, 10)]), Options(vision="off"), tools)
    assert result.frames == []
    assert len(result.shots) == 1


@pytest.mark.parametrize("content", [b"\xff\xd8\xff no picture", b"", b"\x89PNG\r\n\x1a\n"])
def test_a_broken_picture_is_refused(tools: Tools, content: bytes):
    ref = FrameRef(tools.blobs.put(content), 40, 0, 64, 48, 1.0, 0.0)
    with pytest.raises(InvalidMedia, match="The frame at 40 ms"):
        analyse_batch(FrameBatch([ref], []), Options(), tools)


def test_another_size_than_promised_is_refused(tools: Tools):
    ref = store(scenery(1, (64, 48)), tools)
    wrong = FrameRef(ref.uri, 40, 0, 48, 64, 1.0, 0.0)
    with pytest.raises(InvalidMedia, match="is 64x48, not 48x64"):
        analyse_batch(FrameBatch([wrong], []), Options(), tools)


def test_a_missing_picture_is_refused(tools: Tools):
    ref = FrameRef("blob:" + "0" * 64, 40, 0, 64, 48, 1.0, 0.0)
    with pytest.raises(BlobMissing):
        analyse_batch(FrameBatch([ref], []), Options(), tools)
