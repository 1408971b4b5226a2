"""What a service and the local models say of one frame, put together."""

from __future__ import annotations

from processors.domain import FrameAnalysis, Label
from processors.vision.hosted_answer import Seen
from processors.vision.hosted_result import Given, merged

LOCAL = FrameAnalysis(
    "blob:x", 0, 0, [Label("colourful", 0.9), Label("monkey", 0.8), Label("face", 0.7), Label("goal", 0.95)],
    [], [], "other", 0.5, 1.0, 0.5, 0.5, 0.0, "local", "yunet", novelty=0.4, still_ms=1_500,
)  # fmt: skip


def given(*labels: Label) -> Given:
    return Given(Seen("A bird on a branch.", "other", list(labels), [], 0.9), None)


def test_what_the_local_networks_guess_gives_way() -> None:
    found = merged(LOCAL, given(Label("bird", 0.9), Label("face", 0.2)), None, "m")
    assert found.labels == [Label("bird", 0.9), Label("face", 0.2), Label("colourful", 0.9), Label("goal", 0.95)]
    assert (found.novelty, found.still_ms) == (0.4, 1_500)


def test_without_an_answer_it_stays() -> None:
    assert merged(LOCAL, None, "why not", "m").labels == LOCAL.labels
    assert merged(LOCAL, Given(None, "no"), None, "m").labels == LOCAL.labels
