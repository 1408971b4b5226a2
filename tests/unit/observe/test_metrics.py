"""The catalogue of metrics: its page, its conventions, what a worker exposes, and what counts with them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ops.bench.stub_child import audio_chunk
from ops.docs.metrics_page import PAGE, page
from processors.domain import BatchAnalysis, ChunkTranscript, FrameAnalysis, Segment, Utterance, Word
from processors.errors import InvalidMedia, Retryable
from processors.options import Options
from schemas.messages import Header, Run, Segments, TranscriptMessage, VisionResultMessage
from streams import agents, metrics, topics
from streams.clock import SYSTEM_CLOCK
from streams.metrics import catalogue, registry_of
from streams.metrics.machine import Machine
from streams.metrics.observed import observe
from streams.metrics.partitions import Partitions
from streams.metrics.services import Services
from streams.metrics.truth import Consistency, observe_errors
from streams.settings import Settings
from tests.prometheus import needs_prometheus
from tests.unit.observe.values import value
from tests.unit.streams import test_stage

ASKED_FOR = {
    "video_processing_requests_total": ("counter", {"stage", "status"}),
    "video_processing_duration_seconds": ("histogram", {"workflow"}),
    "memory_usage_bytes": ("gauge", {"stage"}),
    "cpu_usage_percent": ("gauge", {"stage"}),
    "cache_hits_total": ("counter", {"stage", "tier"}),
    "cache_misses_total": ("counter", {"stage", "tier"}),
}


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m ops.docs.metrics_page"


@pytest.mark.parametrize("name", ASKED_FOR)
def test_the_names_that_are_asked_for(name: str) -> None:
    spec = metrics.CATALOGUE[name]
    assert (spec.kind, set(spec.labels)) == ASKED_FOR[name]


def test_names_and_units_follow_prometheus() -> None:
    for spec in metrics.CATALOGUE.values():
        assert spec.name.startswith("clipstream_") or spec.name in ASKED_FOR or spec.name.startswith("cache_")
        assert spec.name.endswith("_total") == (spec.kind == "counter"), spec.name
        if spec.unit in ("seconds", "bytes"):
            assert spec.unit in spec.name, spec.name
        assert spec.meaning.endswith("."), spec.name
        assert not {"video_id", "video", "uri", "index"} & set(spec.labels), "its values are not bounded"
        assert set(spec.by) <= {"every worker", "every stage", "gateway", *agents.ALL}, spec.name


@pytest.mark.parametrize("agent", ["transcriber", "joiner", "segmenter", "vision"])
def test_promtool_has_nothing_against_them(agent: str) -> None:
    needs_prometheus()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=generate_latest(registry_of(agent)), capture_output=True, timeout=60
    )
    said = [line for line in done.stderr.decode().splitlines() if line.strip()]
    # the name is asked for as it is, and a ratio would be another number
    assert [line for line in said if not line.startswith("cpu_usage_percent ")] == []


@pytest.mark.parametrize("agent", [*agents.ALL, "gateway"])
def test_a_worker_exposes_exactly_what_the_catalogue_says(agent: str) -> None:
    families = {f.name for f in text_string_to_metric_families(generate_latest(registry_of(agent)).decode())}
    wanted = {spec.name.removesuffix("_total") for spec in metrics.CATALOGUE.values() if spec.exposed_by(agent)}
    assert {name for name in families if not name.startswith(metrics.FOREIGN)} == wanted


def test_the_machine_is_sampled_when_it_is_scraped(tmp_path: Path) -> None:
    registry = registry_of("vision", Machine("vision", Settings(data_dir=tmp_path), SYSTEM_CLOCK))
    generate_latest(registry)
    used_before = catalogue.CPU_SECONDS.labels("vision")._value.get()
    sum(n * n for n in range(2_000_000))
    found = value(registry, "memory_usage_bytes", stage="vision")
    assert 10e6 < found < psutil.virtual_memory().total
    assert value(registry, "clipstream_cpu_seconds_total", stage="vision") > used_before
    assert value(registry, "clipstream_infrastructure_cost_usd_total", stage="vision") > 0
    assert 0 < value(registry, "clipstream_disk_free_bytes") <= value(registry, "clipstream_disk_size_bytes")
    assert 0 < value(registry, "clipstream_memory_available_bytes") <= value(registry, "clipstream_memory_limit_bytes")


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def now_ms(self) -> int:
        return round(self.now_s * 1000)

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_breakers_of_children_open_run_out_and_go_with_their_child() -> None:
    clock, registry = Now(), registry_of("vision")
    services = Services(clock)

    def states() -> dict[str, float]:
        services.refresh()
        return {s: value(registry, "clipstream_breakers", stage="vision", state=s) for s in catalogue.BREAKER_STATES}

    services.told("vision", "a", {"requests": [["answered", 2.0, 500]], "breakers": [None]})
    services.told("vision", "b", {"requests": [["failed", 1.0, 0], ["stopped", 0.0, 0]], "breakers": [30.0]})
    assert states() == {"CLOSED": 1, "OPEN": 1, "HALF_OPEN": 0}
    clock.now_s += 31
    assert states() == {"CLOSED": 1, "OPEN": 0, "HALF_OPEN": 1}
    services.gone("b")
    assert states() == {"CLOSED": 1, "OPEN": 0, "HALF_OPEN": 0}
    assert value(registry, "clipstream_service_seconds_per_1000_tokens_sum", stage="vision") == pytest.approx(4.0)
    assert value(registry, "clipstream_service_request_duration_seconds_count", stage="vision") == 2
    assert value(registry, "clipstream_service_requests_total", stage="vision", outcome="stopped") == 1


def test_partitions_tell_lag_slow_commits_and_recovery() -> None:
    registry, age = registry_of("content"), [7.0]
    told = Partitions("content", lambda: age[0])
    one, two = (topics_partition("transcript", number) for number in (0, 1))

    def lag(number: int) -> float | None:
        return value(registry, "clipstream_consumer_lag_records", stage="content", topic="transcript", partition=number)

    told.seen([(one, 5, 3), (two, 9, 0)], now_s=10.0)
    assert (lag(0), lag(1)) == (3, 0)
    assert value(registry, "clipstream_recovery_seconds", stage="content") == 0, "records wait, none is committed"
    told.seen([(one, 5, 4), (two, 9, 0)], now_s=40.0)
    assert value(registry, "clipstream_commit_age_seconds", stage="content") == 30
    age[0] = 12.5
    told.seen([(one, 6, 3)], now_s=41.0)
    assert (lag(0), lag(1)) == (3, None), "the other one went to another worker"
    assert value(registry, "clipstream_commit_age_seconds", stage="content") == 0
    assert value(registry, "clipstream_recovery_seconds", stage="content") == 12.5
    age[0] = 99.0
    told.seen([(one, 9, 0)], now_s=50.0)
    assert value(registry, "clipstream_recovery_seconds", stage="content") == 12.5, "once a start"


def test_a_worker_without_work_has_recovered_when_it_sees_that_nothing_waits() -> None:
    registry = registry_of("vision")
    Partitions("vision", lambda: 3.0).seen([(topics_partition("frame-batch", 0), 0, 0)], now_s=1.0)
    assert value(registry, "clipstream_recovery_seconds", stage="vision") == 3.0


def topics_partition(topic: str, partition: int) -> object:
    from aiokafka import TopicPartition

    return TopicPartition(topic, partition)


HEADER = Header("v", 0, "transcriber", 0, "ok", None, 1, Options(), None, 600, False)


def test_a_transcript_tells_latency_and_probability() -> None:
    registry = registry_of("transcriber")
    chunk = audio_chunk(0)
    words = [Word(0, 100, "a", 0.5), Word(100, 200, "b", 0.7)]
    spoken = Utterance(0, 200, "a b", "en", words, -0.2, 0.0, None)
    item = ChunkTranscript(0, 30_000, 200, "en", 0.9, [spoken], [], "base")
    before = {name: value(registry, name) or 0.0 for name in ("clipstream_word_probability_sum",)}
    per_minute = value(registry, "clipstream_recognition_seconds_per_audio_minute_sum", by="local") or 0.0
    observe("transcriber", topics.TRANSCRIPT.name, HEADER, TranscriptMessage(HEADER, item, None))
    assert value(registry, "clipstream_word_probability_sum") - before["clipstream_word_probability_sum"] == (
        pytest.approx(0.6)
    )
    after = value(registry, "clipstream_recognition_seconds_per_audio_minute_sum", by="local")
    assert after - per_minute == pytest.approx(1.2), "0.6 s for half a minute"
    cached = replace(HEADER, cached=True, took_ms=0)
    observe("transcriber", topics.TRANSCRIPT.name, cached, TranscriptMessage(cached, item, None))
    assert value(registry, "clipstream_recognition_seconds_per_audio_minute_sum", by="local") == after
    assert value(registry, "clipstream_job_outputs_total", stage="transcriber", source="cache") >= 1
    assert chunk.end_ms > 0


def test_an_end_record_is_counted_as_no_output() -> None:
    registry = registry_of("transcriber")
    name, labels = "clipstream_job_outputs_total", {"stage": "transcriber", "source": "computed"}
    before = value(registry, name, **labels)
    end = replace(HEADER, index=-1, took_ms=99_000)
    observe("transcriber", topics.TRANSCRIPT.name, end, TranscriptMessage(end, None, None))
    assert value(registry, name, **labels) == before


def test_pictures_tell_their_time_and_source() -> None:
    registry = registry_of("vision")
    frames = [
        FrameAnalysis("blob:0", 0, 0, [], [], [], "other", 0.4, 1.0, 0.5, 0.5, 0.1, source, "m")
        for source in ("local", "openai:gpt-4.1-mini")
    ]
    seconds = value(registry, "clipstream_vision_seconds_per_frame_sum")
    service = value(registry, "clipstream_frames_total", source="service")
    observe(
        "vision", topics.VISION_RESULT.name, HEADER, VisionResultMessage(HEADER, BatchAnalysis(frames, [], 0), None)
    )
    assert value(registry, "clipstream_vision_seconds_per_frame_sum") - seconds == pytest.approx(0.3)
    assert value(registry, "clipstream_frames_total", source="service") - service == 1


def result(**changed: object) -> Segments:
    segment = Segment("v-0-9", 1, 0, 9, 0.5, 0.8, "t", "x", [], None)
    run = Run([], [], 0.25, started_at_ms=1_000, finished_at_ms=31_000)
    made = Segments("v", 0, 2, False, "final", None, 60_000, "", [], 0.5, [segment], [], None, None, run)
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "workflow"),
    [({}, "process"), ({"generation": 1}, "replay"), ({"enriched": True}, "enrich"), ({"status": "failed"}, None)],
)
def test_a_result_tells_how_long_its_video_took(changed: dict[str, object], workflow: str | None) -> None:
    registry = registry_of("segmenter")
    name = "video_processing_duration_seconds_sum"
    before = {one: value(registry, name, workflow=one) for one in ("process", "replay", "enrich")}
    observe("segmenter", topics.SEGMENTS.name, HEADER, result(**changed))
    spent = {one: value(registry, name, workflow=one) - held for one, held in before.items()}
    assert spent == {one: 30.0 if one == workflow else 0.0 for one in before}


def test_a_replay_is_compared_with_the_generation_before_it() -> None:
    registry, told = registry_of("segmenter"), Consistency()

    def counts() -> tuple[float, float]:
        same, changed = (value(registry, "clipstream_replayed_results_total", outcome=o) for o in ("same", "changed"))
        return same, changed

    same, changed = counts()
    told.note(result(), None)
    assert counts() == (same, changed), "there was nothing before"
    told.note(result(generation=1, status="provisional", segments=[]), (0, ["v-0-9"]))
    told.note(result(generation=1), (1, []))
    assert counts() == (same + 1, changed), "its own early result is not what counts"
    told.note(result(generation=2), (1, ["v-0-8"]))
    assert counts() == (same + 1, changed + 1)


def test_without_a_truth_there_is_no_error_rate(tmp_path: Path) -> None:
    from processors.blobs import BlobStore

    blobs = BlobStore(str(tmp_path / "blobs"))
    utterances = [{"start_ms": 0, "end_ms": 9, "text": "the cat sat", "language": "en", "words": []}]
    spoken = [{**one, "avg_logprob": 0.0, "no_speech_probability": 0.0, "loudness_db": None} for one in utterances]
    import orjson

    made = result(document_uri=blobs.put(orjson.dumps({"transcript": spoken})))
    assert observe_errors(made, tmp_path, blobs) is None
    (tmp_path / "v.txt").write_text("The cat sat down.", encoding="utf-8")
    assert observe_errors(made, tmp_path, blobs) == 0.25, "one of four words is missing"
    (tmp_path / "v.txt").write_bytes(b"\xff\xfe\x00")
    assert observe_errors(made, tmp_path, blobs) is None


def test_classes_of_errors_are_bounded() -> None:
    registry = registry_of("vision")
    made = type("MadeUpError", (Exception,), {})
    other = value(registry, "clipstream_errors_total", stage="vision", type="Other")
    media = value(registry, "clipstream_errors_total", stage="vision", type="InvalidMedia")
    metrics.count_error("vision", made())
    metrics.count_error("vision", InvalidMedia("broken"))
    assert value(registry, "clipstream_errors_total", stage="vision", type="Other") == other + 1
    assert value(registry, "clipstream_errors_total", stage="vision", type="InvalidMedia") == media + 1


@pytest.mark.parametrize(
    ("fallback", "cached", "counted"),
    [
        (None, False, {}),
        ("The budget of 1 USD is spent.", False, {"budget": 1}),
        ("The service at host failed (500).", False, {"service": 1}),
        ("The budget of 1 USD is spent.", True, {}),
    ],
)
def test_fallbacks_by_reason_and_what_a_cache_saves(fallback: str | None, cached: bool, counted: dict) -> None:
    registry = registry_of("vision")
    reasons = ("budget", "service")
    before = {r: value(registry, "clipstream_stand_ins_total", stage="vision", reason=r) for r in reasons}
    money = [value(registry, f"clipstream_{what}_cost_usd_total", stage="vision") for what in ("service", "saved")]
    metrics.count_service("vision", 0.5, fallback, cached=cached)
    after = {r: value(registry, "clipstream_stand_ins_total", stage="vision", reason=r) for r in reasons}
    assert {r: after[r] - before[r] for r in reasons if after[r] != before[r]} == counted
    spent = [value(registry, f"clipstream_{what}_cost_usd_total", stage="vision") for what in ("service", "saved")]
    assert [now - then for now, then in zip(spent, money, strict=True)] == ([0.0, 0.5] if cached else [0.5, 0.0])


def test_only_the_catalogue_makes_metrics() -> None:
    root = Path(__file__).parents[3]
    for path in (root / "streams").rglob("*.py"):
        if path.name not in ("spec.py", "catalogue.py"):
            assert not re.search(r"\b(Counter|Gauge|Histogram|Summary)\(\s*\"", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("script", "status", "errors"),
    [
        ([None], "ok", {}),
        ([InvalidMedia("broken")], "invalid", {"InvalidMedia": 1}),
        ([Retryable("busy"), None], "ok", {"Retryable": 1}),
        ([Retryable("busy")] * 4, "failed", {"Retryable": 4}),
    ],
    ids=["ok", "the file's fault", "tried again", "given up"],
)
def test_a_stage_counts_whose_fault_it_was(script: list[Exception | None], status: str, errors: dict[str, int]) -> None:
    registry = registry_of("scripted")

    def counts() -> dict[tuple[str, str], float]:
        found = {}
        for one in ("ok", "failed", "invalid", "cancelled"):
            found["status", one] = value(registry, "video_processing_requests_total", stage="scripted", status=one)
        for one in ("InvalidMedia", "Retryable"):
            found["error", one] = value(registry, "clipstream_errors_total", stage="scripted", type=one)
            found["letter", one] = value(registry, "clipstream_dead_letters_total", stage="scripted", error=one)
            found["retry", one] = value(registry, "clipstream_retries_total", stage="scripted", error=one)
        return found

    before = counts()
    test_stage.run(script)
    grown = {key: after - before[key] for key, after in counts().items() if after != before[key]}
    wanted: dict[tuple[str, str], float] = {("status", status): 1}
    for name, times in errors.items():
        wanted["error", name] = times
        tried_again = times if status == "ok" else times - 1
        if tried_again:
            wanted["retry", name] = tried_again
        if status != "ok":
            wanted["letter", name] = 1
    assert grown == wanted
