"""A video is erased: nothing of it is found again, what others share stays, and being killed loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from processors.errors import ClipstreamError
from streams import topics
from streams.clock import SYSTEM_CLOCK
from streams.erasing.erase import erase
from streams.erasing.footprint import Footprint, footprint
from streams.reading import to_environment
from streams.replay import replay_video
from streams.supervisor import clipstream_command
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    """Agents have the time of a busy machine to tell of an end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.erasing.erase.JOIN_LIMIT_S", 240.0)
        patch.setattr("streams.erasing.erase.CANCEL_LIMIT_S", 240.0)
        yield


def erased(pipeline: Pipeline, video_id: str, **how: bool) -> dict:
    wanted = {"cancel_first": False, "now": False, **how}
    return asyncio.run(erase(pipeline.settings, video_id, SYSTEM_CLOCK, **wanted)).to_json()


def looked(pipeline: Pipeline, video_id: str) -> Footprint:
    return asyncio.run(footprint(pipeline.settings, video_id))


def count(receipt: dict, what: str) -> int:
    return sum(entry["count"] for entry in receipt["erased"] if entry["what"] == what)


def test_what_is_gone_what_is_shared_and_what_comes_late(pipeline: Pipeline, gateways, sample):
    """Two videos of one file, with other options, so that their frames have the same bytes."""
    pipeline.process(request(sample, "unwelcome"), request(sample, "neighbour", max_segments=3))
    before, canonical = looked(pipeline, "unwelcome"), pipeline.canonical(pipeline.latest()["neighbour"])
    shared = before.digests & looked(pipeline, "neighbour").digests
    assert shared
    assert before.digests - shared, "its document is its own"
    log = pipeline.settings.log_dir / "mentions.log"
    log.write_text("a line of unwelcome\nunwelcome-2 is another\nand unwelcome: again\n")
    receipt = erased(pipeline, "unwelcome")
    assert receipt["complete"], receipt
    assert count(receipt, "blobs") >= len(before.digests - shared) > 0
    assert count(receipt, "entries of the result cache") > 5
    assert count(receipt, "results") >= 1
    assert "unwelcome" not in pipeline.latest()
    for gateway in gateways:
        until(lambda at=gateway: at.ask("GET", "/v1/videos/unwelcome").status_code == 404, "gateways forget it", 120)
        listed = gateway.ask("GET", "/v1/videos", params={"q": "unwelcome"}).json()
        assert "unwelcome" not in [video["video_id"] for video in listed["videos"]]
    assert log.read_text().split("\n")[1].strip() == "unwelcome-2 is another"
    assert "line of" not in log.read_text()
    assert "again" not in log.read_text()
    assert not any(pipeline.blobs.exists(f"blob:{one}") for one in before.digests - shared)
    assert pipeline.canonical(pipeline.latest()["neighbour"]) == canonical, "the other one stands"
    remains = {entry["what"]: entry for entry in receipt["remains"]}
    for name in ("transcript", "video-ingested", "audio-chunk"):
        assert remains[f"records on {pipeline.settings.topic(name)}"]["until_ms"] > SYSTEM_CLOCK.now_ms()
    # a part that still arrives begins nothing
    late = [record for record in pipeline.read(topics.TRANSCRIPT) if record.header.video_id == "unwelcome"]
    asyncio.run(_again(pipeline, late))
    until(lambda: not pipeline.lag(), "it is taken", 120)
    assert "unwelcome" not in pipeline.latest()
    # and it may be processed again, from its source
    again = erased(pipeline, "unwelcome")
    assert count(again, "blobs") == count(again, "results") == 0
    with pytest.raises(ClipstreamError, match="No request for video"):
        asyncio.run(replay_video(pipeline.settings, "unwelcome", None, fresh=False, dry_run=True))
    asyncio.run(pipeline.submit(request(sample, "unwelcome")))
    until(lambda: pipeline.status("unwelcome") == "final", "it is there again", 180)
    assert pipeline.latest()["unwelcome"].generation == 1


async def _again(pipeline: Pipeline, records: list) -> None:
    from aiokafka import AIOKafkaProducer

    from streams import codec
    from streams.connection import client_options

    async with AIOKafkaProducer(**client_options(pipeline.settings)) as producer:
        for record in records:
            partition = topics.video_partition(record.header.video_id, topics.TRANSCRIPT.partitions)
            value = codec.encode(topics.TRANSCRIPT, record)
            await producer.send_and_wait(
                pipeline.settings.topic("transcript"), value, key=b"unwelcome", partition=partition
            )


def test_under_way_it_is_refused_or_cancelled(pipeline: Pipeline, tmp_path):
    video = media.repeated(tmp_path / "busy.mp4", 4)
    asyncio.run(pipeline.submit(request(video, "busy", fresh=True)))
    until(lambda: any(p.video_id == "busy" for p in pipeline.read(topics.PROGRESS)), "work has begun", 120)
    with pytest.raises(ClipstreamError, match="is under way"):
        erased(pipeline, "busy")
    receipt = erased(pipeline, "busy", cancel_first=True)
    if not receipt["complete"]:  # a stage was still putting a blob, as the receipt says
        until(lambda: not pipeline.lag(), "every stage is through with it", 120)
        receipt = erased(pipeline, "busy")
    assert receipt["complete"], receipt
    assert "busy" not in pipeline.latest()
    with pytest.raises(ClipstreamError, match="Nothing is known of video 'nobody'"):
        erased(pipeline, "nobody")


def killed_on_its_way(pipeline: Pipeline, name: str, stride: int) -> tuple[list[str], dict]:
    """Erase a video by commands that are killed: the steps before which they were, and the receipt of the last one."""
    killed, environment = [], {**os.environ, **to_environment(pipeline.settings)}
    while True:
        # further each time; each line is written before the step is taken
        run = subprocess.Popen(
            [*clipstream_command(), "erase", name, "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert run.stderr is not None
        assert run.stdout is not None
        steps = []
        with run:
            for line in run.stderr:
                steps.append(line.strip().rpartition(": ")[2])
                if len(steps) > stride * len(killed):
                    run.send_signal(signal.SIGKILL)
                    killed.append(steps[-1])
                    break
            told = run.stdout.read()  # nothing, but where it had ended before the signal came
        if run.returncode == 0:
            return killed, json.loads(told)
        assert run.returncode == -signal.SIGKILL, steps


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_after_its_steps_it_goes_on(pipeline: Pipeline, sample, stride):
    for number in range(3):
        name = f"stubborn-{stride}-{number}"
        pipeline.process(request(sample, name))
        digests = looked(pipeline, name).digests
        killed, receipt = killed_on_its_way(pipeline, name, stride)
        if len(killed) > 8 / stride:  # else one had ended before the signal came
            break
    assert len(killed) > 8 / stride
    assert stride > 1 or killed[-1] == "records"
    assert receipt["complete"]
    own = digests - {one for other in pipeline.latest() for one in looked(pipeline, other).digests}
    assert not any(pipeline.blobs.exists(f"blob:{one}") for one in own)
    assert name not in pipeline.latest()
