"""Segments with all that services said of them: pictures and words, either of which may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from processors.domain import Insight, PlatformFit, Segment
from processors.enrichment.looked import Looked
from processors.enrichment.reranking import rated, reranked
from processors.enrichment.written import Copy, PlatformText, Written


def enriched_segments(
    segments: Sequence[Segment], looked: Looked | None, written: Written | None, weight: float
) -> list[Segment]:
    """The segments of an enriched result, the best first.

    Args:
        segments: of the result, the best first.
        looked: what is seen in them; None where nobody looked.
        written: what was written about them; None where nobody wrote.
        weight: of ratings against scores, see `reranking`.
    """
    found = []
    for segment in segments:
        insight = looked.insights.get(segment.segment_id) if looked is not None else None
        seen = replace(segment, insight=insight)
        copy = written.copies.get(segment.segment_id) if written is not None else None
        found.append(seen if copy is None or written is None else _with_words(seen, copy, written))
    ratings = {name: copy.rating for name, copy in written.copies.items()} if written is not None else {}
    return reranked(found, ratings, weight)


def _with_words(segment: Segment, copy: Copy, written: Written) -> Segment:
    insight = segment.insight or Insight(copy.description, [], copy.confidence, written.source, written.prompt)
    changed = replace(
        segment,
        title=copy.title or segment.title,
        description=copy.description or segment.description,
        hashtags=copy.hashtags or segment.hashtags,
        insight=replace(insight, hook=copy.hook, payoff=copy.payoff, intent=copy.intent),
        platforms={name: _on_platform(fit, copy.platforms.get(name)) for name, fit in segment.platforms.items()},
    )
    return rated(changed, copy.rating, written.source)


def _on_platform(fit: PlatformFit, text: PlatformText | None) -> PlatformFit:
    """How a segment suits the platform is not the model's to say."""
    if text is None:
        return fit
    return replace(fit, title=text.title, description=text.description, hashtags=text.hashtags or fit.hashtags)


__all__ = ["enriched_segments"]
