"""A result and its document, the report of it, and a reader of that."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

from PIL import Image

from processors.domain import Document, Label
from processors.report import render_report
from processors.segments import rank
from tests.unit.segments.builders import chunk, frame, parts, shots_at, utterance


def jpeg(uri: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (640, 360), (int(uri[-2:], 16), 80, 120)).save(written, "JPEG")
    return written.getvalue()


def no_image(uri: str) -> bytes | None:
    return None


def example(**change: Any) -> tuple[dict[str, Any], Document]:
    said = [utterance("Why do rivers bend so much?", 1_000), utterance("The secret is in the sand below.", 6_000)]
    frames = [frame(at_ms, labels=[Label("river", 0.9)]) for at_ms in (2_000, 8_000, 14_000)]
    ranking = rank(parts(20_000, [chunk(*said)], frames, shots_at(0, 5_500, 20_000), min_segment_ms=2_000))
    result: dict[str, Any] = {
        "video_id": "3f2a9c0d11e4b7a6",
        "generation": 1,
        "revision": 2,
        "enriched": False,
        "status": "final",
        "error": None,
        "duration_ms": ranking.duration_ms,
        "title": "Rivers",
        "languages": ranking.languages,
        "confidence": ranking.confidence,
        "segments": [asdict(segment) for segment in ranking.segments],
        "missing": [],
        "run": {
            "timings_ms": {"transcriber": 2_400, "vision": 900},
            "cache": {"transcriber": {"records": 4, "hits": 3}},
            "wall_ms": 61_500,
            "cost_usd": 0.0123,
            "models": ["base", "look-1"],
        },
    }
    return result | change, ranking.document


class Page(HTMLParser):
    """Tags with attributes, and whether they close as they should."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def render(image: Callable[[str], bytes | None] = jpeg, **change: Any) -> tuple[str, Page]:
    result, document = example(**change)
    html = render_report(result, image, document)
    return html, Page(html)
