"""Videos through all agents, their pictures described by a service: a real HTTP server, a real Kafka.

And the service is killed in the middle of the work, and comes back.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from schemas.messages import Segments
from streams import results
from streams.admin import create_topics
from streams.client import TERMINAL
from streams.replay import replay_video
from streams.settings import Settings
from tests.openai_service import KEY, Asked, OpenAiService, describing
from tests.pipeline import Pipeline, request, until
from tests.unit.vision.helpers import scenery, write_video

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]

SOURCE = "openai:gpt-4.1-mini"
PER_FRAME_USD = (100 * 0.4 + 50 * 1.6) / 1e6  # what the stand-in says it charges, at the prices of the table
SHOTS, VIDEOS = 12, 6
_HOLD_S: Final = 100.0  # longer than a machine stands still, and less than a worker waits for an answer


def settings_of(base: Settings, folder: Path, name: str, **changes: Any) -> Settings:
    common = {"data_dir": folder, "topic_prefix": f"{name}-", "cache_url": "", "asr_model": "tiny.en"}
    common |= {"vision_backend": "openai", "openai_api_key": SecretStr(KEY), "vision_children": 2, "workers": 2}
    common |= {"openai_timeout_s": 120.0}  # of a machine that stands still nobody asks twice
    common |= {"vision_second_segments": 0}  # that is tests/stream/test_second_look.py
    settings = base.model_copy(update=common | changes)
    asyncio.run(create_topics(settings))
    return settings


def frames_of(result: Segments, running: Pipeline) -> list[dict[str, Any]]:
    return list(results.to_json(result, running.blobs)["frames"])


def again(running: Pipeline, video_id: str, *, fresh: bool = False) -> Segments:
    wanted = asyncio.run(replay_video(running.settings, video_id, "vision", fresh=fresh, dry_run=True))
    return running.process(wanted)[0]


def test_a_service_describes_the_sample_and_nothing_is_paid_for_twice(cluster_settings, sample, tmp_path):
    with OpenAiService(answer=describing) as service:
        settings = settings_of(cluster_settings, tmp_path, "seen", openai_base_url=service.base_url)
        with Pipeline(settings) as running:
            first = running.process(request(sample, "seen", metadata={"title": "Tides"}))[0]
            frames = frames_of(first, running)
            sent = sum(len(asked.pictures) for asked in service.asked)
            merged = results.to_json(first, running.blobs)
            assert all("Title of the video: Tides" in json.dumps(asked.json) for asked in service.asked)
            requests = len(service.asked)
            fresh = again(running, "seen", fresh=True)
            second = running.process(request(sample, "another", metadata={"title": "Tides at night"}))[0]
            assert len(service.asked) == requests, "a fresh replay and another video with the same pictures"
            assert running.canonical(fresh) == running.canonical(first)
            assert {frame["source"] for frame in frames_of(second, running)} == {SOURCE}
    assert first.status == second.status == "final"
    assert {frame["source"] for frame in frames} == {SOURCE}
    assert sent == len(frames)
    assert first.run.cost_usd == fresh.run.cost_usd == pytest.approx(sent * PER_FRAME_USD, abs=2e-6)
    assert second.run.cost_usd == first.run.cost_usd, "the price of what is in it, as with the result cache"
    shown = {frame["shot"] for frame in frames}  # a shot that repeats another has no frame of its own
    assert shown == {number for number, shot in enumerate(merged["shots"]) if shot["description"]}
    assert any(model.startswith(f"{SOURCE}+yunet") for model in first.run.models)
    for log in settings.log_dir.rglob("*"):
        assert not log.is_file() or KEY not in log.read_text(errors="replace")
    assert KEY not in json.dumps(merged)


@contextmanager
def killable(about: str = "", prompt: int = 0) -> Iterator[tuple[str, subprocess.Popen[str], list[str]]]:
    """A service of its own process that lets requests of that kind, or all, wait once it has answered some at once.

    Its address, the process, and a line for each request so far.
    """
    command = [sys.executable, "-m", "tests.openai_service", "0", str(_HOLD_S), about, str(prompt)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told: list[str] = []

        def read() -> None:
            for line in process.stdout or ():
                told.append(line)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            until(lambda: bool(told), "it says its address")
            yield told.pop(0).split()[1], process, told
        finally:
            process.kill()
            reader.join()


@pytest.mark.timeout(1800)  # 31 s on a quiet machine; each replay has a limit of 180 s
def test_a_service_that_is_killed_in_the_middle_of_the_work(cluster_settings, tmp_path):
    """All videos end, with what the local models see; when it is back, a replay asks for these pictures alone."""
    videos = [
        write_video(tmp_path / f"v{number}.mp4", [
            scenery(100 * number + shot, (320, 180)) for shot in range(SHOTS) for _ in range(10)
        ], rate=10)
        for number in range(VIDEOS)
    ]  # fmt: skip
    # two are answered, and each of the two children waits for another one when it is killed
    with killable(prompt=2) as (url, process, told):
        settings = settings_of(cluster_settings, tmp_path, "killed", openai_base_url=url)
        with Pipeline(settings) as running:
            asyncio.run(running.submit(*(request(video, video.stem) for video in videos)))
            until(lambda: len(told) >= 4, "four requests", 180)
            process.kill()
            process.wait()
            killed_s = time.monotonic()
            until(lambda: all(running.status(video.stem) in TERMINAL for video in videos), "all videos end", 240)
            ended = running.latest()
            ended_s = time.monotonic() - killed_s
            before = {video_id: frames_of(result, running) for video_id, result in ended.items()}
            port = int(url.split(":")[2].split("/")[0])
            with OpenAiService(answer=describing, port=port) as service:
                back_s = time.monotonic()
                waiting = set(before)
                while waiting:  # each replay has its limit; a breaker is asked again after a while
                    for video_id in sorted(waiting):
                        ended[video_id] = again(running, video_id)
                        if all(frame["source"] == SOURCE for frame in frames_of(ended[video_id], running)):
                            waiting.discard(video_id)
                upgraded_s = time.monotonic() - back_s
                asked = list(service.asked)
            after = {video_id: frames_of(result, running) for video_id, result in ended.items()}
    _judge(before, after, asked, ended)
    # shown by `pytest -s`; the figures in docs/vision.md are these
    sys.stdout.write(f"all videos ended {ended_s:.1f} s after the kill, upgraded {upgraded_s:.1f} s after its return\n")


def _judge(
    before: dict[str, list[dict[str, Any]]],
    after: dict[str, list[dict[str, Any]]],
    asked: list[Asked],
    ended: dict[str, Segments],
) -> None:
    frames = [frame for found in before.values() for frame in found]
    local = [frame for frame in frames if frame["source"] == "local"]
    assert len(frames) == SHOTS * VIDEOS
    assert 0 < len(local) < len(frames)
    assert all("cannot be reached" in frame["reason"] or "not asked for a while" in frame["reason"] for frame in local)
    assert any("not asked for a while" in frame["reason"] for frame in local), "a breaker opened"
    assert all(result.status == "final" for result in ended.values())
    assert not any("stood in" in note or "local models" in note for result in ended.values() for note in result.missing)
    # what was described before the kill was neither asked for nor paid for again
    assert sum(len(one.pictures) for one in asked) == len(local)
    kept = {frame["frame_uri"]: frame for frame in frames if frame["source"] == SOURCE}
    assert all(
        frame["description"] == kept[frame["frame_uri"]]["description"]
        for found in after.values() for frame in found if frame["frame_uri"] in kept
    )  # fmt: skip
    assert sum(result.run.cost_usd for result in ended.values()) == pytest.approx(len(frames) * PER_FRAME_USD, abs=1e-5)
