"""`gc` at any time: a video under way loses nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from streams import topics
from streams.admin import create_topics
from streams.collect import collect
from tests.pipeline import Pipeline, request

pytestmark = [pytest.mark.stream, pytest.mark.timeout(800)]


def test_gc_without_pause_takes_nothing_from_a_video_under_way(cluster_settings, sample, tmp_path):
    settings = cluster_settings.model_copy(
        update={"topic_prefix": "collected.", "data_dir": tmp_path, "cache_url": None}
    )
    asyncio.run(create_topics(settings))
    done = threading.Event()
    found = []

    def collect_on_and_on() -> None:
        while not done.is_set():
            found.append(asyncio.run(collect(settings, older_than_s=0, whole_cache=False, dry_run=False)))

    collector = threading.Thread(target=collect_on_and_on)
    with Pipeline(settings) as pipeline:
        assert pipeline.process(request(sample, "before"))[0].status == "final"
        # as of a video that was processed long ago: its chunks and pictures are answered from the cache
        for path in Path(settings.store).glob("*/*"):
            os.utime(path, (1, 1))
        collector.start()
        try:
            again = replace(request(sample, "before", generation=1, fresh=True), replay_from="transcriber")
            results = pipeline.process(again, request(sample, "meanwhile", language="en"))
        finally:
            done.set()
            collector.join()
    assert [(result.status, result.missing) for result in results] == [("final", [])] * 2
    assert pipeline.read(topics.DEAD_LETTER) == []
    assert max(one.under_way for one in found) == 2
