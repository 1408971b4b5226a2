"""A cancelled video: its work ends, `cancelled` is the last word of that generation, and a replay takes it up again."""

from __future__ import annotations

import asyncio

import pytest

from processors.errors import ClipstreamError
from streams import topics
from streams.clock import SYSTEM_CLOCK
from streams.control import cancel
from streams.replay import replay_video
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]


def test_cancelled_in_the_middle(pipeline: Pipeline, tmp_path):
    video = media.repeated(tmp_path / "long.mp4", 2)  # two minutes and a half: twenty seconds of a processor
    asyncio.run(pipeline.submit(request(video, "unwanted", fresh=True)))
    until(lambda: any(p.video_id == "unwanted" for p in pipeline.read(topics.PROGRESS)), "work has begun", 120)
    assert asyncio.run(cancel(pipeline.settings, "unwanted", SYSTEM_CLOCK)) == 0
    until(lambda: pipeline.status("unwanted") == "cancelled", "it is cancelled", 120)
    until(lambda: not pipeline.lag(), "every stage is through with it", 120)
    assert [r.status for r in pipeline.read(topics.SEGMENTS) if r.video_id == "unwanted"][-1] == "cancelled"
    chunks = [m for m in pipeline.read(topics.AUDIO_CHUNK) if m.header.video_id == "unwanted"]
    spoken = [m for m in pipeline.read(topics.TRANSCRIPT) if m.header.video_id == "unwanted"]
    assert not any(m.header.is_end for m in spoken), "what waited was passed over"
    assert len(spoken) <= len(chunks)
    # again: it is through
    assert asyncio.run(cancel(pipeline.settings, "unwanted", SYSTEM_CLOCK)) is None
    wanted = asyncio.run(replay_video(pipeline.settings, "unwanted", None, fresh=False, dry_run=True))
    assert wanted.generation == 1
    assert pipeline.process(wanted)[0].status == "final"


def test_a_video_that_nobody_knows(pipeline: Pipeline):
    with pytest.raises(ClipstreamError, match="Nothing is known of video 'nobody'"):
        asyncio.run(cancel(pipeline.settings, "nobody", SYSTEM_CLOCK))
