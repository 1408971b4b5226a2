"""The one catalogue of metrics: name, unit, meaning, labels, who exposes it. Nothing else makes a metric.

The page `docs/metrics.md` is made of it. Names and units follow Prometheus; those without `clipstream_` are asked for
by name. Quality is told as what it is: docs/observability.md says what each of these figures can and cannot know.
"""

from __future__ import annotations

from typing import Final

from processors import errors
from streams.metrics.spec import EVERY, GATEWAY, STAGES, counter, gauge, histogram

# From a cached item (ms) to a long file's extraction (an hour), about a factor of 2 to 3 apart.
_DURATION_BUCKETS_S: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600)
# A whole video: from an answer out of the cache to a day; 30, 90, 300 and 900 s are what is aimed at for an hour of it.
_VIDEO_BUCKETS_S: Final = (1, 3, 10, 30, 90, 300, 900, 1800, 3600, 10_800, 36_000, 86_400)
# Recognition at 0.02 to 2 times real time is 1.2 to 120 s for a minute.
_MINUTE_BUCKETS_S: Final = (0.5, 1, 1.5, 2, 3, 5, 10, 20, 60, 120)
# The local models take 0.05 s for a picture, a service 0.2 to 2 s.
_FRAME_BUCKETS_S: Final = (0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5)
_TOKENS_BUCKETS_S: Final = (0.1, 0.3, 1, 2, 5, 10, 30, 100)
_SHARE_BUCKETS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
# Below 0.05 it is excellent, above 1 there are more errors than words.
_ERROR_RATE_BUCKETS: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
# An hour of film with pictures and sound by a service is about 1 USD.
_COST_BUCKETS_USD: Final = (0.0, 0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)

# Classes of errors by name, so that the number of series is bounded; any other one is "Other".
ERROR_TYPES: Final = (
    *sorted(
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ClipstreamError) and kind is not errors.ClipstreamError
    ),
    *("JobFailed", "JobTimedOut", "RegistryAway", "RecordTooLarge", "DeadLetterLimit", "StoodStill", "Other"),
)
TIERS: Final = ("memory", "redis", "disk")
OUTCOMES: Final = ("answered", "failed", "refused", "stopped")
BREAKER_STATES: Final = ("CLOSED", "OPEN", "HALF_OPEN")
_PAID: Final = ("transcriber", "vision", "enricher")
_RESULTS: Final = "segmenter"

# --- work
ITEMS: Final = counter(
    "video_processing_requests_total", "1", "Events that a stage finished; invalid is the fault of what was sent.",
    ["stage", "status"], EVERY, status=("ok", "failed", "invalid", "cancelled"),
)  # fmt: skip
ITEM_SECONDS: Final = histogram(
    "clipstream_item_duration_seconds", "seconds", "From taking an event to its ack.", ["stage"], STAGES,
    buckets=_DURATION_BUCKETS_S,
)  # fmt: skip
VIDEO_SECONDS: Final = histogram(
    "video_processing_duration_seconds", "seconds",
    "From the first part that the join saw to the last result (workflow process or replay), to the enriched one "
    "(enrich).", ["workflow"], _RESULTS, "enricher", buckets=_VIDEO_BUCKETS_S, workflow=("process", "replay", "enrich"),
)  # fmt: skip
FIRST_RESULT_SECONDS: Final = histogram(
    "clipstream_first_result_seconds", "seconds", "The same to the first result of a generation, provisional or not.",
    [], _RESULTS, buckets=_VIDEO_BUCKETS_S,
)  # fmt: skip
RESULTS: Final = counter(
    "clipstream_results_total", "1", "Revisions of results published.", ["status"], _RESULTS,
    status=("provisional", "final", "degraded", "failed", "cancelled"),
)  # fmt: skip
VIDEO_TIME: Final = counter(
    "clipstream_video_seconds_total",
    "seconds",
    "Length of videos, once for each final or degraded result.",
    [],
    _RESULTS,
)
OUTPUTS: Final = counter(
    "clipstream_outputs_total", "1", "Records published by a stage.", ["stage", "topic"], EVERY, topic=("dead-letter",)
)
JOB_OUTPUTS: Final = counter(
    "clipstream_job_outputs_total", "1", "Outputs that were computed, or answered by the result cache.",
    ["stage", "source"], STAGES, source=("computed", "cache"),
)  # fmt: skip
COMPUTE_SECONDS: Final = counter(
    "clipstream_compute_seconds_total", "seconds", "What the computed ones took in the children.", ["stage"], STAGES
)
IN_FLIGHT: Final = gauge("clipstream_in_flight", "1", "Events taken and not finished.", ["stage"], EVERY)
BLOCKED_SECONDS: Final = gauge(
    "clipstream_blocked_seconds", "seconds", "How long a record has waited for room in its stage.", ["stage"], EVERY
)

