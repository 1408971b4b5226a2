"""The short form of `python -m tests.chaos.poison`."""

from __future__ import annotations

import pytest

from tests.chaos import poison

pytestmark = [pytest.mark.stream, pytest.mark.chaos, pytest.mark.timeout(600)]


def test_no_poison_stops_a_stage_or_goes_unreported(pipeline, sample):
    found = poison.check(pipeline, per_topic=40, seed=7, source=sample)
    assert poison.sound(found), found
