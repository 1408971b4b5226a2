"""The thresholds of autoscaling, out of the manifests themselves: what KEDA and the HPA do at each of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ops.k8s import manifests
from ops.k8s.autoscaler import SYNC_S, Autoscaler, Kafka
from ops.k8s.formula import Formula
from streams import agents
from streams.groups import READS

GPU = ("transcriber", "frame-extractor")  # of the overlay `gpu`
EVERY = [(name, "") for name in agents.ALL] + [(name, "gpu") for name in GPU]


def values(scaler: Autoscaler, replicas: int, depth: float, gpu: float = 50.0) -> dict[str, float]:
    """What the triggers tell when each pod has a queue of this depth, on the first of the topics."""
    first, *others = (trigger.name for trigger in scaler.kafka)
    return {first: depth * replicas, **dict.fromkeys(others, 0.0), "pods": float(replicas), "gpu": gpu}


def after(scaler: Autoscaler, replicas: int, depth: float, seconds: float, gpu: float = 50.0) -> list[int]:
    """Replicas at each look while the queue of each pod stays as deep as it is."""
    seen = []
    for look in range(int(seconds / SYNC_S) + 1):
        replicas = scaler.decide(look * SYNC_S, replicas, replicas, **values(scaler, replicas, depth, gpu))
        seen.append(replicas)
    return seen


@pytest.mark.parametrize(("agent", "overlay"), EVERY)
@pytest.mark.parametrize("replicas", [2, 3, 5, 7])
def test_up_at_10_down_below_2_after_5_minutes_and_nothing_in_between(agent, overlay, replicas):
    def scaler() -> Autoscaler:
        return Autoscaler(manifests.scaled_object(agent, overlay))

    quiet = 0.0 if overlay else 50.0  # GPUs that are idle do not hold a queue's decision up
    assert after(scaler(), replicas, 10.0, 0.0)[0] > replicas
    assert after(scaler(), replicas, 9.99, 3600.0)[-1] == replicas
    assert after(scaler(), replicas, 2.0, 3600.0)[-1] == replicas
    down = after(scaler(), replicas, 1.9, 600.0, quiet)
    assert set(down[: int(300 / SYNC_S)]) == {replicas}  # for five minutes it holds
    assert down[int(300 / SYNC_S)] < replicas or replicas == 2
    assert min(down) >= 2


@pytest.mark.parametrize("agent", GPU)
def test_up_at_80_percent_of_the_gpus_and_down_below_30_after_5_minutes(agent):
    def scaler() -> Autoscaler:
        return Autoscaler(manifests.scaled_object(agent, "gpu"))

    assert after(scaler(), 4, 0.0, 0.0, gpu=80.0)[0] > 4  # whatever the queue
    assert after(scaler(), 4, 5.0, 3600.0, gpu=79.9)[-1] == 4
    assert after(scaler(), 4, 0.0, 3600.0, gpu=30.0)[-1] == 4  # an empty queue alone takes no busy GPU away
    assert after(scaler(), 4, 5.0, 3600.0, gpu=0.0)[-1] == 4  # nor idle GPUs a pod whose queue is not empty
    down = after(scaler(), 4, 0.0, 600.0, gpu=29.9)
    assert down[int(300 / SYNC_S) - 1] == 4
    assert 2 <= down[int(300 / SYNC_S)] < 4


@pytest.mark.parametrize(("agent", "overlay"), EVERY)
def test_never_below_2_nor_above_50_or_the_partitions(agent, overlay):
    scaler = Autoscaler(manifests.scaled_object(agent, overlay))
    most = min(50, *(topic.partitions for topic in READS[agent]))
    assert after(scaler, 2, 10_000.0, 3600.0, gpu=100.0)[-1] == most
    scaler = Autoscaler(manifests.scaled_object(agent, overlay))
    low = after(scaler, most, 0.0, 7200.0, gpu=0.0)
    assert min(low) == low[-1] == 2
    assert all(later >= earlier // 2 for earlier, later in pairwise(low))  # half at most at a time


@pytest.mark.parametrize("lag", [*range(0, 200, 7), 1_000])
def test_a_lag_that_stays_is_answered_once(lag):
    """A decision leaves the depth within the band, or at an end of the fleet: nothing goes up and down and up again."""
    scaler = Autoscaler(manifests.scaled_object("transcriber"))
    for start in (2, 8, 16):
        replicas, seen = start, []
        for look in range(400):
            replicas = scaler.decide(
                look * SYNC_S + start * 1e6, replicas, replicas, lag=float(lag), lag_high=0.0, pods=replicas
            )
            seen.append(replicas)
        changes = [b - a for a, b in pairwise(seen) if a != b]
        assert all(change > 0 for change in changes) or all(change < 0 for change in changes)


def test_pods_that_are_not_ready_yet_do_not_take_others_away():
    scaler = Autoscaler(manifests.scaled_object("transcriber"))
    assert scaler.decide(0.0, 2, 2, lag=60.0, lag_high=0.0, pods=2.0) == 6  # 10 wanted; 4 pods a minute
    assert (
        scaler.decide(15.0, 6, 2, lag=90.0, lag_high=0.0, pods=6.0) == 6
    )  # 15 each, of which HPA counts the two that are ready


def test_keda_tells_of_no_more_than_each_partition_may_ask_for():
    trigger = Kafka("lag", 10, True)
    assert trigger.value([3, 0, 0, 4]) == 7
    assert trigger.value([500, 0, 0, 400]) == 20  # two partitions with lag, 10 each
    assert Kafka("lag", 10, False).value([500, 0, 0, 400]) == 40


def test_at_the_limit_by_partitions_a_queue_is_still_deep_enough_to_scale_up():
    """Were the threshold of KEDA's limit below 10, a long queue on all partitions would end within the band."""
    scaler = Autoscaler(manifests.scaled_object("transcriber"))
    trigger, _ = scaler.kafka
    told = trigger.value([10_000] * 16)
    for replicas in range(2, 16):
        assert (
            scaler.decide(replicas * 1e6, replicas, replicas, lag=told, lag_high=0.0, pods=float(replicas)) > replicas
        )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1.0 + 2.0 * 3.0", 7.0),
        ("(1.0 + 2.0) * 3.0", 9.0),
        ("7.0 - 2.0 - 1.0", 4.0),
        ("x > 1.0 ? 5.0 : 6.0", 5.0),
        ("x < 1.0 || x >= 2.0 && x <= 2.0 ? max(1.0, x, 3.0) : min(1.0, x)", 3.0),
        ("x < 1.0 ? 1.0 : x < 3.0 ? 2.0 : 3.0", 2.0),
    ],
)
def test_formulas(text, result):
    assert Formula(text)(x=2.0) == result


@pytest.mark.parametrize("text", ["", "1.0 +", "(1.0", "1.0 2.0", "x ? 1.0", "x; y", "exec('ls')", "max(1.0", "* 2.0"])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match="'"):
        Formula(text)
