"""What is read from Kafka again: a record that says what an earlier one said is no event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.messages import Run, Segments
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.gateway.rereading import _repeated
from streams.gateway.view import View
from streams.settings import Settings


class _Record:
    """A record as the consumer gives it."""

    def __init__(self, value: bytes, offset: int) -> None:
        self.value, self.offset, self.timestamp = value, offset, 1_000


def _result(revision: int) -> Segments:
    return Segments(
        "v", 0, revision, False, "provisional", None, 9, "", [], 0.5, [], [], None, None, Run([], [], 0.0, 1, 2)
    )


@pytest.mark.parametrize(
    ("revisions", "since", "told"),
    [
        ([1, 2, 3], 0, [1, 2, 3]),
        ([1, 2, 2, 1, 3], 0, [1, 2, 3]),
        ([1, 2, 1, 2], 2, []),  # the reader had both before it came back: nothing that is read tells of them
        ([1, 2, 3, 2], 2, [3]),
    ],
)
def test_results_that_are_said_again(tmp_path: Path, revisions: list[int], since: int, told: list[int]):
    view = View(Settings(data_dir=tmp_path), SYSTEM_CLOCK)
    place, spec = view.place_of(view.places[topics.VIDEO_PARTITIONS])
    for offset, revision in enumerate(revisions):
        view._take(place, spec, _Record(codec.encode(topics.SEGMENTS, _result(revision)), offset))
    said: dict[str, Any] = {}
    found = [
        revision
        for offset, revision in enumerate(revisions)
        if offset >= since and not _repeated(view, _result(revision), (place, offset), said)
    ]
    assert found == told
