"""What a language model is sent about the best segments, and what that costs: `python -m ops.bench.copywriting DIR`.

DIR has meetings (QMSum). Each is ranked, and its ten best segments are written about over HTTP by the stand-in of
`text_service`, for all platforms. In turn, each for all meetings:

::

    whole           all that is said in and around each segment, up to 4,000 tokens, nothing kept
    compressed      300 tokens of it, nothing kept
    again           the same once more, with what was kept
    misheard        the same meetings with every fiftieth word heard as another one, as by another recogniser: what
                    answers kept for the first hearing still save, by equal words and by meaning

Tokens are a quarter of the bytes that went over the wire, prices those of the default model. How good the texts are is
not measured here, since nobody writes them.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from ops.bench.machine import describe
from ops.bench.segments_item import Item
from ops.bench.segments_qmsum import meetings_of
from ops.bench.text_service import TextService
from processors.blobs import BlobStore
from processors.content.known import Remembered
from processors.content.topics import with_topics
from processors.domain import ChunkTranscript, PlatformFit, Segment, Utterance
from processors.enrichment.copywriting import write_copy
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments import dump_json
from processors.segments.parts import Parts
from processors.segments.platforms import RULES
from processors.segments.rank import Ranking, rank
from processors.service import HostedText, ScenesPlace, ServiceConfig
from processors.service.cost import token_price
from processors.tools import Tools

MODEL: Final = "gpt-4.1-mini"
SAME: Final = 0.88  # the default of TEXT_SAME
_MISHEARD: Final = 0.02
_SEED: Final = 0
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A meeting: its ten best segments, and the document that they are of."""

    segments: list[Segment]
    document_uri: str


def run(data: Path, folder: Path) -> dict[str, Any]:
    """All meetings below a folder.

    Args:
        data: meetings.
        folder: an empty one, for what is kept.
    """
    models = ModelStore(None, Path.home() / ".cache" / "clipstream", allow_download=True)
    tools = Tools(BlobStore(str(folder / "blobs")), models, 1, None, folder)
    items = meetings_of(data)
    clear = [_ranked(item, tools) for item in items]
    misheard = [_again(one, item, tools) for one, item in zip(clear, items, strict=True)]
    place = ScenesPlace(str(folder / "cache"))
    with TextService() as service:
        base = HostedText(
            ServiceConfig(service.base_url, "stand-in", _TIMEOUT_S), MODEL, token_price(MODEL, {}), same=SAME
        )
        rows = [
            _row("whole", clear, replace(base, tokens=4_000), tools, service),
            _row("compressed", clear, base, tools, service),
            _row("compressed, kept", clear, replace(base, answers=place), tools, service),
            _row("again", clear, replace(base, answers=place), tools, service),
            _row("misheard", misheard, replace(base, answers=place), tools, service),
        ]
    return {
        "bench": "copywriting",
        "machine": describe(),
        "model": MODEL,
        "service": "stand-in",
        "meetings": len(items),
        "rows": rows,
    }


def _row(
    name: str, meetings: Sequence[_Ranked], hosted: HostedText, tools: Tools, service: TextService
) -> dict[str, Any]:
    service.sent.clear()
    with_model = replace(tools, hosted_text=hosted)
    found = [write_copy(one.segments, one.document_uri, ["en"], Options(), with_model) for one in meetings]
    failed = [one.fallback for one in found if one.fallback is not None]
    if failed:
        raise RuntimeError(f"{len(failed)} meetings were not written about: {failed[0]}")
    return {
        "item": name,
        "segments": sum(len(one.copies) for one in found),
        "requests": len(service.sent),
        "tokens_sent": sum(sent.sent for sent in service.sent),
        "tokens_answered": sum(sent.answered for sent in service.sent),
        "alike": sum(one.alike for one in found),
        # by what went over the wire: a result that is repeated tells what it cost when it was bought
        "cost_usd": _cost_usd(service, hosted),
    }


def _cost_usd(service: TextService, hosted: HostedText) -> float:
    usd_in, usd_out = hosted.usd_per_million or (0.0, 0.0)
    return round(sum(sent.sent * usd_in + sent.answered * usd_out for sent in service.sent) / 1e6, 4)


def _ranked(item: Item, tools: Tools) -> _Ranked:
    ranking = _ranking(item.parts, tools)
    places = {name: PlatformFit(1.0, [], "", "", []) for name in RULES}
    segments = [replace(segment, platforms=dict(places)) for segment in ranking.segments]
    return _Ranked(segments, tools.blobs.put(dump_json(ranking.document)))


def _ranking(parts: Parts, tools: Tools) -> Ranking:
    language = Remembered.of(parts, tools)
    return with_topics(rank(parts, understand=language.understand), tools, language)


def _again(one: _Ranked, item: Item, tools: Tools) -> _Ranked:
    """The same segments of the meeting as another recogniser hears it."""
    source = random.Random(f"{_SEED} {item.name}")
    vocabulary = [word.text for spoken in item.utterances for word in spoken.words]
    chunks: list[ChunkTranscript] = [
        replace(part, utterances=[_heard(spoken, vocabulary, source) for spoken in part.utterances])
        for part in item.parts.transcripts
    ]
    parts = replace(item.parts, transcripts=chunks)
    ranking = _ranking(parts, tools)
    return _Ranked(one.segments, tools.blobs.put(dump_json(ranking.document)))


def _heard(spoken: Utterance, vocabulary: Sequence[str], source: random.Random) -> Utterance:
    words = [
        replace(word, text=source.choice(vocabulary)) if source.random() < _MISHEARD else word for word in spoken.words
    ]
    return replace(spoken, words=words, text=" ".join(word.text for word in words))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.buffer.write(orjson.dumps(run(Path(sys.argv[1]), Path(made)), option=orjson.OPT_INDENT_2) + b"\n")
