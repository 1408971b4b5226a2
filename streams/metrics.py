"""The one catalogue of metrics: name, unit, labels and meaning. Nothing else makes a metric."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# From a cached item (ms) to a long file's extraction (an hour), about a factor of 2 to 3 apart.
_DURATION_BUCKETS_S: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600)

ITEMS: Final = Counter("clipstream_items_total", "Events that a stage finished", ["stage", "status"])
ITEM_SECONDS: Final = Histogram(
    "clipstream_item_duration_seconds", "From taking an event to its ack", ["stage"], buckets=_DURATION_BUCKETS_S
)
OUTPUTS: Final = Counter("clipstream_outputs_total", "Records published by a stage", ["stage", "topic"])
RETRIES: Final = Counter("clipstream_retries_total", "Tries after the first", ["stage", "error"])
DEAD_LETTERS: Final = Counter("clipstream_dead_letters_total", "Messages given up on", ["stage", "error"])
IN_FLIGHT: Final = Gauge("clipstream_in_flight", "Events taken and not finished", ["stage"])
BLOCKED_SECONDS: Final = Gauge(
    "clipstream_blocked_seconds", "How long a record has waited for room in its stage", ["stage"]
)
STAND_INS: Final = Counter(
    "clipstream_stand_ins_total", "Items that a service did not do, at least in part, although it was to", ["stage"]
)
SERVICE_COST: Final = Counter("clipstream_service_cost_usd_total", "Charged by services", ["stage"])
SINK_BATCHES: Final = Counter("clipstream_sink_batches_total", "Transactions of the sink")
SINK_ROWS: Final = Counter("clipstream_sink_rows_total", "Rows that the sink wrote, changed or deleted")
SINK_SECONDS: Final = Counter("clipstream_sink_seconds_total", "Time that the sink spent in transactions")
SINK_WAITING: Final = Gauge("clipstream_sink_waiting", "1 while the sink waits for its database or blob store, else 0")
CACHE_HITS: Final = Counter("cache_hits_total", "Result cache answers", ["stage", "tier"])
CACHE_MISSES: Final = Counter("cache_misses_total", "Result cache look-ups without an answer", ["stage", "tier"])
CACHE_BYTES: Final = Counter("cache_bytes_total", "Compressed bytes read from and written to", ["event", "tier"])
CACHE_UNAVAILABLE: Final = Counter("cache_unavailable_total", "Tiers that could not answer", ["stage", "tier"])


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
