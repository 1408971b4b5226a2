"""When `process` is through with its videos."""

from __future__ import annotations

from typing import Any

import pytest

from processors.options import Options
from schemas.messages import Control, Run, SecondLook, Segments
from streams.cli.ends import Ends


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def result(video_id: str = "v", *, looks: bool = False, **changes: Any) -> Segments:
    made = {"generation": 0, "revision": 1, "enriched": False, "status": "final"} | changes
    return Segments(
        video_id=video_id, error=None, duration_ms=0, title="", languages=[], confidence=0.0, segments=[], missing=[],
        request_digest=None, document_uri=None, run=Run([], [], 0.0, 0, 0),
        second_look=SecondLook(Options()) if looks else None, **made,
    )  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_without_a_second_look_the_last_result_is_the_end(clock) -> None:
    ends = Ends({"v", "w"}, 100.0, clock)
    ends.take(result(status="provisional"))
    ends.take(result())
    assert not ends.over
    ends.take(result("w", status="failed"))
    assert ends.over


def test_a_second_look_is_waited_for(clock) -> None:
    ends = Ends({"v"}, 100.0, clock)
    ends.take(result(looks=True))
    assert (ends.over, ends.looked_at("v")) == (False, True)
    ends.take(result(enriched=True))
    assert (ends.over, ends.looked_at("v")) == (True, False)


def test_not_longer_than_the_service_may_take_after_the_last_that_came(clock) -> None:
    ends = Ends({"v", "w", "x"}, 100.0, clock)
    ends.take(result("x"))
    clock.now_s = 500.0
    assert ends.given_up() == [], "a video is still under way"
    ends.take(result("v", looks=True))
    ends.take(result("w", looks=True))
    clock.now_s = 599.0
    ends.take(result("w", enriched=True))
    clock.now_s = 698.0
    assert ends.given_up() == []
    assert not ends.over
    clock.now_s = 699.0
    assert ends.given_up() == ["v"]
    assert ends.over
    assert ends.given_up() == []


def test_a_cancelled_look_is_not_waited_for(clock) -> None:
    ends = Ends({"v"}, 100.0, clock)
    ends.take(result(looks=True, generation=2))
    ends.cancel(Control("another", "cancel", 0, 2))
    ends.cancel(Control("v", "cancel", 0, 1))
    assert not ends.over
    ends.cancel(Control("v", "cancel", 0, 2))
    assert ends.over
