"""Ranked segments against spans that people marked, beside simple ways to choose them: `clipstream bench segments`.

Ours is `rank`, which the segmenter calls, with default options. Each figure is a mean over the items, with the bounds
of its bootstrap; differences to a baseline are taken item by item. Baselines choose as many segments as the options
ask for, of the lengths that ours have on the same item, so that a length which suits the marks helps both.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from ops.bench.bootstrap import LEVEL, ROUNDS, interval
from ops.bench.machine import describe
from ops.bench.segments_ablation import ablation
from ops.bench.segments_baselines import WAYS, Way
from ops.bench.segments_calibration import calibration, outcomes
from ops.bench.segments_candidates import by_lot, ceiling, windows_of
from ops.bench.segments_embedding import embedder
from ops.bench.segments_files import Source, sources_of
from ops.bench.segments_item import Item
from ops.bench.segments_llm import by_model, by_stand_in
from ops.bench.segments_metrics import DEPTHS, IOU, METRICS, measure
from ops.bench.segments_qmsum import meetings_of
from processors.domain import Segment, Span
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.meaning import Understand
from processors.segments.rank import rank
from processors.service import HostedText
from processors.versions import ALGORITHM_VERSIONS

# Raised whenever a metric, a baseline or a reader changes what it gives: figures of two protocols cannot be compared.
PROTOCOL: Final = 3
# Means over so many draws of one item's random segments differ by less than the items do.
DRAWS: Final = 100
SHUFFLED: Final = "shuffled"  # our candidates by lot
CEILINGS: Final = ("candidates_recall", "candidates_best_iou")
_DRAWN: Final = frozenset({"random", SHUFFLED})
SEED: Final = 0
DECIMALS: Final = 4
Scores = dict[str, float | None]
Half = Literal["both", "even", "odd"]
_HALVES: Final[dict[Half, slice]] = {"both": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}
OnItem = Callable[[str, int, int], None]


def run(
    data: Path,
    models: ModelStore,
    asr_model: str | None = None,
    threads: int = 1,
    seed: int = SEED,
    draws: int = DRAWS,
    half: Half = "both",
    on_item: OnItem = lambda name, done, total: None,
    hosted: HostedText | None = None,
    ablate: bool = False,
) -> dict[str, Any]:
    """Rank everything of a folder that people marked.

    Args:
        data: with highlights beside transcripts or media, or `*.jsonl` of QMSum's form, in it or below.
        models: for media.
        asr_model: recogniser of media; None for the profile's.
        threads: of that recogniser, >= 1.
        seed: of the random baseline and the bootstrap.
        draws: of random segments for each item, >= 1.
        half: items with even numbers, in their order from 0, are for tuning; a figure that counts is of the odd ones.
        on_item: told the next item, how many are done, and how many there are.
        hosted: a language model that names segments, one request an item; None for its stand-in.
        ablate: rank once more without each signal.

    Raises:
        InvalidMessage: there is nothing, or something cannot be read.
        ClipstreamError: a medium or a model cannot be had.
    """
    meetings = [Source(item.name, lambda item=item: item) for item in meetings_of(data)]  # type: ignore[misc]
    sources = [*meetings, *sources_of(data, models, asr_model, threads)]
    if not sources:
        raise InvalidMessage(
            f"There is nothing with marked spans (NAME.highlights.json or *.jsonl of QMSum's form) in {data}.",
            "docs/quality.md has the forms (Data of one's own).",
        )
    sources = sources[_HALVES[half]]
    if not sources:
        raise InvalidMessage(f"{data} has one item only, so there is no odd half.", "Measure both halves.")
    ours: list[Scores] = []
    ways = _ways(hosted)
    theirs: dict[str, list[Scores | None]] = {name: [] for name in (*ways, SHUFFLED)}
    understand = embedder(models)
    rows, items, judged = [], [], []
    digest = hashlib.sha256()
    for number, source in enumerate(sources):
        on_item(source.name, number, len(sources))
        item = source.read()
        digest.update(_fingerprint(item))
        ranked = ranked_of(item, understand)
        segments, windows = spans_of(ranked), windows_of(item)
        judged += outcomes(ranked, item.spans)
        items += [item] if ablate else []
        ours.append(measure(segments, item))
        for name, scores in theirs.items():
            scores.append(_of_baseline(name, ways.get(name), item, segments, windows, seed, draws))
        bound = ceiling(windows, item.spans)
        rows.append({"item": item.name, **_facts(item, segments), **_rounded({**bound, **ours[-1]})})
    on_item("", len(sources), len(sources))
    options = Options()
    return {
        "bench": "segments",
        "protocol": PROTOCOL,
        "machine": describe(),
        "segmenter": ALGORITHM_VERSIONS["segmenter"],
        "model": asr_model,
        "language_model": None if hosted is None else hosted.model,
        "data_sha256": digest.hexdigest(),
        "half": half,
        "seed": seed,
        "random_draws": draws,
        "iou": IOU,
        "bootstrap": {"level": LEVEL, "rounds": ROUNDS, "of": "items"},
        "rows": rows,
        "pooled": {
            "items": len(rows),
            "spans": sum(row["spans"] for row in rows),
            "segments": sum(row["segments"] for row in rows),
            "spans_in_reach": sum(row["spans_in_reach"] for row in rows),
            **_rounded({name: _mean([row[name] for row in rows]) for name in ("marked", *CEILINGS)}),
            "min_segment_ms": options.min_segment_ms,
            "max_segment_ms": options.max_segment_ms,
            **_pooled(ours, seed),
        },
        "baselines": {
            name: {**_pooled([score or {} for score in scores], seed), "difference": _differences(ours, scores, seed)}
            for name, scores in theirs.items()
        },
        "calibration": calibration(judged),
        **({"ablation": ablation(items, understand, on_item)} if ablate else {}),
    }


def ranked_of(item: Item, understand: Understand | None = None) -> list[Segment]:
    """What the segmenter publishes of an item, best first; `understand` embeds its sentences."""
    return sorted(rank(item.parts, understand=understand).segments, key=lambda segment: segment.rank)


def spans_of(segments: Sequence[Segment]) -> list[Span]:
    """Where they lie."""
    return [Span(segment.start_ms, segment.end_ms) for segment in segments]


def lengths_like(segments: Sequence[Span], duration_ms: int) -> list[int]:
    """Lengths for the baselines: ours, again and again up to as many as there may be; also where we found few or none.

    Without any of ours: the middle of what the options allow.
    """
    options = Options()
    wanted = min(options.max_segments, DEPTHS[-1])
    ours = [segment.end_ms - segment.start_ms for segment in segments[:wanted]]
    ours = ours or [(options.min_segment_ms + options.max_segment_ms) // 2]
    return [min(ours[number % len(ours)], duration_ms) for number in range(wanted)]


def reachable(span: Span, options: Options) -> bool:
    """Whether a segment of an allowed length can share enough with a span to find it."""
    length_ms = span.end_ms - span.start_ms
    return options.min_segment_ms * IOU <= length_ms <= options.max_segment_ms / IOU


def _ways(hosted: HostedText | None) -> dict[str, Way]:
    """The ways, with a language model instead of its stand-in where there is one."""
    if hosted is None:
        return dict(WAYS)
    others = {name: way for name, way in WAYS.items() if way is not by_stand_in}
    return {**others, "llm": lambda item, lengths_ms, _: by_model(hosted, item, lengths_ms)}


def _of_baseline(
    name: str,
    way: Way | None,
    item: Item,
    segments: Sequence[Span],
    windows: Sequence[Span],
    seed: int,
    draws: int,
) -> Scores | None:
    """Scores of a way, or of our candidates by lot where it is None."""
    lengths_ms = lengths_like(segments, item.duration_ms)
    # a seed of its own for each way and item: neither other ways nor other items of the folder change its draws
    source = random.Random(f"{seed} {name} {item.name}")
    choose = partial(by_lot, windows, lengths_ms, source) if way is None else partial(way, item, lengths_ms, source)
    chosen = [choose() for _ in range(draws if name in _DRAWN else 1)]
    scores = [measure(segments, item) for segments in chosen if segments is not None]
    return {metric: _mean([score[metric] for score in scores]) for metric in METRICS} if scores else None


def _facts(item: Item, segments: Sequence[Span]) -> dict[str, Any]:
    options = Options()
    marked_ms, reached = 0, 0
    for span in item.spans:  # in time order
        marked_ms, reached = marked_ms + max(0, span.end_ms - max(span.start_ms, reached)), max(reached, span.end_ms)
    return {
        "duration_ms": item.duration_ms,
        "spans": len(item.spans),
        "spans_in_reach": sum(reachable(span, options) for span in item.spans),
        "marked": round(marked_ms / item.duration_ms, DECIMALS),
        "segments": len(segments),
    }


def _pooled(scores: Sequence[Scores], seed: int) -> dict[str, Any]:
    known = {name: _known([score.get(name) for score in scores]) for name in METRICS}
    return {
        **_rounded({name: _mean(values) for name, values in known.items()}),
        "intervals": {name: _bounds(values, seed) for name, values in known.items()},
        "n": {name: len(values) for name, values in known.items()},
    }


def _differences(ours: Sequence[Scores], theirs: Sequence[Scores | None], seed: int) -> dict[str, Any]:
    """Ours less theirs for each metric, over the items that have both.

    No interval where one side has the same figure on all items: its own uncertainty would be left out.
    """
    differences: dict[str, Any] = {}
    for name in METRICS:
        pairs = [(one.get(name), (other or {}).get(name)) for one, other in zip(ours, theirs, strict=True)]
        both = [(one, other) for one, other in pairs if one is not None and other is not None]
        values = [one - other for one, other in both]
        mean = _mean(values)
        spread = all(len({pair[side] for pair in both}) > 1 for side in (0, 1))
        differences[name] = {
            "mean": None if mean is None else round(mean, DECIMALS),
            "interval": _bounds(values, seed) if spread else None,
            "n": len(values),
        }
    return differences


def _fingerprint(item: Item) -> bytes:
    spans = [(span.start_ms, span.end_ms) for span in item.spans]
    speech = item.speech
    return orjson.dumps([item.name, item.duration_ms, spans, speech.starts, speech.ends, speech.texts])


def _bounds(values: Sequence[float], seed: int) -> list[float] | None:
    bounds = interval(values, seed)
    return None if bounds is None else [round(bound, DECIMALS) for bound in bounds]


def _mean(values: Sequence[float | None]) -> float | None:
    known = _known(values)
    return sum(known) / len(known) if known else None


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _rounded(scores: Scores) -> Scores:
    return {name: None if value is None else round(value, DECIMALS) for name, value in scores.items()}


__all__ = ["DRAWS", "PROTOCOL", "SEED", "lengths_like", "ranked_of", "reachable", "run", "spans_of"]
