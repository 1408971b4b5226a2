"""Why a segment has its score: the parts of the sum, as JSON. Reads a merged result, so that older ones work too."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from processors.errors import InvalidMessage
from processors.segments.signals import ALL
from processors.timeline import clock

# Scores have four decimals: a sum that differs by half of the last one is the same.
ROUNDING: Final = Decimal("0.00005")
_GROUPS: Final = {signal.name: signal.group for signal in ALL}
_TEXTS: Final = ("title", "description", "text", "hashtags", "topics", "speakers", "insight", "keyframe_uri")


def explained(result: Mapping[str, Any], segment: Mapping[str, Any]) -> dict[str, Any]:
    """One segment with the sum that its score is.

    Args:
        result: a merged result, see `streams.results.to_json`.
        segment: one of its segments.

    Returns:
        JSON: each signal with its percentile in the video, weight and product, the largest product first; the sum of
        the products, and whether it is the score.
    """
    signals = []
    total = Decimal(0)
    for reason in segment["reasons"]:
        product = Decimal(str(reason["value"])) * Decimal(str(reason["weight"]))
        total += product
        signals.append(
            {
                "signal": reason["signal"],
                "group": _GROUPS.get(reason["signal"]),
                "percentile": reason["value"],
                "weight": reason["weight"],
                "product": float(round(product, 6)),
                "detail": reason["detail"],
            }
        )
    signals.sort(key=lambda each: (-each["product"], each["signal"]))
    return {
        "video_id": result.get("video_id"),
        "generation": result.get("generation"),
        "revision": result.get("revision"),
        "status": result.get("status"),
        "segment_id": segment["segment_id"],
        "rank": segment["rank"],
        "of": len(result["segments"]),
        "start_ms": segment["start_ms"],
        "end_ms": segment["end_ms"],
        "signals": signals,
        "weights": float(sum(Decimal(str(reason["weight"])) for reason in segment["reasons"])),
        "sum": float(round(total, 6)),
        "score": segment["score"],
        "sum_is_score": abs(total - Decimal(str(segment["score"]))) <= ROUNDING,
        "confidence": segment["confidence"],
        "modalities": segment.get("modalities") or {},
        "engagement": segment.get("engagement"),
        "platforms": segment.get("platforms") or {},
        "suggestions": segment.get("suggestions") or [],
        **{name: segment.get(name) for name in _TEXTS},
    }


def chosen(result: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
    """The segment that somebody names.

    Args:
        result: a merged result.
        wanted: a rank ("1", "#1") or a segment_id.

    Raises:
        InvalidMessage: there is none; those that there are are listed.
    """
    segments = result["segments"]
    number = wanted.removeprefix("#")
    for segment in segments:
        if segment["segment_id"] == wanted or (number.isdecimal() and segment["rank"] == int(number)):
            found: Mapping[str, Any] = segment
            return found
    if not segments:
        why = "; ".join(result.get("missing") or []) or result.get("error") or "nothing was found to rank"
        raise InvalidMessage(f"Video '{result.get('video_id')}' has no segments: {why}.")
    there = ", ".join(
        f"{each['rank']} ({clock(each['start_ms'])}–{clock(each['end_ms'])}, {each['segment_id']})" for each in segments
    )
    raise InvalidMessage(f"There is no segment '{wanted[:80]}'.", f"There are: {there}.")


__all__ = ["chosen", "explained"]
