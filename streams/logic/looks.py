"""What services are asked about the best segments of a result: their pictures, their words, both or nothing.

The segmenter goes by it when it says that an enriched result is to come, the enricher when it makes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from processors.domain import Segment
from processors.options import Options
from streams.hosted_services import second_look, text_service
from streams.settings import Settings


def wants_pictures(settings: Settings, options: Options, segments: Sequence[Segment]) -> bool:
    """Whether a vision service is shown the pictures of segments again."""
    asked = bool(second_look(settings)) and options.vision in ("auto", "openai")
    return asked and any(segment.keyframe_uri for segment in segments)


def wants_words(settings: Settings, segments: Sequence[Segment]) -> bool:
    """Whether a language model is sent the words of segments."""
    return bool(text_service(settings)) and any(segment.text for segment in segments)


__all__ = ["wants_pictures", "wants_words"]
