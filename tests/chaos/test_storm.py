"""The short form of `make chaos`: a few rounds of everything that can be killed."""

from __future__ import annotations

import pytest

from tests.chaos.storm import Storm

pytestmark = [pytest.mark.stream, pytest.mark.chaos, pytest.mark.timeout(900)]


def test_a_short_storm_loses_nothing(tmp_path, sample):
    outcome = Storm(tmp_path, [sample], seed=3).run(rounds=5)
    assert outcome.sound, outcome.to_json()
    assert outcome.videos >= 3
