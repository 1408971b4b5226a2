"""Reads a value out of a registry, as a scrape would see it."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families


def value(registry: CollectorRegistry, name: str, **labels: Any) -> Any:
    """The value of a series; None when it is not exposed."""
    return value_in(generate_latest(registry).decode(), name, **labels)


def value_in(text: str, name: str, **labels: Any) -> Any:
    """The same of the text of a scrape."""
    wanted = {label: str(given) for label, given in labels.items()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.labels == wanted:
                return sample.value
    return None
