"""What the video is about: its topics with their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processors.content.categories import OTHER
from processors.domain import Topic
from processors.report.source import percent
from processors.timeline import clock


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic: when it starts, its key phrases, its category and how sure that is in per cent."""

    time: str
    phrases: list[str]
    category: str
    confidence: int | None


def topic_views(topics: Sequence[Topic]) -> list[TopicView]:
    """The topics in time order; one of no category shows none."""
    return [
        TopicView(
            clock(topic.start_ms),
            topic.phrases,
            "" if topic.category == OTHER else topic.category,
            None if topic.category == OTHER else percent(topic.confidence),
        )
        for topic in topics
    ]


__all__ = ["TopicView", "topic_views"]
