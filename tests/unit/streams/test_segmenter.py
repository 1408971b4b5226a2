"""What a cancelling stops at the last stage."""

from __future__ import annotations

from typing import Any

import pytest

from processors.options import Options
from schemas.messages import VideoJoined
from streams.logic.segmenter import Segmenter
from streams.newest import Newest
from streams.settings import Settings


@pytest.mark.parametrize(
    ("completeness", "generation"),
    [("provisional", 2), ("final", None), ("degraded", None), ("failed", None), ("cancelled", None)],
)
def test_an_end_that_the_join_decided_is_told_although_the_video_was_cancelled_meanwhile(completeness: Any, generation):
    """Else the video would have no end at all: the join is through with it, and takes no cancelling any more."""
    joined = VideoJoined("v", 2, 1, completeness, None, None, [], None, Options(), None, 0, [])
    bench: Any = None
    assert Segmenter(bench, Newest(Settings())).about(joined) == ("v", generation)
