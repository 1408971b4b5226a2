"""`max_videos` with real agents: a video begins when the one before it has its last result."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from streams import topics
from streams.admin import create_topics
from streams.client import read_records
from streams.topics import BY_NAME
from tests import media
from tests.pipeline import Pipeline, request

pytestmark = [pytest.mark.stream, pytest.mark.timeout(600)]


def test_one_video_at_a_time(cluster_settings, tmp_path):
    video = media.opening(tmp_path / "opening.mp4")
    settings = cluster_settings.model_copy(
        update={
            "topic_prefix": "one-",
            "data_dir": tmp_path,
            "store_url": str(tmp_path / "blobs"),
            "max_videos": 1,
            "workers": 1,
        }
    )
    asyncio.run(create_topics(settings))
    names = [f"queued-{number}" for number in range(3)]
    with Pipeline(settings) as pipeline:
        # computed anew, so that there is work enough to overlap
        found = pipeline.process(*(request(video, name, fresh=True) for name in names))
        assert [result.status for result in found] == ["final"] * 3
        chunks, batches = _times(settings, "audio-chunk", min), _times(settings, "frame-batch", min)
        through = _times(settings, "segments", max)
    order = sorted(names, key=lambda name: through[name])
    for before, after in pairwise(order):
        assert min(chunks[after], batches[after]) >= through[before]


def _times(settings, topic: str, pick) -> dict[str, int]:
    """Time of the first or last record of each video on a topic."""

    async def read() -> dict[str, int]:
        found: dict[str, int] = {}
        spec = BY_NAME[topic]
        async for record in read_records(settings, spec):
            video = record.key.decode().rpartition(":")[0] if spec is not topics.SEGMENTS else record.key.decode()
            found[video] = pick(found.get(video, record.timestamp), record.timestamp)
        return found

    return asyncio.run(read())