# --- the stream
LAG: Final = gauge(
    "clipstream_consumer_lag_records", "1", "Records behind the committed offset, of the partitions that it has.",
    ["stage", "topic", "partition"], EVERY,
)  # fmt: skip
COMMIT_AGE: Final = gauge(
    "clipstream_commit_age_seconds", "seconds",
    "For how long the slowest partition with records has had no commit.", ["stage"], EVERY,
)  # fmt: skip
RECOVERY_SECONDS: Final = gauge(
    "clipstream_recovery_seconds", "seconds",
    "From the start of the process until it had committed a record, or had seen that none waits; 0 until then. "
    "Looked at every 2 s.", ["stage"], EVERY,
)  # fmt: skip

# --- failures
ERRORS: Final = counter(
    "clipstream_errors_total", "1", "Errors of tries, by class.", ["stage", "type"], EVERY, type=ERROR_TYPES
)
RETRIES: Final = counter(
    "clipstream_retries_total", "1", "Tries after the first.", ["stage", "error"], STAGES, error=ERROR_TYPES
)
DEAD_LETTERS: Final = counter(
    "clipstream_dead_letters_total", "1", "Messages given up on.", ["stage", "error"], EVERY, error=ERROR_TYPES
)
STAND_INS: Final = counter(
    "clipstream_stand_ins_total", "1", "Fallbacks: items that a service did not do, at least in part, although it "
    "was to.", ["stage", "reason"], *_PAID, reason=("budget", "service"),
)  # fmt: skip
REPLAYED: Final = counter(
    "clipstream_replayed_results_total", "1", "Final results of a replay, by whether they have the segments of the "
    "generation before.", ["outcome"], _RESULTS, outcome=("same", "changed"),
)  # fmt: skip

# --- paid services, as the children report them
SERVICE_REQUESTS: Final = counter(
    "clipstream_service_requests_total", "1", "Tries of requests; stopped: not sent, as the breaker is open or a "
    "limit leaves no room.", ["stage", "outcome"], *_PAID, outcome=OUTCOMES,
)  # fmt: skip
SERVICE_SECONDS: Final = histogram(
    "clipstream_service_request_duration_seconds", "seconds", "Of tries that were sent.", ["stage"], *_PAID,
    buckets=_DURATION_BUCKETS_S,
)  # fmt: skip
SERVICE_TOKENS: Final = counter(
    "clipstream_service_tokens_total", "1", "Tokens that the service says it charged.", ["stage"], *_PAID
)
TOKENS_SECONDS: Final = histogram(
    "clipstream_service_seconds_per_1000_tokens", "seconds", "Of an answered request, for 1,000 of its tokens.",
    ["stage"], *_PAID, buckets=_TOKENS_BUCKETS_S,
)  # fmt: skip
SERVICE_COST: Final = counter(
    "clipstream_service_cost_usd_total", "USD", "Charged by services, by their list prices.", ["stage"], *_PAID
)
SAVED_COST: Final = counter(
    "clipstream_saved_cost_usd_total", "USD", "What answers of the result cache cost when they were made.", ["stage"],
    *_PAID,
)  # fmt: skip
BREAKERS: Final = gauge(
    "clipstream_breakers", "1", "Breakers of the children by state; each child has its own for each service.",
    ["stage", "state"], *_PAID, state=BREAKER_STATES,
)  # fmt: skip
VIDEO_COST: Final = histogram(
    "clipstream_video_cost_usd", "USD", "What services charged for a video, of final and degraded results.", [],
    _RESULTS, buckets=_COST_BUCKETS_USD,
)  # fmt: skip

# --- the result cache
CACHE_HITS: Final = counter(
    "cache_hits_total", "1", "Result cache answers.", ["stage", "tier"], STAGES, tier=TIERS
)  # fmt: skip
CACHE_MISSES: Final = counter(
    "cache_misses_total", "1", "Result cache look-ups without an answer.", ["stage", "tier"], STAGES, tier=TIERS
)
CACHE_BYTES: Final = counter(
    "cache_bytes_total", "bytes", "Compressed bytes read from and written to it.", ["event", "tier"], STAGES,
    event=("hit", "put"), tier=TIERS,
)  # fmt: skip
CACHE_UNAVAILABLE: Final = counter(
    "cache_unavailable_total", "1", "Tiers that could not answer.", ["stage", "tier"], STAGES, tier=TIERS
)

