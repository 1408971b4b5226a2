"""What KEDA 2.20 and the HPA of Kubernetes (autoscaling/v2) make of a ScaledObject, as they document and compute it.

KEDA answers the HPA's question with the formula over its triggers. The HPA then, every 15 s:

1. ratio = value / target; within 10 % of 1 it wants as many replicas as there are, else ceil(ratio x ready pods)
2. down no further than the most, up no further than the least that it wanted within the window of stabilisation
3. no more than its policies allow within their periods, and never below the minimum or above the maximum
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ops.k8s.formula import Formula

SYNC_S: Final = 15.0  # --horizontal-pod-autoscaler-sync-period
TOLERANCE: Final = 0.1  # --horizontal-pod-autoscaler-tolerance
_KEPT_S: Final = 3_600.0  # longest window and longest period of a policy that the API takes


@dataclass(frozen=True, slots=True)
class Rules:
    """One direction of `behavior`."""

    window_s: float
    most: bool  # selectPolicy Max
    policies: tuple[tuple[str, int, float], ...]  # (Pods or Percent, value, period in s)


@dataclass(frozen=True, slots=True)
class Kafka:
    """A trigger of the type kafka."""

    name: str
    threshold: int
    with_lag_only: bool

    def value(self, lags: Iterable[int]) -> float:
        """What KEDA tells of the lags of partitions: no more than the threshold for each that may be consumed."""
        found = list(lags)
        total = sum(found)
        most = sum(1 for lag in found if lag > 0) if self.with_lag_only else len(found)
        return float(most * self.threshold if total // self.threshold > most else total)


@dataclass(slots=True)
class Autoscaler:
    """The autoscaling of one Deployment.

    Args:
        document: its ScaledObject.
    """

    document: dict[str, Any]
    formula: Formula = field(init=False)
    target: float = field(init=False)
    least: int = field(init=False)
    most: int = field(init=False)
    up: Rules = field(init=False)
    down: Rules = field(init=False)
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        spec = self.document["spec"]
        advanced = spec["advanced"]
        modifiers = advanced["scalingModifiers"]
        if modifiers["metricType"] != "Value":
            raise ValueError("another metric type is computed in another way")
        self.formula = Formula(modifiers["formula"])
        self.target = float(modifiers["target"])
        self.least, self.most = spec["minReplicaCount"], spec["maxReplicaCount"]
        behavior = advanced["horizontalPodAutoscalerConfig"]["behavior"]
        self.up, self.down = _rules(behavior["scaleUp"]), _rules(behavior["scaleDown"])

    @property
    def kafka(self) -> tuple[Kafka, ...]:
        """The triggers that measure queues."""
        found = [one for one in self.document["spec"]["triggers"] if one["type"] == "kafka"]
        return tuple(
            Kafka(
                one["name"],
                int(one["metadata"]["lagThreshold"]),
                one["metadata"]["limitToPartitionsWithLag"] == "true",
            )
            for one in found
        )

    def decide(self, now_s: float, replicas: int, ready: int, **values: float) -> int:
        """How many replicas there are from now on.

        Args:
            now_s: of one clock.
            replicas: that there are.
            ready: of these.
            values: by the names of the triggers; what the formula does not name is left out.
        """
        told = int(self.formula(**{name: values[name] for name in self.formula.names}) * 1000) / 1000
        ratio = told / self.target
        wanted = replicas if abs(1.0 - ratio) <= TOLERANCE else math.ceil(ratio * ready)
        settled = self._settled(now_s, replicas, wanted)
        return self._within_policies(now_s, replicas, settled)

    def _settled(self, now_s: float, replicas: int, wanted: int) -> int:
        if not self._wanted:  # the HPA begins with what it finds
            self._wanted.append((now_s, replicas))
        lowest = highest = wanted
        for at_s, earlier in self._wanted:
            if at_s > now_s - self.up.window_s:
                lowest = min(lowest, earlier)
            if at_s > now_s - self.down.window_s:
                highest = max(highest, earlier)
        _forget(self._wanted, now_s)
        self._wanted.append((now_s, wanted))
        return min(max(replicas, lowest), highest)

    def _within_policies(self, now_s: float, replicas: int, wanted: int) -> int:
        result = replicas
        if wanted > replicas:
            limits = [self._started(now_s, replicas, period) for *_, period in self.up.policies]
            steps = [
                start + value if kind == "Pods" else math.ceil(start * (1 + value / 100))
                for start, (kind, value, _) in zip(limits, self.up.policies, strict=True)
            ]
            result = max(replicas, min(wanted, max(steps) if self.up.most else min(steps)))
        elif wanted < replicas:
            limits = [self._started(now_s, replicas, period) for *_, period in self.down.policies]
            steps = [
                start - value if kind == "Pods" else math.floor(start * (1 - value / 100))
                for start, (kind, value, _) in zip(limits, self.down.policies, strict=True)
            ]
            result = min(replicas, max(wanted, min(steps) if self.down.most else max(steps)))
        result = min(max(result, self.least), self.most)
        if result != replicas:
            _forget(self._changes, now_s)
            self._changes.append((now_s, result - replicas))
        return result

    def _started(self, now_s: float, replicas: int, period_s: float) -> int:
        """Replicas at the beginning of a policy's period."""
        return replicas - sum(change for at_s, change in self._changes if at_s > now_s - period_s)


def _forget(events: deque[tuple[float, int]], now_s: float) -> None:
    while events and events[0][0] <= now_s - _KEPT_S:
        events.popleft()


def _rules(raw: dict[str, Any]) -> Rules:
    policies = tuple((one["type"], one["value"], float(one["periodSeconds"])) for one in raw["policies"])
    return Rules(float(raw["stabilizationWindowSeconds"]), raw["selectPolicy"] == "Max", policies)


__all__ = ["SYNC_S", "TOLERANCE", "Autoscaler", "Kafka"]
