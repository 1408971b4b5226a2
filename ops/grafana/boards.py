"""The dashboards: overview, a stage, services, quality, machine. Each query asks for metrics of the catalogue."""

from __future__ import annotations

from typing import Any

from ops.grafana.panels import board, lines, number, quantiles, stage_variable

_TERMINAL = 'status=~"final|degraded|failed"'


def overview() -> Any:
    """Throughput, success, latency, lag, cost."""
    return (
        board("clipstream-overview", "clipstream: overview", "Are videos getting through, how fast, at what cost?")
        .with_panel(number("videos an hour", "none", f"sum(increase(clipstream_results_total{{{_TERMINAL}}}[1h]))"))
        .with_panel(number("answered", "percentunit", "clipstream:videos_answered:ratio_rate1h", "final or degraded"))
        .with_panel(number("workers up", "none", 'sum(up{job="clipstream"})'))
        .with_panel(number("records waiting", "none", "sum(stage:clipstream_consumer_lag_records:sum)"))
        .with_panel(number("cost of a day", "currencyUSD", "clipstream:cost_usd:increase1d", "machines and services"))
        .with_panel(
            number("return", "percentunit", "clipstream:return_on_investment:ratio1d", "(value - cost) / cost of a day")
        )
        .with_panel(
            lines("results", "none", [("sum by (status) (increase(clipstream_results_total[15m]))", "{{status}}")])
        )
        .with_panel(quantiles("a video, end to end", "s", "video_processing_duration_seconds"))
        .with_panel(quantiles("first result", "s", "clipstream_first_result_seconds"))
        .with_panel(lines("records waiting", "none", [("stage:clipstream_consumer_lag_records:sum", "{{stage}}")]))
        .with_panel(
            lines(
                "items that fail",
                "percentunit",
                [("clipstream:items_failed:ratio_rate5m", "5 min"), ("clipstream:items_failed:ratio_rate1h", "1 h")],
                "The target leaves 0.0001.",
            )
        )
        .with_panel(
            lines(
                "cost an hour",
                "currencyUSD",
                [
                    ("sum(increase(clipstream_infrastructure_cost_usd_total[1h]))", "machines"),
                    ("sum(increase(clipstream_service_cost_usd_total[1h]))", "services"),
                    ("sum(increase(clipstream_saved_cost_usd_total[1h]))", "saved by the cache"),
                ],
            )
        )
    )


def stage() -> Any:
    """One stage."""
    of = '{stage="$stage"}'
    return (
        board("clipstream-stage", "clipstream: a stage", "What does one stage do, and what goes wrong in it?")
        .with_variable(stage_variable())
        .with_panel(number("in flight", "none", f"sum(clipstream_in_flight{of})"))
        .with_panel(number("waiting", "none", f"sum(clipstream_consumer_lag_records{of})"))
        .with_panel(number("longest without a commit", "s", f"max(clipstream_commit_age_seconds{of})"))
        .with_panel(number("waits for room", "s", f"max(clipstream_blocked_seconds{of})"))
        .with_panel(number("came back in", "s", f"max(clipstream_recovery_seconds{of})"))
        .with_panel(number("children", "none", f"sum(clipstream_children{of})"))
        .with_panel(
            lines("items", "ops", [(f"sum by (status) (rate(video_processing_requests_total{of}[5m]))", "{{status}}")])
        )
        .with_panel(quantiles("an item", "s", "clipstream_item_duration_seconds", of))
        .with_panel(
            lines("errors", "ops", [(f"sum by (type) (rate(clipstream_errors_total{of}[5m])) > 0", "{{type}}")])
        )
        .with_panel(
            lines(
                "retries and dead letters",
                "none",
                [
                    (f"sum(increase(clipstream_retries_total{of}[15m]))", "retries"),
                    (f"sum(increase(clipstream_dead_letters_total{of}[15m]))", "dead letters"),
                ],
            )
        )
        .with_panel(
            lines("records waiting", "none", [(f"clipstream_consumer_lag_records{of}", "{{topic}} {{partition}}")])
        )
        .with_panel(
            lines("records out", "ops", [(f"sum by (topic) (rate(clipstream_outputs_total{of}[5m]))", "{{topic}}")])
        )
    )


