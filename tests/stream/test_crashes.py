"""SIGKILL of each agent in turn during a run: it comes back, nothing stays behind, the result is the same."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from streams import agents, topics
from tests.pipeline import Pipeline, request, until
from tests.processes import alive

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def clean(pipeline: Pipeline, sample: Path) -> bytes:
    """Canonical bytes of a run in which nobody dies."""
    return pipeline.canonical(pipeline.process(request(sample, "undisturbed"))[0])


@pytest.mark.parametrize("agent", agents.NAMES)
def test_sigkill_of_an_agent_during_a_run_changes_nothing(pipeline, clean, sample, agent):
    video_id = f"killed-{agent}"
    victim = pipeline.pid(agent)
    children = psutil.Process(victim).children(recursive=True)
    restarts = pipeline.restarts(agent)

    def kill_when_work_has_begun() -> None:
        until(lambda: any(p.video_id == video_id for p in pipeline.read(topics.PROGRESS)), "progress of the video")
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill_when_work_has_begun)
    killer.start()
    # computed anew: with cached outputs there would be nothing left to disturb
    result = pipeline.process(request(sample, video_id, fresh=True))[0]
    killer.join()
    assert result.status == "final"
    assert pipeline.canonical(result).replace(video_id.encode(), b"undisturbed") == clean
    until(lambda: pipeline.restarts(agent) > restarts, f"{agent} is started again")
    until(lambda: not any(alive(child) for child in children), "the children of the killed process are gone")


def test_one_payload_for_each_generation_and_revision(pipeline, clean):
    """Over the raw log: repeats only with equal content, never a lower revision after a higher one of a run."""
    seen: dict[tuple[str, int, int], bytes] = {}
    for result in pipeline.read(topics.SEGMENTS):
        if result.video_id.startswith("killed-"):
            key = (result.video_id, result.generation, result.revision)
            assert seen.setdefault(key, pipeline.canonical(result)) == pipeline.canonical(result), key
    assert seen
