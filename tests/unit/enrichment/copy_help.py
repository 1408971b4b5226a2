"""Language models, and results whose segments one of them writes about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from processors.domain import Document, PlatformFit, Segment, Topic
from processors.enrichment.copywriting import write_copy
from processors.enrichment.written import Written
from processors.options import Options
from processors.segments import dump_json
from processors.service import HostedText, ScenesPlace, ServiceConfig, client_for
from processors.tools import Tools
from tests.openai_service import KEY, Asked, Reply, chat, clip_copy
from tests.unit.enrichment.helpers import PART_MS, Case, segment_of
from tests.unit.segments.builders import utterance

SAID = (
    "Why does the water rise twice a day? The moon pulls the ocean towards it, and on the far side a bulge is left.",
    "My grandmother kept bees on the roof. In autumn every neighbour found a jar of honey at the door.",
    "Never answer the first offer right away. Count silently, and they improve it by themselves.",
    "The old bridge has no nails at all. Its beams hold each other by their weight for ninety years.",
    "Sleep clears out what the brain does not need. With five hours you forget what you learned.",
    "The microphone picks up the room more than the voice. Hang a blanket behind whoever speaks.",
)
PRICE = (0.4, 1.6)


def written_case(tools: Tools, said: Sequence[str] = SAID, platforms: Sequence[str] = ("reels", "shorts")) -> Case:
    """A video of parts of 20 s, each a segment with these words; a place for the texts of each platform."""
    places = {name: PlatformFit(0.5, ["too long"], "local", "local", ["local"]) for name in platforms}
    segments = [
        segment_of(number, None, text=text, score=round(0.9 - number / 20, 3), platforms=dict(places))
        for number, text in enumerate(said)
    ]
    document = Document(
        transcript=[utterance(text, number * PART_MS + 500) for number, text in enumerate(said)],
        topics=[Topic(0, len(said) * PART_MS, ["tides", "honey"], "other", 0.5)],
    )
    return Case(segments, tools.blobs.put(dump_json(document)), document)


def writing(
    tools: Tools, url: str, key: str = KEY, timeout_s: float = 60.0, kept: bool = True, **changes: Any
) -> Tools:
    """Tools with a language model whose client does not wait between tries; answers are kept in the work folder."""
    place = ScenesPlace(str(Path(tools.work_dir) / "cache"), items=0) if kept else None
    made = replace(HostedText(ServiceConfig(url, key, timeout_s), "gpt-4.1-mini", PRICE, answers=place), **changes)
    client_for(made.service)._sleep = lambda _: None
    return replace(tools, hosted_text=made)


def write(case: Case, tools: Tools, options: Options | None = None, segments: list[Segment] | None = None) -> Written:
    return write_copy(segments or case.segments, case.document_uri, ["en"], options or Options(), tools)


def answering(*changes: dict[str, Any]) -> Any:
    """A model that answers as it should but for these changes, in the order of the clips."""

    def answer(asked: Asked) -> Reply:
        notes = [note for note, _ in asked.moments]
        return chat({"clips": [
            clip_copy(number, note, **(changes[number - 1] if number <= len(changes) else {}))
            for number, note in enumerate(notes, 1)
        ]})  # fmt: skip

    return answer
