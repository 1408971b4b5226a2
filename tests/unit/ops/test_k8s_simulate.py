"""The simulated day: nothing is lost, nothing leaves its limits, a large submission is answered by the rules."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from ops.k8s.plot import picture
from ops.k8s.simulate import BURST, DAY_S, WORKS, Day, arrivals, row, run

SEED = 1


@pytest.fixture(scope="module")
def day() -> Day:
    """The transcriber's."""
    return run(WORKS[0], SEED)


def test_every_item_is_served_and_waits_for_its_service_at_least(day):
    come = int(arrivals(day.work, SEED).sum())
    assert len(day.waits_s) + day.lag[-1] == pytest.approx(come, abs=200)  # what moved in the last 15 s
    assert min(day.waits_s) >= day.work.service_s


def test_pods_stay_between_2_and_the_partitions(day):
    assert (min(day.replicas), max(day.replicas)) == (2, 16)
    assert day.pod_hours < 16 * 24


def test_the_large_submission_brings_all_pods_within_a_minute_and_takes_them_back_by_halves(day):
    changes = row(day, "x")["after_burst"]
    assert changes[0][0] <= 15
    assert next(at_s for at_s, size in changes if size == 16) <= 60 + 15
    full = next(index for index, (_, size) in enumerate(changes) if size == 16)
    for (before_s, before), (after_s, after) in pairwise(changes[full:]):
        assert after >= before // 2
        assert after > before or after_s - before_s >= 300  # five minutes between two steps down
        if after > before:
            break


def test_the_same_seed_gives_the_same_day_and_a_fleet_that_stays_does_not_move(day):
    assert run(day.work, SEED).changes == day.changes
    fixed = run(WORKS[2], SEED, 4)
    assert set(fixed.replicas) == {4}
    assert fixed.pod_hours == pytest.approx(4 * 24)


def test_the_picture_is_one(day):
    root = ET.fromstring(picture(day, "a day"))
    lines = [one for one in root if one.tag.endswith("polyline")]
    assert len(lines) == 3
    for line in lines:
        across = [float(point.split(",")[0]) for point in line.attrib["points"].split()]
        assert across == sorted(across)
    assert BURST[0] < DAY_S
