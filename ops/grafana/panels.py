"""What our panels have in common: one data source, sizes on Grafana's grid of 24 columns, units by Grafana's names."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="clipstream-prometheus")
_WIDE: Final = 12
_NARROW: Final = 4
_HIGH: Final = 8
_LOW: Final = 4
Query = tuple[str, str]  # expression, legend


def board(uid: str, title: str, about: str) -> dashboard.Dashboard:
    """An empty dashboard of the last hour."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["clipstream"])
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .readonly()
    )


def stage_variable() -> dashboard.QueryVariable:
    """`$stage`: the stages that tell of themselves."""
    return (
        dashboard.QueryVariable("stage")
        .label("stage")
        .query("label_values(clipstream_in_flight, stage)")
        .datasource(SOURCE)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(1)  # type: ignore[arg-type]
    )


def number(title: str, unit: str, expression: str, about: str = "") -> Any:
    """One figure."""
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .unit(unit)
        .datasource(SOURCE)
        .span(_NARROW)
        .height(_LOW)
        .with_target(prometheus.Dataquery().expr(expression).instant().ref_id("A"))
    )


def lines(title: str, unit: str, queries: Sequence[Query], about: str = "") -> Any:
    """Curves over time."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .unit(unit)
        .datasource(SOURCE)
        .span(_WIDE)
        .height(_HIGH)
        .min(0)
        .fill_opacity(10)
    )
    for letter, (expression, legend) in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter))
    return panel


def quantiles(title: str, unit: str, name: str, selector: str = "", about: str = "") -> Any:
    """Median and 95 % of a histogram."""
    queries = [
        (f"histogram_quantile({share}, sum by (le) (rate({name}_bucket{selector}[15m])))", legend)
        for share, legend in ((0.5, "median"), (0.95, "95 %"))
    ]
    return lines(title, unit, queries, about)


__all__ = ["board", "lines", "number", "quantiles", "stage_variable"]
