"""On-screen text by RapidOCR (PP-OCRv4 models in ONNX): detection on a small copy, recognition on the full picture.

At 1280x720 on one core: detection at 480 pixels 42 ms (at RapidOCR's own 736 lines 500 ms, and it finds no more in
titles, subtitles and slides), recognition 30 to 70 ms a line. Lines are recognised one by one: in groups they are
padded to the widest, which took 1.5 times as long, 105 MB more, and lost blanks between words.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.vision.pixels import fit

DETECT_LONGEST: Final = 480
# Least confidence of a line. Lettered logos and textures that look like text come out below 0.77, text above 0.84.
MIN_CONFIDENCE: Final = 0.8
# Most work on one picture: columns of recognised line, each line scaled to a height of 48 pixels; 0.11 ms a column.
# Twelve lines of a slide are about 4500. Larger lines are read first.
MAX_COLUMNS: Final = 6_000
MAX_LINES: Final = 16
_LINE_HEIGHT: Final = 48


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text; the box is relative to the picture (0..1)."""

    text: str
    confidence: float
    top: float
    left: float
    width: float
    height: float


def ocr_version() -> str | None:
    """Version of RapidOCR, or None when it is not installed."""
    try:
        return version("rapidocr-onnxruntime")
    except PackageNotFoundError:
        return None


class TextReader:
    """Reads text in pictures; one per process and thread.

    Args:
        threads: threads of the networks, >= 1.

    Raises:
        ImportError: RapidOCR is not installed.
    """

    def __init__(self, threads: int) -> None:
        from rapidocr_onnxruntime import RapidOCR

        # The angle classifier is left out: text on screen is upright, and it would be a third network for each line.
        self._engine: Any = RapidOCR(
            intra_op_num_threads=threads,
            inter_op_num_threads=1,
            use_cls=False,
            det_limit_side_len=32,  # "at least": pictures are scaled here, not there
            rec_batch_num=1,
        )
        self._engine.text_det.infer.session = _session("ch_PP-OCRv4_det_infer.onnx", threads)
        self._engine.text_rec.session.session = _session("ch_PP-OCRv4_rec_infer.onnx", threads)

    def read(self, image: NDArray[np.uint8]) -> tuple[list[TextLine], list[float]]:
        """Read a picture.

        Args:
            image: uint8 (height, width, 3), BGR, upright.

        Returns:
            The lines that could be read, top to bottom, and the heights of all that look like text, relative
            to the picture's shorter side.
        """
        height, width = image.shape[:2]
        size = fit(width, height, DETECT_LONGEST)
        found, _ = self._engine.text_det(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        if found is None or len(found) == 0:
            return [], []
        scale = np.array([width / size[0], height / size[1]], np.float32)
        quads = np.asarray(self._engine.sorted_boxes(found), np.float32) * scale
        heights = [float(quad[:, 1].max() - quad[:, 1].min()) / min(width, height) for quad in quads]
        quads = quads[_affordable(quads)]
        read, _ = self._engine.text_rec(self._engine.get_crop_img_list(image, quads))
        lines = []
        for quad, (raw, confidence) in zip(quads, read, strict=True):
            text = " ".join(unicodedata.normalize("NFKC", raw).split())
            if text and confidence >= MIN_CONFIDENCE:
                left, top = quad.min(axis=0)
                right, bottom = quad.max(axis=0)
                lines.append(
                    TextLine(
                        text=text,
                        confidence=round(float(confidence), 4),
                        top=float(top / height),
                        left=float(left / width),
                        width=float((right - left) / width),
                        height=float((bottom - top) / height),
                    )
                )
        return lines, heights


def _session(model: str, threads: int) -> Any:
    """A network of RapidOCR with onnxruntime's memory arena, which RapidOCR switches off.

    Without it the C library keeps what each picture used: after 126 pictures 389 MB against 234 MB, and 7 % slower.
    """
    import onnxruntime
    import rapidocr_onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # made for equal sizes; lines have all widths
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other jobs need the cores
    path = Path(rapidocr_onnxruntime.__file__).parent / "models" / model
    providers = [("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})]
    return onnxruntime.InferenceSession(str(path), options, providers=providers)


def _affordable(quads: NDArray[np.float32]) -> list[int]:
    """Indices of the boxes to read, in reading order: the highest first until the work is used up."""
    widths = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    heights = np.maximum(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1), 1.0)
    chosen: list[int] = []
    columns = 0.0
    for index in sorted(range(len(quads)), key=lambda number: (-heights[number], number)):
        needed = float(widths[index] / heights[index]) * _LINE_HEIGHT
        if len(chosen) == MAX_LINES or (chosen and columns + needed > MAX_COLUMNS):
            break
        chosen.append(index)
        columns += needed
    return sorted(chosen)
