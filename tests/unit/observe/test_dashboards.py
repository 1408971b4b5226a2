"""The dashboards are what the code builds, and ask for metrics that there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.grafana.__main__ import FOLDER, written
from ops.grafana.boards import BOARDS
from ops.grafana.panels import SOURCE
from ops.prometheus.queries import metrics_in
from tests.unit.observe.test_alerts import RECORDED, known

PROVISIONING = FOLDER.parent / "provisioning"


def test_there_is_no_other_dashboard() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == written(name), "python -m ops.grafana"


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_asks_for_metrics_that_there_are(name: str) -> None:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert document["panels"]
    for panel in document["panels"]:
        assert panel["datasource"]["uid"] == SOURCE.uid
        references = [target["refId"] for target in panel["targets"]]
        assert references == sorted(set(references))
        assert references[0] == "A", panel["title"]
        for target in panel["targets"]:
            assert metrics_in(target["expr"]), panel["title"]
            asked = metrics_in(target["expr"], RECORDED)
            assert asked <= known(), (panel["title"], asked - known())
    for variable in document.get("templating", {}).get("list", []):
        assert metrics_in(str(variable["query"])) - {"stage"} <= known()


def test_grafana_is_told_of_the_same_source() -> None:
    sources = yaml.safe_load(Path(PROVISIONING / "datasources" / "clipstream.yml").read_text())["datasources"]
    assert [source["uid"] for source in sources] == [SOURCE.uid]
    assert yaml.safe_load(Path(PROVISIONING / "dashboards" / "clipstream.yml").read_text())["providers"]
