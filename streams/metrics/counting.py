"""Counting what happens, with labels whose values are bounded."""

from __future__ import annotations

from streams.metrics.catalogue import (
    CACHE_BYTES,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_UNAVAILABLE,
    DEAD_LETTERS,
    ERROR_TYPES,
    ERRORS,
    RETRIES,
    SAVED_COST,
    SERVICE_COST,
    STAND_INS,
)


def count_cache(event: str, stage: str, tier: str, size_bytes: int) -> None:
    """Count an event of the result cache; see `processors.cache.ResultCache`."""
    if event == "hit":
        CACHE_HITS.labels(stage, tier).inc()
    elif event == "miss":
        CACHE_MISSES.labels(stage, tier).inc()
    elif event == "unavailable":
        CACHE_UNAVAILABLE.labels(stage, tier).inc()
    if size_bytes:
        CACHE_BYTES.labels(event, tier).inc(size_bytes)


def count_error(stage: str, error: BaseException) -> None:
    """A try failed."""
    ERRORS.labels(stage, type_of(error)).inc()


def count_retry(stage: str, error: BaseException) -> None:
    """Another try follows."""
    RETRIES.labels(stage, type_of(error)).inc()


def count_dead_letter(stage: str, error: BaseException) -> None:
    """A message is given up on."""
    DEAD_LETTERS.labels(stage, type_of(error)).inc()


def count_service(stage: str, cost_usd: float, fallback: str | None, *, cached: bool) -> None:
    """What a job that may ask a service came to.

    Args:
        stage: whose job it is.
        cost_usd: that it cost when it was computed.
        fallback: why the service did not do it, or None.
        cached: whether the result cache answered, so that nothing was charged now.
    """
    if cached:
        SAVED_COST.labels(stage).inc(cost_usd)
        return
    SERVICE_COST.labels(stage).inc(cost_usd)
    if fallback is not None:
        STAND_INS.labels(stage, "budget" if "budget" in fallback.lower() else "service").inc()


def type_of(error: BaseException) -> str:
    """The class of an error as a label."""
    name = type(error).__name__
    return name if name in ERROR_TYPES else "Other"


__all__ = ["count_cache", "count_dead_letter", "count_error", "count_retry", "count_service", "type_of"]
