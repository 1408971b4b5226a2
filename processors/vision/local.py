"""The local backend: faces, things, text and measurements on the processor, without any service and at no cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.cancelling import check_wanted
from processors.domain import FrameAnalysis, Label
from processors.vision.backend import Answer, LoadedFrame
from processors.vision.colour import measure_colour
from processors.vision.faces import MODEL_NAME, FaceFinder
from processors.vision.kinds import KIND_MODEL, PictureClassifier
from processors.vision.naming import name
from processors.vision.ocr import TextLine, TextReader, ocr_version
from processors.vision.scene import Seen, labels_of, scene_of, score_of
from processors.vision.strokes import may_hold_text
from processors.vision.things import THING_MODEL, ThingFinder
from processors.vision.zeroshot import CLIP_MODEL, WordFinder

SOURCE: Final = "local"


@dataclass(frozen=True, slots=True)
class Networks:
    """The files of the networks."""

    faces: Path
    things: Path
    kinds: Path
    clip: Path | None = None  # needed where words are set


class LocalBackend:
    """Analyses frames with models in this process; about 100 ms a frame without text, 140 to 640 ms with.

    Args:
        networks: their files.
        threads: threads to use, >= 1.
        words: that are looked for beside the usual ones.

    Where RapidOCR is not installed, text stays empty and the model's name in each analysis lacks it.

    Raises:
        ModelUnavailable: a network cannot be read.
    """

    def __init__(self, networks: Networks, threads: int, words: tuple[str, ...] = ()) -> None:
        cv2.setNumThreads(threads)
        self._faces = FaceFinder(networks.faces)
        self._things = ThingFinder(networks.things, threads)
        self._kinds = PictureClassifier(networks.kinds, threads)
        self._words = WordFinder(networks.clip, words, threads) if words and networks.clip is not None else None
        self._threads = threads
        self._text: TextReader | None = None
        ocr = ocr_version()
        self._reads_text = ocr is not None
        names = [MODEL_NAME, THING_MODEL, KIND_MODEL]
        names += [CLIP_MODEL] * (self._words is not None) + ([] if ocr is None else [f"rapidocr-{ocr}"])
        self._model = "+".join(names)

    def load(self) -> None:
        """Load what is otherwise loaded with the first picture that may hold text: 1.7 s and 50 MB."""
        if self._reads_text:
            self._reader()

    def analyse(self, frames: Sequence[LoadedFrame]) -> Answer:
        """Analyse frames one by one; see `VisionBackend`."""
        return Answer([self._one(frame) for frame in frames], cost_usd=0.0)

    def _one(self, frame: LoadedFrame) -> FrameAnalysis:
        check_wanted()
        colour = measure_colour(frame.image)
        nothing = colour.black or colour.plain
        lines: list[TextLine] = []
        heights: list[float] = []
        if self._reads_text and not nothing and may_hold_text(frame.image):
            lines, heights = self._reader().read(frame.image)
        seen = Seen(
            colour=colour,
            faces=[] if nothing else self._faces.find(frame.image),
            lines=lines,
            line_heights=heights,
            sharpness=frame.ref.sharpness,
            motion=frame.ref.motion,
            still_ms=frame.ref.still_ms or 0,
            named=[] if nothing else self._named(frame.image),
        )
        return FrameAnalysis(
            frame_uri=frame.ref.uri,
            pts_ms=frame.ref.pts_ms,
            shot=frame.ref.shot,
            labels=labels_of(seen),
            text=[line.text for line in seen.lines],
            faces=seen.faces,
            scene=scene_of(seen),
            score=score_of(seen),
            sharpness=frame.ref.sharpness,
            brightness=round(colour.brightness, 4),
            colourfulness=round(colour.colourfulness, 4),
            motion=frame.ref.motion,
            source=SOURCE,
            model=self._model,
            novelty=frame.ref.novelty,
            still_ms=frame.ref.still_ms,
        )

    def _named(self, image: NDArray[np.uint8]) -> list[Label]:
        """What is in it, each word once; words that were set are looked for by their own network alone."""
        wanted = [] if self._words is None else self._words.find(image)
        known = {label.name for label in wanted}
        usual = name(self._things.find(image), self._kinds.classify(image))
        return wanted + [label for label in usual if label.name not in known]

    def _reader(self) -> TextReader:
        if self._text is None:
            self._text = TextReader(self._threads)
        return self._text