# --- speed and quality of what is understood
RECOGNITION_SECONDS: Final = histogram(
    "clipstream_recognition_seconds_per_audio_minute", "seconds", "Recognition of a chunk, for a minute of its sound.",
    ["by"], "transcriber", buckets=_MINUTE_BUCKETS_S, by=("local", "service"),
)  # fmt: skip
RECOGNISED: Final = counter(
    "clipstream_recognised_audio_seconds_total", "seconds", "Sound whose words were computed.", [], "transcriber"
)
WORD_PROBABILITY: Final = histogram(
    "clipstream_word_probability", "ratio", "Mean probability that the recogniser itself gives the words of a chunk; "
    "no error rate.", [], "transcriber", buckets=_SHARE_BUCKETS,
)  # fmt: skip
WORD_ERROR_RATE: Final = histogram(
    "clipstream_word_error_rate", "ratio", "Errors for each word of the reference, of videos that have one in "
    "CLIPSTREAM_TRUTH_DIR.", [], _RESULTS, buckets=_ERROR_RATE_BUCKETS,
)  # fmt: skip
FRAME_SECONDS: Final = histogram(
    "clipstream_vision_seconds_per_frame", "seconds", "Analysis of a batch, for one of its frames.", [], "vision",
    buckets=_FRAME_BUCKETS_S,
)  # fmt: skip
FRAMES: Final = counter(
    "clipstream_frames_total", "1", "Frames described anew.", ["source"], "vision", source=("local", "service")
)
VISION_RELEVANCE: Final = histogram(
    "clipstream_vision_relevance", "ratio", "How well a frame stands for its moment, by the analysis itself.", [],
    "vision", buckets=_SHARE_BUCKETS,
)  # fmt: skip
SEGMENT_CONFIDENCE: Final = histogram(
    "clipstream_segment_confidence", "ratio", "Confidence of each segment of final and degraded results.", [], _RESULTS,
    buckets=_SHARE_BUCKETS,
)  # fmt: skip

# --- the machine, sampled when it is scraped
MEMORY: Final = gauge(
    "memory_usage_bytes", "bytes", "Of the worker and its children; PSS on Linux (shared pages by their parts), else "
    "RSS.", ["stage"], EVERY, GATEWAY,
)  # fmt: skip
CPU: Final = gauge(
    "cpu_usage_percent",
    "percent",
    "Of one core, worker and children, since the scrape before.",
    ["stage"],
    EVERY,
    GATEWAY,
)
CPU_SECONDS: Final = counter(
    "clipstream_cpu_seconds_total",
    "seconds",
    "Processor time of the worker and its children.",
    ["stage"],
    EVERY,
    GATEWAY,
)
CHILDREN: Final = gauge("clipstream_children", "1", "Child processes that live.", ["stage"], EVERY, GATEWAY)
INFRASTRUCTURE_COST: Final = counter(
    "clipstream_infrastructure_cost_usd_total", "USD", "Processor time and memory over time, by the prices of the "
    "settings.", ["stage"], EVERY, GATEWAY,
)  # fmt: skip
MEMORY_LIMIT: Final = gauge(
    "clipstream_memory_limit_bytes", "bytes", "Of the container, else the memory of the machine.", [], EVERY, GATEWAY
)
MEMORY_AVAILABLE: Final = gauge("clipstream_memory_available_bytes", "bytes", "What of it is left.", [], EVERY, GATEWAY)
DISK_FREE: Final = gauge("clipstream_disk_free_bytes", "bytes", "Free where the data folder lies.", [], EVERY, GATEWAY)
DISK_SIZE: Final = gauge("clipstream_disk_size_bytes", "bytes", "Size of that disk.", [], EVERY, GATEWAY)

# --- the sink
SINK_BATCHES: Final = counter("clipstream_sink_batches_total", "1", "Transactions of the sink.", [], "sink")
SINK_ROWS: Final = counter("clipstream_sink_rows_total", "1", "Rows that it wrote, changed or deleted.", [], "sink")
SINK_SECONDS: Final = counter("clipstream_sink_seconds_total", "seconds", "Time that it spent in them.", [], "sink")
SINK_WAITING: Final = gauge(
    "clipstream_sink_waiting", "1", "1 while it waits for its database or blob store, else 0.", [], "sink"
)

# --- the gateway
GATEWAY_REQUESTS: Final = counter(
    "clipstream_gateway_requests_total", "1", "Answers.", ["route", "method", "status"], GATEWAY
)
GATEWAY_SECONDS: Final = histogram(
    "clipstream_gateway_request_duration_seconds",
    "seconds",
    "From a request to the end of its answer; of an event stream, its life.",
    ["route"],
    GATEWAY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 60),
)
GATEWAY_READERS: Final = gauge("clipstream_gateway_event_readers", "1", "Event streams that are open.", [], GATEWAY)
GATEWAY_OVERRUNS: Final = counter(
    "clipstream_gateway_event_overruns_total", "1", "Event streams closed as too slow.", [], GATEWAY
)
WEBHOOKS: Final = counter("clipstream_webhooks_total", "1", "Deliveries to callback URLs.", ["outcome"], GATEWAY)

# --- what money is reckoned with
VIDEO_HOUR_VALUE: Final = gauge(
    "clipstream_video_hour_value_usd", "USD", "What an hour of video that is through is worth: a setting.", [], _RESULTS
)
DAILY_BUDGET: Final = gauge(
    "clipstream_daily_budget_usd", "USD", "What services may charge in a day before somebody is told: a setting; 0 for "
    "none.", [], _RESULTS,
)  # fmt: skip
