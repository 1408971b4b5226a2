"""A day of load on a queue whose workers the manifests scale: replicas, waiting and cost beside fleets that stay.

Items arrive as videos do over a day (Poisson, by the hour, with one large submission at night) and lie on the
partitions of the agent's topic; each ready pod has so many children, each takes an item at a time. KEDA and the HPA are
those of `autoscaler.py`, told the lag of the simulated queue.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ops.k8s import manifests
from ops.k8s.autoscaler import SYNC_S, Autoscaler
from streams.groups import READS

DAY_S: Final = 86_400
TICK_S: Final = 1
# Videos an hour, by the hour of the day: a night, a working day, an evening; the peak is the 2,000 jobs an hour that
# are asked for.
VIDEOS_PER_HOUR: Final = (
    100, 60, 40, 40, 60, 120, 300, 700, 1_200, 1_700, 2_000, 1_900,
    1_600, 1_700, 1_900, 2_000, 1_800, 1_400, 1_200, 1_100, 900, 600, 350, 180,
)  # fmt: skip
BURST: Final = (4 * 3_600, 500)  # at four in the morning, when the fleet is smallest, 500 videos at once
# From the decision to the first item: a pod is scheduled and its image is there (10 s), its models are loaded (20 s
# from a cold disk), its group has moved partitions (3.5 s).
START_S: Final = 35


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage has to do for a video.

    Args:
        agent: its name.
        items: of a video of ten minutes.
        service_s: of a child for an item; the source is in docs/benchmarks.md and docs/reliability.md.
        children: of a pod.
        overlay: whose manifests scale it.
    """

    agent: str
    items: int
    service_s: float
    children: int
    overlay: str = ""


# Items of ten minutes with much speech and a cut each 7 s.
WORKS: Final = (
    Work("transcriber", 21, 2.0, 2),
    Work("vision", 17, 1.1, 2),
    Work("segmenter", 1, 0.5, 1),
    Work("transcriber", 21, 0.5, 2, "gpu"),
)


@dataclass(slots=True)
class Day:
    """What was seen, once each 15 s."""

    work: Work
    at_s: list[float] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    lag: list[int] = field(default_factory=list)
    replicas: list[int] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)  # of every item, from arrival to its end
    pod_hours: float = 0.0
    ups: int = 0
    downs: int = 0
    changes: list[tuple[float, int]] = field(default_factory=list)  # (when, replicas from then on)


def arrivals(work: Work, seed: int) -> np.ndarray:
    """Items that arrive in each second of the day."""
    rates = np.repeat(np.array(VIDEOS_PER_HOUR) / 3_600, 3_600)
    videos = np.random.default_rng(seed).poisson(rates)
    videos[BURST[0]] += BURST[1]
    counted: np.ndarray = videos * work.items
    return counted


def run(work: Work, seed: int, replicas: int | None = None) -> Day:
    """Simulate a day.

    Args:
        work: of one stage.
        seed: of the arrivals.
        replicas: of a fleet that stays; None for one that is scaled as in the manifests.
    """
    scaler = Autoscaler(manifests.scaled_object(work.agent, work.overlay))
    partitions = READS[work.agent][0].partitions
    come = arrivals(work, seed)
    day = Day(work)
    pods = replicas or scaler.least
    starting: deque[float] = deque()  # when each pod that is not ready will be
    queue: deque[list[float]] = deque()  # [arrived at, items]
    waiting, arrived, busy, credit = 0, 0, 0.0, 0.0
    for now in range(0, DAY_S, TICK_S):
        if come[now]:
            queue.append([now, float(come[now])])
            waiting += int(come[now])
            arrived += int(come[now])
        while starting and starting[0] <= now:
            starting.popleft()
        ready = min(pods - len(starting), partitions)
        most = ready * work.children * TICK_S / work.service_s
        credit = min(credit + most, most + 1.0) if waiting else most
        done = min(waiting, math.floor(credit))
        credit -= done
        busy += min(1.0, done / most) if most else 0.0
        waiting -= done
        while done:
            at, left = queue[0]
            taken = min(left, done)
            day.waits_s += [now - at + work.service_s] * int(taken)
            done -= int(taken)
            queue[0][1] -= taken
            if queue[0][1] <= 0:
                queue.popleft()
        day.pod_hours += pods * TICK_S / 3_600
        if now % SYNC_S == 0:
            under_way = waiting + min(waiting, ready * work.children)  # not acked yet counts as lag
            if replicas is None:
                pods = _scaled(scaler, day, now, pods, starting, under_way, 100.0 * busy / SYNC_S, partitions)
            busy = 0.0
            day.at_s.append(now)
            day.arrived.append(arrived)
            day.lag.append(waiting)
            day.replicas.append(pods)
    return day


def _scaled(
    scaler: Autoscaler, day: Day, now: float, pods: int, starting: deque[float], lag: int, used: float, partitions: int
) -> int:
    """Replicas after one look of the HPA; pods that are new are not ready for a while."""
    trigger, *lanes = scaler.kafka
    spread = [lag // partitions + (number < lag % partitions) for number in range(partitions)]
    values = {trigger.name: trigger.value(spread), "pods": float(pods), "gpu": used}
    values |= {lane.name: 0.0 for lane in lanes}  # nothing of the day is urgent
    wanted = scaler.decide(now, pods, pods - len(starting), **values)
    if wanted > pods:
        starting.extend([now + START_S] * (wanted - pods))
        day.ups += 1
    elif wanted < pods:
        for _ in range(min(len(starting), pods - wanted)):
            starting.pop()
        day.downs += 1
    if wanted != pods:
        day.changes.append((now, wanted))
    return wanted


def row(day: Day, name: str) -> dict[str, Any]:
    """A day in figures."""
    waits = np.array(day.waits_s)
    replicas = np.array(day.replicas)
    return {
        "item": name,
        "pod_hours": round(day.pod_hours, 1),
        "replicas_mean": round(float(replicas.mean()), 2),
        "replicas_max": int(replicas.max()),
        "replicas_min": int(replicas.min()),
        "ups": day.ups,
        "downs": day.downs,
        "after_burst": [[at_s - BURST[0], size] for at_s, size in day.changes if BURST[0] <= at_s < BURST[0] + 7_200],
        "lag_max": max(day.lag),
        "wait_p50_s": round(float(np.percentile(waits, 50)), 1),
        "wait_p95_s": round(float(np.percentile(waits, 95)), 1),
        "wait_max_s": round(float(waits.max()), 1),
        "items": len(day.waits_s),
        "left": day.lag[-1],
    }


def compare(work: Work, seed: int) -> tuple[list[dict[str, Any]], Day]:
    """The scaled fleet, and two that stay: as large as the largest that it was, and as its mean."""
    scaled = run(work, seed)
    name = work.agent + (f" on {work.overlay}" if work.overlay else "")
    found = row(scaled, f"{name}, scaled")
    sizes = found["replicas_max"], math.ceil(found["replicas_mean"])  # never too few; as dear as the scaled one
    rows = [found, *(row(run(work, seed, size), f"{name}, {size} fixed") for size in sizes)]
    for one in rows:
        one["cost_share"] = round(one["pod_hours"] / rows[1]["pod_hours"], 3)
    return rows, scaled


__all__ = ["BURST", "DAY_S", "START_S", "WORKS", "Day", "Work", "arrivals", "compare", "row", "run"]
