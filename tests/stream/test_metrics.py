"""Real workers tell what the catalogue says; a real Prometheus finds them, also after they were killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ops.local.errors import StartFailed
from streams.clock import SYSTEM_CLOCK
from streams.gateway.keys import create_key, keys_path
from streams.metrics import CATALOGUE
from streams.observer import Observer
from streams.supervisor import GATEWAY, Child
from streams.worker import living_workers
from tests.conftest import REPO
from tests.gateways import GatewayProcess
from tests.pipeline import Pipeline, request, until
from tests.prometheus import needs_prometheus
from tests.unit.observe.values import value_in

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]


def scraped(pipeline: Pipeline) -> dict[str, str]:
    """What each agent's worker says now."""
    found = {}
    for note in living_workers(pipeline.settings.data_dir):
        with urllib.request.urlopen(f"http://127.0.0.1:{note['port']}/metrics", timeout=60) as answer:
            found[str(note["agent"])] = answer.read().decode()
    return found


def settled(text: str, agent: str) -> bool:
    """Whether a worker has seen itself that nothing waits: it looks every 2 s."""
    return bool(
        value_in(text, "clipstream_recovery_seconds", stage=agent)
        and value_in(text, "clipstream_commit_age_seconds", stage=agent) == 0
        and value_in(text, "clipstream_in_flight", stage=agent) == 0
    )


@pytest.fixture(scope="module")
def said(pipeline: Pipeline, sample: Path) -> dict[str, str]:
    """The scrapes after a video went through and everything of it is committed."""
    # computed anew: what was answered from the cache leaves no marks of the work itself
    (result,) = pipeline.process(request(sample, "measured", fresh=True))
    assert result.status == "final"
    until(lambda: pipeline.lag() == 0, "all is committed", 180)
    texts: dict[str, str] = {}

    def all_settled() -> bool:
        texts.clear()
        texts.update(scraped(pipeline))
        return all(settled(texts.get(child.agent, ""), child.agent) for child in pipeline.supervisor.children)

    until(all_settled, "every worker says that it is back, and that nothing waits", 120)
    return texts


def test_every_worker_exposes_every_name_that_it_is_said_to(pipeline: Pipeline, said: dict[str, str]) -> None:
    assert set(said) == {child.agent for child in pipeline.supervisor.children}
    for agent, text in said.items():
        # a family without any series would be no more than its help text
        with_series = {family.name for family in text_string_to_metric_families(text) if family.samples}
        wanted = {spec.name.removesuffix("_total") for spec in CATALOGUE.values() if spec.exposed_by(agent)}
        assert with_series >= wanted, (agent, wanted - with_series)


def test_a_video_leaves_its_marks(said: dict[str, str]) -> None:
    for agent, text in said.items():
        assert value_in(text, "video_processing_requests_total", stage=agent, status="ok") >= 1, agent
        assert value_in(text, "memory_usage_bytes", stage=agent) > 20e6, agent
        assert value_in(text, "clipstream_cpu_seconds_total", stage=agent) > 0, agent
        assert 0 < value_in(text, "clipstream_recovery_seconds", stage=agent) < 600, agent
    transcriber, segmenter = said["transcriber"], said["segmenter"]
    assert value_in(transcriber, "clipstream_recognised_audio_seconds_total") > 30
    seconds = value_in(transcriber, "clipstream_recognition_seconds_per_audio_minute_sum", by="local")
    assert seconds / value_in(transcriber, "clipstream_recognition_seconds_per_audio_minute_count", by="local") > 0.1
    probability = value_in(transcriber, "clipstream_word_probability_sum")
    assert 0.5 < probability / value_in(transcriber, "clipstream_word_probability_count") <= 1
    assert value_in(said["vision"], "clipstream_frames_total", source="local") > 3
    assert value_in(segmenter, "clipstream_results_total", status="final") >= 1
    assert value_in(segmenter, "video_processing_duration_seconds_count", workflow="process") >= 1
    assert value_in(segmenter, "clipstream_video_seconds_total") > 70
    assert value_in(segmenter, "clipstream_segment_confidence_count") >= 1


def asked(observer: Observer, path: str, **query: str) -> Any:
    """An answer of Prometheus."""
    with urllib.request.urlopen(f"{observer.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return json.load(answer)["data"]


@pytest.fixture
def gateway(pipeline: Pipeline, tmp_path: Path) -> Iterator[GatewayProcess]:
    needs_prometheus()
    with GatewayProcess(pipeline.settings, tmp_path / "gateway.log", gateway_keys_file=tmp_path / "keys") as running:
        yield running


@pytest.fixture
def observer(gateway: GatewayProcess) -> Iterator[Observer]:
    observer = Observer(gateway.settings, SYSTEM_CLOCK)
    try:
        observer.start()
        yield observer
    finally:
        observer.stop()


@pytest.mark.timeout(1200)
def test_prometheus_follows_workers_that_are_started_again(
    pipeline: Pipeline, gateway: GatewayProcess, observer: Observer
) -> None:
    children = [*pipeline.supervisor.children, Child(GATEWAY, "1")]
    wanted = {f"{child.agent}-{child.instance}" for child in children}

    def up() -> dict[str, str]:
        observer.keep(children)
        targets = asked(observer, "targets", state="active")["activeTargets"]
        return {one["labels"]["instance"]: one["scrapeUrl"] for one in targets if one["health"] == "up"}

    until(lambda: set(up()) == wanted, "all workers and the gateway are scraped", 180)
    before = up()["vision-1"]
    os.kill(pipeline.pid("vision"), signal.SIGKILL)
    until(lambda: up().get("vision-1", before) != before, "the new one is scraped, at its own port", 180)
    until(lambda: set(up()) == wanted, "and all others still are", 120)
    known = {rule["name"] for group in asked(observer, "rules")["groups"] for rule in group["rules"]}
    assert {"LagGrows", "WorkerDown", "clipstream:items_failed:ratio_rate5m"} <= known

    def one_series() -> bool:
        return len(asked(observer, "query", query='up{instance="vision-1"}')["result"]) == 1

    until(one_series, "both are one series, the name of which stays")
    create_key(keys_path(gateway.settings), "somebody", ("read",), 1)
    until(lambda: set(up()) == wanted - {"gateway-1"}, "what asks for a key is no target", 120)


def test_without_prometheus_the_message_names_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster_settings: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("prometheus") is None
    with pytest.raises(StartFailed) as raised:
        Observer(cluster_settings, SYSTEM_CLOCK)
    script = raised.value.remedy.split()[0]
    assert (REPO / script).is_file()
