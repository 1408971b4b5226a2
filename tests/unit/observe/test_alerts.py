"""Every alert says what to do, fires in a test, does not fire in another one, and asks for metrics that there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.prometheus.queries import metrics_in
from ops.runbooks import page as pages
from streams.metrics import CATALOGUE

HERE = Path(__file__).parents[3] / "ops" / "prometheus"
RULES = sorted((HERE / "rules").glob("*.yml"))
WANTED = {
    *("LagGrows", "LagOld", "CommitStuck", "DeadLetterStorm", "BreakerOpen", "ErrorBudgetBurnsFast"),
    *("ErrorBudgetBurnsSlowly", "DailyBudgetSpent", "DiskFull", "WorkerDown", "NoFinalResults", "MemoryNearLimit"),
    "RecoverySlow",
}


def rules_in(path: Path) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


ALERTS = [(path, rule) for path in RULES for rule in rules_in(path) if "alert" in rule]
RECORDED = {rule["record"] for path in RULES for rule in rules_in(path) if "record" in rule}


def test_what_is_asked_for_has_an_alert() -> None:
    assert {rule["alert"] for _, rule in ALERTS} >= WANTED


@pytest.mark.parametrize(("path", "rule"), ALERTS, ids=lambda one: one["alert"] if isinstance(one, dict) else one.stem)
def test_an_alert_says_what_it_is_and_what_to_do(path: Path, rule: dict[str, Any]) -> None:
    said = rule["annotations"]
    assert said["summary"], path
    assert said["description"].endswith((".", "`.")), path
    assert rule["labels"]["severity"] in ("page", "ticket")
    folder, _, page = said["runbook_url"].rpartition("/")
    assert folder == "ops/runbooks"
    assert page.removesuffix(".md") in pages.names()


@pytest.mark.parametrize("name", sorted({rule["alert"] for _, rule in ALERTS}))
def test_an_alert_has_a_test_that_fires_and_one_that_does_not(name: str) -> None:
    (path,) = {path for path, rule in ALERTS if rule["alert"] == name}
    windows = [rule["labels"].get("window") for _, rule in ALERTS if rule["alert"] == name]
    document = yaml.safe_load((HERE / "tests" / path.name).read_text(encoding="utf-8"))
    assert f"../rules/{path.name}" in document["rule_files"]
    cases = [case for test in document["tests"] for case in test["alert_rule_test"] if case["alertname"] == name]
    fired = [alert["exp_labels"].get("window") for case in cases for alert in case["exp_alerts"]]
    assert set(windows) == set(fired), "every rule of that name fires somewhere"
    assert any(not case["exp_alerts"] for case in cases), "it is quiet somewhere"


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_ask_for_metrics_that_there_are(path: Path) -> None:
    for rule in rules_in(path):
        assert metrics_in(rule["expr"]), rule
        asked = metrics_in(rule["expr"], RECORDED)
        assert asked <= known(), asked - known()


def known() -> set[str]:
    """Names of series that there are, those of histograms and of others than us included."""
    names = {"up", "process_start_time_seconds", "process_open_fds"}
    for spec in CATALOGUE.values():
        names.add(spec.name)
        if spec.kind == "histogram":
            names |= {f"{spec.name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def test_a_metric_that_there_is_not_is_noticed() -> None:
    asked = metrics_in("sum(rate(clipstream_itmes_total[5m])) by (stage) / up", RECORDED)
    assert asked == {"clipstream_itmes_total", "up"}
    assert not asked <= known()
