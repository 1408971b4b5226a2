"""Metrics: `catalogue.py` has all of them; here is what others count with, and what a worker exposes."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector

from streams.metrics.catalogue import (
    BLOCKED_SECONDS,
    COMMIT_AGE,
    ERROR_TYPES,
    ERRORS,
    GATEWAY_OVERRUNS,
    GATEWAY_READERS,
    GATEWAY_REQUESTS,
    GATEWAY_SECONDS,
    IN_FLIGHT,
    ITEM_SECONDS,
    ITEMS,
    LAG,
    OUTPUTS,
    RECOVERY_SECONDS,
    REPLAYED,
    SINK_BATCHES,
    SINK_ROWS,
    SINK_SECONDS,
    SINK_WAITING,
    WEBHOOKS,
)
from streams.metrics.counting import count_cache, count_dead_letter, count_error, count_retry, count_service
from streams.metrics.spec import CATALOGUE, Spec

# Of the Prometheus client itself: `process_start_time_seconds`, `process_open_fds`, ...
FOREIGN = "process_"


def registry_of(agent: str, first: Any = None) -> CollectorRegistry:
    """What an agent's worker exposes, its series at 0 where they are known before anything happened.

    Args:
        agent: its name.
        first: a collector that is asked before all others, and sets what they tell; None for none.
    """
    registry = CollectorRegistry()
    if first is not None:
        registry.register(first)
    ProcessCollector(registry=registry)
    for spec in CATALOGUE.values():
        if spec.exposed_by(agent):
            spec.begin(agent)
            registry.register(spec.metric)
    return registry


__all__ = [
    "BLOCKED_SECONDS",
    "CATALOGUE",
    "COMMIT_AGE",
    "ERRORS",
    "ERROR_TYPES",
    "GATEWAY_OVERRUNS",
    "GATEWAY_READERS",
    "GATEWAY_REQUESTS",
    "GATEWAY_SECONDS",
    "IN_FLIGHT",
    "ITEMS",
    "ITEM_SECONDS",
    "LAG",
    "OUTPUTS",
    "RECOVERY_SECONDS",
    "REPLAYED",
    "SINK_BATCHES",
    "SINK_ROWS",
    "SINK_SECONDS",
    "SINK_WAITING",
    "WEBHOOKS",
    "Spec",
    "count_cache",
    "count_dead_letter",
    "count_error",
    "count_retry",
    "count_service",
    "registry_of",
]
