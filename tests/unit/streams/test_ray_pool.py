"""The Ray pool on a real cluster: the bytes of the process pool, deaths of actors and nodes, nothing left behind."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from processors.child import CREDIT
from processors.errors import ChildDied, InvalidMedia
from processors.options import Options
from streams import ray_cluster
from streams.pool import ChildPool, JobFailed, Pool
from streams.ray_pool import RayPool, pool_of
from streams.settings import Settings
from tests.media import repeated
from tests.pipeline import until
from tests.processes import alive, told

# Each starts nodes of Ray and loads models: 25 s, and five times as long on a machine that is very busy.
pytestmark = pytest.mark.timeout(400)

ASKED = Options().model_dump(mode="json")
NODE = {"num_cpus": 2, "object_store_memory": ray_cluster.OBJECT_STORE_BYTES, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that computes nothing; tests add nodes, and lose them."""
    from ray.cluster_utils import Cluster

    ray_cluster.loopback_only()
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    running = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
    yield running
    ray_cluster.disconnect()
    running.shutdown()


@pytest.fixture
def settings(tmp_path: Path, cluster: Any) -> Settings:
    return Settings(data_dir=tmp_path, item_timeout_s=60.0, ray_address=cluster.address, compute="ray", workers=2)


async def lines(pool: Pool, job: str, request: dict[str, Any]) -> list[bytes]:
    return [body async for body, _ in pool.run(job, request)]


async def items(settings: Settings, stage: str, job: str, sample: Path) -> list[dict[str, Any]]:
    """What an extractor hands to the stage behind it."""
    pool = ChildPool(1, settings, stage)
    found = [orjson.loads(body) for body in await lines(pool, job, {"path": str(sample), "options": {}})]
    await pool.stop()
    return found[:-1]


async def test_recognition_and_vision_have_the_bytes_of_the_process_pool(settings, cluster, sample):
    node = cluster.add_node(**NODE)
    chunks = await items(settings, "audio-extractor", "extract-audio", sample)
    batches = await items(settings, "frame-extractor", "extract-frames", sample)
    for stage, job, work in (("transcriber", "transcribe", chunks), ("vision", "analyse", batches)):
        requests = [{"item": item, "options": ASKED} for item in work]
        there, here = pool_of(1, settings, stage), ChildPool(1, settings, stage)
        assert isinstance(there, RayPool)
        by_ray = [await lines(there, job, request) for request in requests]
        by_child = [await lines(here, job, request) for request in requests]
        await there.stop()
        await here.stop()
        assert len(by_ray) >= 2
        assert all(by_ray)
        assert by_ray == by_child
    cluster.remove_node(node)


async def test_actors_and_nodes_that_die_take_one_item_with_them_and_errors_keep_their_class(
    settings, cluster, sample, tmp_path
):
    node = cluster.add_node(**NODE)
    pool = RayPool(1, settings, "transcriber")
    # so many chunks that the actor waits to be read from, and cannot be through before it is killed
    job = {"path": str(repeated(tmp_path / "long.mkv", 15, ["audio"])), "options": {}}
    whole = await lines(pool, "extract-audio", job)
    assert len(whole) > 3 * CREDIT

    with pytest.raises(InvalidMedia, match="does not exist"):
        await lines(pool, "extract-audio", {"path": str(sample) + "x", "options": {}})
    with pytest.raises(JobFailed, match="KeyError") as caught:
        await lines(pool, "probe", {"path": "x", "options": {}})
    assert "Traceback" in caught.value.trace
    assert len(pool._all) == 1  # errors of a job do not cost its actor

    until(lambda: len(_actors()) == 1, "no actor of another test is left")
    with pytest.raises(ChildDied, match="died"):
        await _with_first_output(pool, job, lambda: os.kill(*_actors(), signal.SIGKILL))
    assert not pool._all
    assert await lines(pool, "extract-audio", job) == whole

    with pytest.raises(ChildDied, match="died"):
        await _with_first_output(pool, job, lambda: cluster.remove_node(node, allow_graceful=False))
    cluster.add_node(**NODE)
    assert await lines(pool, "extract-audio", job) == whole
    await pool.stop()


async def _with_first_output(pool: RayPool, job: dict[str, Any], do: Callable[[], object]) -> None:
    """Run a job and do something once, when it has given its first output."""
    done = False
    async for _ in pool.run("extract-audio", job):
        if not done:
            do()
        done = True


def _actors() -> list[int]:
    """The processes of actors that this process has started by way of its nodes."""
    below = psutil.Process().children(recursive=True)  # not all of the machine: another run has actors too
    return [one.pid for one, name in told(below, psutil.Process.name) if "Inference" in name]


async def test_without_ray_children_compute_and_the_log_says_so(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(ray_cluster, "installed", lambda: False)
    with caplog.at_level(logging.ERROR):
        pool = pool_of(1, Settings(data_dir=tmp_path, compute="ray"), "vision")
    assert isinstance(pool, ChildPool)
    assert "pip install 'clipstream[ray]'" in caplog.text


def test_only_stages_with_models_go_to_ray(settings):
    assert {
        stage
        for stage in ("metadata", "audio-extractor", "frame-extractor", "transcriber", "vision", "content", "segmenter")
        if isinstance(pool_of(1, settings, stage), RayPool)
    } == {"transcriber", "vision"}
    assert isinstance(pool_of(1, settings.model_copy(update={"compute": "processes"}), "vision"), ChildPool)


_OWN = """
import asyncio, os, sys
from pathlib import Path
from streams.ray_pool import RayPool
from streams.settings import Settings
async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), compute="ray", sasl_username="u", sasl_password="hush",
        security_protocol="SASL_SSL", broker_url="kafka://b:1")
    pool = RayPool(1, settings, "vision")
    async for _ in pool.run("warm", {"stage": "metadata"}):
        pass
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.chaos
def test_a_cluster_of_ones_own_is_on_loopback_without_secrets_and_dies_with_its_worker(tmp_path):
    environment = {**os.environ, "CLIPSTREAM_OPENAI_API_KEY": "hush"}
    parent = subprocess.Popen(
        [sys.executable, "-c", _OWN, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == "ready\n"
        family = psutil.Process(parent.pid).children(recursive=True)
        names = told(family, psutil.Process.name)
        assert {"raylet", "gcs_server"} <= {name for _, name in names}
        listening = [
            connection.laddr.ip
            for _, connections in told(family, lambda process: process.net_connections("inet"))
            for connection in connections
            if connection.status == psutil.CONN_LISTEN and connection.family in (socket.AF_INET, socket.AF_INET6)
        ]
        assert listening
        assert {address.rpartition(":")[2] for address in listening} == {"127.0.0.1"}
        (actor,) = [process for process, name in names if "Inference" in name]
        assert actor.nice() == psutil.Process().nice()
        variables = told(family, psutil.Process.environ)
        assert variables
        assert not any("hush" in value for _, found in variables for value in found.values())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    until(lambda: not any(alive(process) for process in family), "all processes of Ray are gone", 120.0)
