"""Segments: from what was gathered about a video to its ranked pieces."""

from __future__ import annotations

from processors.segments.document import build_document, duration_of
from processors.segments.formats import FORMATS, render_transcript
from processors.segments.parts import Parts, dump_json, load_json
from processors.segments.rank import Ranking, rank

__all__ = [
    "FORMATS",
    "Parts",
    "Ranking",
    "build_document",
    "dump_json",
    "duration_of",
    "load_json",
    "rank",
    "render_transcript",
]
