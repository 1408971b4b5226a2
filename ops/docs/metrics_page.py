"""Writes `docs/metrics.md` from the catalogue: `python -m ops.docs.metrics_page`. A test says when it is old."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.metrics import CATALOGUE

PAGE: Final = Path(__file__).parents[2] / "docs" / "metrics.md"
_HEAD: Final = """\
<!-- Made by `python -m ops.docs.metrics_page`; changes here are lost. -->

# Metrics

Every metric is one declaration in `streams/metrics/catalogue.py`. Each worker exposes its own on `/metrics` of a port
on loopback (`CLIPSTREAM_METRICS_PORT`, a free one by default, which stands in `DATA_DIR/workers/AGENT-INSTANCE.json`
and in `clipstream status --json`), with the `process_*` metrics of the Prometheus client beside them. Series whose
labels are known before anything happened stand at 0 from the start on. The children of a worker have no port; it tells
of them.

How to look at them, and what those of quality and money mean: [observability.md](observability.md).

| name | type | unit | labels | by | meaning |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    rows = []
    for spec in CATALOGUE.values():
        labels = ", ".join(f"`{label}`{_values(spec.starts.get(label, ()))}" for label in spec.labels)
        unit = "" if spec.unit == "1" else spec.unit
        rows.append(f"| `{spec.name}` | {spec.kind} | {unit} | {labels} | {', '.join(spec.by)} | {spec.meaning} |\n")
    return _HEAD + "".join(rows)


def _values(values: tuple[str, ...]) -> str:
    few = 5  # classes of errors are in processors/errors.py
    return f" ({', '.join(values)})" if 0 < len(values) <= few else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
