"""Results with a document and real pictures, as a second look is given them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2

from processors.domain import Document, FrameAnalysis, Segment
from processors.enrichment.looked import Looked
from processors.enrichment.second_look import look_again
from processors.options import Options
from processors.segments import dump_json
from processors.tools import Tools
from tests.unit.segments.builders import frame, utterance
from tests.unit.vision.helpers import Image, scenery
from tests.unit.vision.hosted_help import hosted

SOURCE = "openai:gpt-4.1-mini"
SPOKEN = (
    "Why does the water rise twice a day? The moon pulls the ocean towards it. Well, yes.",
    "On the far side the earth is pulled away from the water. So there are two bulges.",
    "Sailors have known the timetable of harbours for centuries. They wrote almanacs.",
)
PART_MS = 20_000


@dataclass(frozen=True)
class Case:
    """What a look is given."""

    segments: list[Segment]
    document_uri: str
    document: Document


def jpeg_of(image: Image) -> bytes:
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert encoded
    return jpeg.tobytes()


def segment_of(number: int, keyframe_uri: str | None, **changes: Any) -> Segment:
    start_ms = number * PART_MS
    made = Segment(
        f"v-{start_ms}", number + 1, start_ms, start_ms + PART_MS, 0.9, 0.8, f"Part {number}", "words", [], keyframe_uri
    )
    return replace(made, **changes)


def case_of(tools: Tools, count: int = 3, pictures: int = 2, first: int = 0) -> Case:
    """A video of so many parts of 20 s, each a segment with some pictures and three sentences."""
    frames: list[FrameAnalysis] = []
    segments = []
    for number in range(count):
        uris = [tools.blobs.put(jpeg_of(scenery(first + 10 * number + one, (640, 360)))) for one in range(pictures)]
        frames += [
            frame(number * PART_MS + 1_000 + 5_000 * one, frame_uri=uri, shot=len(frames) + one, score=0.9 - one / 10)
            for one, uri in enumerate(uris)
        ]
        segments.append(segment_of(number, uris[0] if uris else None))
    said = [utterance(SPOKEN[number % len(SPOKEN)], number * PART_MS + 500) for number in range(count)]
    document = Document(transcript=said, frames=frames)
    return Case(segments, tools.blobs.put(dump_json(document)), document)


def look(case: Case, tools: Tools, options: Options | None = None) -> Looked:
    return look_again(case.segments, case.document_uri, ["en"], options or Options(), tools)


def seeing(tools: Tools, url: str, **changes: Any) -> Tools:
    """Tools with a service that looks at ten segments again."""
    return hosted(tools, url, **{"second_segments": 10, **changes})
