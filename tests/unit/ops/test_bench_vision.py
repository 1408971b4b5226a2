"""The bench of what a vision service is asked: on a little video, over the real path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.bench.vision import run
from streams.cli.bench_vision import _print
from streams.settings import Settings
from tests.unit.vision.helpers import scenery, write_video


def test_requests_pictures_and_cost_of_a_video(tmp_path: Path) -> None:
    shots = [scenery(number) for number in range(6)]
    video = write_video(tmp_path / "six.mp4", [shot for shot in shots for _ in range(20)], rate=10)
    told: list[tuple[int, int]] = []
    found = run([video], Settings(), lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert json.loads(json.dumps(found)) == {**found, "price": list(found["price"])}
    row, pooled = found["rows"][0], found["pooled"]
    assert (row["seconds"], row["frames"], row["pictures_sent"], row["requests_again"]) == (12, 6, 6, 0)
    assert row["requests"] < 6
    assert found["baselines"]["one picture a second"]["requests"] == 12
    assert (found["price"], found["not_asked"]) == ((0.4, 1.6), {})
    assert 0 < row["usd"] < row["usd_one_a_request"] < row["usd_one_a_request_unscaled"] < row["usd_naive"]
    assert pooled["requests_saved_by_batching"] == pytest.approx(1 - row["requests"] / 6, abs=1e-4)
    assert 0 < pooled["saved_by_batching"] < pooled["most_that_batching_saves"] < 1
    kept = (1 - pooled["saved_by_choosing"]) * (1 - pooled["saved_by_scaling"]) * (1 - pooled["saved_by_batching"])
    assert kept == pytest.approx(1 - pooled["saved"], abs=1e-3)


def test_pictures_are_packed_as_for_a_user_with_a_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Batches wait for up to 5 minutes of video; without a service, for half a minute: 2 pictures of these shots."""
    video = write_video(tmp_path / "slow.mp4", [scenery(number) for number in range(6) for _ in range(40)], rate=2)
    found = run([video], Settings())
    row = found["rows"][0]
    assert (row["pictures_sent"], row["requests"], row["largest_request"]) == (6, 3, 3)
    _print(found)
    said = " ".join(capsys.readouterr().out.split())
    assert "Requests saved by batching, against one a picture: 50.0%" in said
    assert f"Cost saved by batching: {found['pooled']['saved_by_batching']:.1%}; at most" in said


def test_what_makes_it_cheap_without_being_so_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shots = [scenery(number) for number in range(6)]
    video = write_video(tmp_path / "six.mp4", [shot for shot in shots for _ in range(20)], rate=10)
    found = run([video], Settings(vision_max_frames=2, vision_openai_model="nobody-knows"))
    assert found["price"] is None
    (reason,) = found["not_asked"]
    assert "limit of 2 frames" in reason
    assert (found["not_asked"][reason], found["rows"][0]["pictures_sent"]) == (4, 2)
    _print(found)
    said = " ".join(capsys.readouterr().out.split())
    assert "The price of 'nobody-knows' is not known" in said
    assert "4 frames were not described by the service" in said
