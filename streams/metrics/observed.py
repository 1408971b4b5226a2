"""What a record that goes out says of speed, cost and quality: one function for each topic that says something.

Called once for each record that is handed to the broker; a crash or another try may count one twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.messages import END_INDEX, Header, Segments, TranscriptMessage, VisionResultMessage
from streams import topics
from streams.metrics.catalogue import (
    COMPUTE_SECONDS,
    FIRST_RESULT_SECONDS,
    FRAME_SECONDS,
    FRAMES,
    JOB_OUTPUTS,
    RECOGNISED,
    RECOGNITION_SECONDS,
    RESULTS,
    SEGMENT_CONFIDENCE,
    VIDEO_COST,
    VIDEO_SECONDS,
    VIDEO_TIME,
    VISION_RELEVANCE,
    WORD_PROBABILITY,
)

_MS: Final = 1_000.0
_SERVICE: Final = "openai:"  # before the name of a service's model


def observe(stage: str, topic: str, header: Header, message: Any) -> None:
    """Tell the metrics of a record.

    Args:
        stage: that made it.
        topic: it goes to, by its name in the catalogue.
        header: of the record, or of the work that made it.
        message: the record.
    """
    if header.index != END_INDEX and header.status != "failed":  # an end has the times of all before it once more
        JOB_OUTPUTS.labels(stage, "cache" if header.cached else "computed").inc()
        if not header.cached:
            COMPUTE_SECONDS.labels(stage).inc(header.took_ms / _MS)
    tell = _TELLS.get(topic)
    if tell is not None:
        tell(header, message)


def _transcript(header: Header, message: TranscriptMessage) -> None:
    found = message.item
    if found is None:
        return
    probabilities = [word.probability for utterance in found.utterances for word in utterance.words]
    if probabilities:
        WORD_PROBABILITY.observe(sum(probabilities) / len(probabilities))
    length_ms = found.end_ms - found.start_ms
    if not header.cached and length_ms > 0:
        RECOGNISED.inc(length_ms / _MS)
        by = "service" if found.model.startswith(_SERVICE) else "local"
        RECOGNITION_SECONDS.labels(by).observe(header.took_ms / length_ms * 60.0)


def _pictures(header: Header, message: VisionResultMessage) -> None:
    frames = message.item.frames if message.item is not None else []
    if header.cached or not frames:
        return
    FRAME_SECONDS.observe(header.took_ms / _MS / len(frames))
    for frame in frames:
        FRAMES.labels("service" if frame.source.startswith(_SERVICE) else "local").inc()
        VISION_RELEVANCE.observe(frame.score)


def _result(_header: Header, result: Segments) -> None:
    spent_s = max(0.0, (result.run.finished_at_ms - result.run.started_at_ms) / _MS)
    if result.enriched:
        VIDEO_SECONDS.labels("enrich").observe(spent_s)
        return
    RESULTS.labels(result.status).inc()
    if result.revision == 1:
        FIRST_RESULT_SECONDS.observe(spent_s)
    if result.status not in ("final", "degraded"):
        return
    VIDEO_SECONDS.labels("replay" if result.generation else "process").observe(spent_s)
    VIDEO_TIME.inc(result.duration_ms / _MS)
    VIDEO_COST.observe(result.run.cost_usd)
    for segment in result.segments:
        SEGMENT_CONFIDENCE.observe(segment.confidence)


_TELLS: Final[dict[str, Callable[[Header, Any], None]]] = {
    topics.TRANSCRIPT.name: _transcript,
    topics.VISION_RESULT.name: _pictures,
    topics.SEGMENTS.name: _result,
}

__all__ = ["observe"]
