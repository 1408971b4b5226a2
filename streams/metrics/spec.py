"""How a metric is declared: once, with its type, unit, labels, meaning and who exposes it. See `catalogue.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

EVERY: Final = "every worker"
# Agents in the guarded loop of `streams.stage`, with children and a result cache.
STAGES: Final = "every stage"
GATEWAY: Final = "gateway"  # no agent, and no worker in the sense of these
_NO_STAGES: Final = frozenset({"joiner", "sink"})
STAGE: Final = "stage"  # the label whose value is the agent's own name

# When a series was made: a second series beside each counter, which nothing here asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Spec:
    """One metric of the catalogue.

    Attributes:
        name: as it is scraped.
        kind: of Prometheus.
        unit: of its value; "1" where it counts things that the meaning names.
        labels: names of its labels; never a video's id, whose number is not bounded.
        meaning: one sentence.
        by: who exposes it: `EVERY`, `STAGES` or names of agents.
        starts: label -> values that stand at 0 from the start on; a rate misses the first event of a series that is
            born with it.
        metric: the object that code counts with.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    by: tuple[str, ...]
    starts: Mapping[str, tuple[str, ...]]
    metric: Any

    def exposed_by(self, agent: str) -> bool:
        """Whether an agent's worker exposes it."""
        if agent == GATEWAY:
            return GATEWAY in self.by
        return EVERY in self.by or (STAGES in self.by and agent not in _NO_STAGES) or agent in self.by

    def begin(self, agent: str) -> None:
        """Let its series stand at 0 where their labels are known before anything happened."""
        if not self.labels:
            return
        rows: list[dict[str, str]] = [{}]
        for label in self.labels:
            values = (agent,) if label == STAGE else self.starts.get(label, ())
            rows = [{**row, label: value} for row in rows for value in values]
        for row in rows:
            self.metric.labels(**row)


CATALOGUE: Final[dict[str, Spec]] = {}


def counter(name: str, unit: str, meaning: str, labels: Sequence[str], *by: str, **starts: tuple[str, ...]) -> Counter:
    """Declare a counter; its name ends in `_total`."""
    made: Counter = _declared(Counter, "counter", name, unit, meaning, labels, by, starts)
    return made


def gauge(name: str, unit: str, meaning: str, labels: Sequence[str], *by: str, **starts: tuple[str, ...]) -> Gauge:
    """Declare a gauge."""
    made: Gauge = _declared(Gauge, "gauge", name, unit, meaning, labels, by, starts)
    return made


def histogram(
    name: str,
    unit: str,
    meaning: str,
    labels: Sequence[str],
    *by: str,
    buckets: Sequence[float],
    **starts: tuple[str, ...],
) -> Histogram:
    """Declare a histogram."""
    made: Histogram = _declared(Histogram, "histogram", name, unit, meaning, labels, by, starts, buckets=buckets)
    return made


def _declared(
    make: Callable[..., Any],
    kind: Kind,
    name: str,
    unit: str,
    meaning: str,
    labels: Sequence[str],
    by: tuple[str, ...],
    starts: Mapping[str, tuple[str, ...]],
    **more: Any,
) -> Any:
    if name in CATALOGUE:
        raise ValueError(f"{name} is declared twice")
    # no registry: each worker has one of its own, with what it exposes
    metric = make(name, meaning, list(labels), registry=None, **more)
    CATALOGUE[name] = Spec(name, kind, unit, tuple(labels), meaning, by, dict(starts), metric)
    return metric


__all__ = ["CATALOGUE", "EVERY", "GATEWAY", "STAGE", "STAGES", "Spec", "counter", "gauge", "histogram"]