def services() -> Any:
    """Breakers, cost, tokens, cache."""
    return (
        board(
            "clipstream-services", "clipstream: services and cache", "What is asked of services, what is not, and why?"
        )
        .with_panel(number("charged today", "currencyUSD", "sum(increase(clipstream_service_cost_usd_total[1d]))"))
        .with_panel(number("saved by the cache", "currencyUSD", "sum(increase(clipstream_saved_cost_usd_total[1d]))"))
        .with_panel(
            number(
                "compute saved",
                "s",
                "sum(stage:clipstream_saved_compute_seconds:increase1d)",
                "An estimate: answers of the cache at the mean of computed ones.",
            )
        )
        .with_panel(
            number(
                "cache hits",
                "percentunit",
                "sum(rate(cache_hits_total[1h])) / (sum(rate(cache_hits_total[1h])) "
                '+ sum(rate(cache_misses_total{tier="disk"}[1h])))',
            )
        )
        .with_panel(number("fallbacks today", "none", "sum(increase(clipstream_stand_ins_total[1d]))"))
        .with_panel(number("tokens today", "none", "sum(increase(clipstream_service_tokens_total[1d]))"))
        .with_panel(lines("breakers", "none", [("sum by (stage, state) (clipstream_breakers)", "{{stage}} {{state}}")]))
        .with_panel(
            lines(
                "requests",
                "ops",
                [("sum by (stage, outcome) (rate(clipstream_service_requests_total[5m]))", "{{stage}} {{outcome}}")],
            )
        )
        .with_panel(quantiles("a request", "s", "clipstream_service_request_duration_seconds"))
        .with_panel(quantiles("1,000 tokens", "s", "clipstream_service_seconds_per_1000_tokens"))
        .with_panel(quantiles("cost of a video", "currencyUSD", "clipstream_video_cost_usd"))
        .with_panel(
            lines(
                "fallbacks",
                "none",
                [("sum by (stage, reason) (increase(clipstream_stand_ins_total[15m]))", "{{stage}} {{reason}}")],
            )
        )
        .with_panel(lines("cache hits", "ops", [("sum by (tier) (rate(cache_hits_total[5m]))", "{{tier}}")]))
        .with_panel(lines("cache bytes", "Bps", [("sum by (event) (rate(cache_bytes_total[5m]))", "{{event}}")]))
    )


def quality() -> Any:
    """Speed and quality of what is understood."""
    replayed = "sum(increase(clipstream_replayed_results_total{}[7d]))"
    return (
        board("clipstream-quality", "clipstream: quality", "docs/observability.md says what each figure can know.")
        .with_panel(
            number(
                "recognition",
                "none",
                'sum(rate(clipstream_compute_seconds_total{stage="transcriber"}[1h])) '
                "/ sum(rate(clipstream_recognised_audio_seconds_total[1h]))",
                "times real time, of one child",
            )
        )
        .with_panel(
            number(
                "replays that changed nothing",
                "percentunit",
                replayed.replace("{}", '{outcome="same"}') + " / " + replayed.replace("{}", ""),
            )
        )
        .with_panel(
            number(
                "word error rate",
                "percentunit",
                "sum(rate(clipstream_word_error_rate_sum[7d])) / sum(rate(clipstream_word_error_rate_count[7d]))",
                "Of videos with a known truth only.",
            )
        )
        .with_panel(number("frames an hour", "none", "sum(increase(clipstream_frames_total[1h]))"))
        .with_panel(quantiles("recognition of an audio minute", "s", "clipstream_recognition_seconds_per_audio_minute"))
        .with_panel(quantiles("analysis of a frame", "s", "clipstream_vision_seconds_per_frame"))
        .with_panel(
            quantiles("probability of words", "percentunit", "clipstream_word_probability", "", "The recogniser's own.")
        )
        .with_panel(quantiles("relevance of frames", "percentunit", "clipstream_vision_relevance"))
        .with_panel(quantiles("confidence of segments", "percentunit", "clipstream_segment_confidence"))
        .with_panel(
            lines(
                "frames by who described them",
                "ops",
                [("sum by (source) (rate(clipstream_frames_total[15m]))", "{{source}}")],
            )
        )
    )


def machine() -> Any:
    """Memory, processors, disk."""
    return (
        board("clipstream-machine", "clipstream: machine", "What runs out?")
        .with_panel(
            number(
                "memory left", "percentunit", "min(clipstream_memory_available_bytes / clipstream_memory_limit_bytes)"
            )
        )
        .with_panel(number("disk free", "percentunit", "min(clipstream_disk_free_bytes / clipstream_disk_size_bytes)"))
        .with_panel(number("cores in use", "none", "sum(rate(clipstream_cpu_seconds_total[5m]))"))
        .with_panel(number("children", "none", "sum(clipstream_children)"))
        .with_panel(number("open files, at most", "none", "max(process_open_fds)"))
        .with_panel(
            number("machines cost today", "currencyUSD", "sum(increase(clipstream_infrastructure_cost_usd_total[1d]))")
        )
        .with_panel(lines("memory", "bytes", [("sum by (stage) (memory_usage_bytes)", "{{stage}}")], "PSS: adds up."))
        .with_panel(
            lines("processors", "percent", [("sum by (stage) (cpu_usage_percent)", "{{stage}}")], "of one core")
        )
        .with_panel(lines("memory left", "bytes", [("min(clipstream_memory_available_bytes)", "left")]))
        .with_panel(lines("disk free", "bytes", [("min by (instance) (clipstream_disk_free_bytes)", "{{instance}}")]))
    )


BOARDS = {
    "overview": overview,
    "stage": stage,
    "services": services,
    "quality": quality,
    "machine": machine,
}

__all__ = ["BOARDS"]
