"""The embedded cluster for real: messages, restarts, second starts, and no process left however the owner ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.local import AlreadyRunning, ClusterInfo, LocalCluster, StartFailed, child, read_cluster
from ops.local.info import CHILDREN_FILE, CLUSTER_FILE, load_info
from ops.local.probe import kafka_ready, valkey_ready
from streams.database.connection import DatabaseUnusable, connect
from streams.settings import Settings

# The whole file takes a minute on 2 busy cores; the first run on a machine downloads 45 to 80 MB.
pytestmark = [pytest.mark.stream, pytest.mark.timeout(600)]

READY_LIMIT_S = 300.0
END_LIMIT_S = 60.0
TOPIC = "numbers"


@pytest.fixture
def cache() -> Path:
    """The user's own cache: downloads happen once per machine, not once per test."""
    return Settings().cache_dir


def broker(info: ClusterInfo) -> str:
    return info.broker_url.removeprefix("kafka://")


def ended(info: ClusterInfo) -> bool:
    """Whether all its processes are gone; what waits for its parent to take its status counts as gone."""
    for pid in info.pids.values():
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def servers_of(state: Path) -> list[str]:
    """Command lines of processes that mention the state folder: none may be left at the end."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if f"{state}/kafka/" in line or f"{state}/valkey/" in line]


@contextmanager
def owner_process(state: Path, cache: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m ops.local up` in a process of its own, ready."""
    command = [sys.executable, "-m", "ops.local", "up", "--state", str(state), "--cache", str(cache)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            assert child.wait_until(lambda: read_cluster(state) is not None, READY_LIMIT_S, process)
            yield process
        finally:
            process.kill()


async def send(info: ClusterInfo, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker(info)) as producer:
        await producer.send_and_wait(TOPIC, value, partition=0)


async def read(info: ClusterInfo, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=broker(info), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        await consumer.seek_to_beginning()
        return [(await consumer.getone()).value for _ in range(count)]


async def create_topic(info: ClusterInfo) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker(info))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def test_messages_survive_a_restart_and_nothing_is_left_running(tmp_path, cache):
    with LocalCluster(tmp_path, cache) as cluster:
        first = cluster.describe()
        assert read_cluster(tmp_path) == first
        assert set(first.pids) == {"owner", "kafka", "valkey"}
        await create_topic(first)
        await send(first, b"one")
        assert await read(first, 1) == [b"one"]
        with pytest.raises(AlreadyRunning) as caught:
            LocalCluster(tmp_path, cache).start()
        assert caught.value.info == first
        with pytest.raises(AlreadyRunning):
            cluster.start()
        assert await read(first, 1) == [b"one"], "a refused start must disturb nothing"
    assert not psutil.pid_exists(first.pids["kafka"])
    assert not psutil.pid_exists(first.pids["valkey"])
    assert read_cluster(tmp_path) is None
    assert not (tmp_path / CLUSTER_FILE).exists()

    with LocalCluster(tmp_path, cache) as cluster:
        second = cluster.describe()
        await send(second, b"two")
        assert await read(second, 2) == [b"one", b"two"]
    assert servers_of(tmp_path) == []


def test_servers_are_reachable_on_loopback_only(tmp_path, cache):
    with LocalCluster(tmp_path, cache) as cluster:
        pids = cluster.describe().pids
        for name in ("kafka", "valkey"):
            sockets = psutil.Process(pids[name]).net_connections("tcp")
            addresses = {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}
            assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}
            assert addresses


def test_wanted_ports_are_used(tmp_path, cache):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        kafka_port, valkey_port = one.getsockname()[1], other.getsockname()[1]
    with LocalCluster(tmp_path, cache, kafka_port=kafka_port, valkey_port=valkey_port):
        assert kafka_ready(kafka_port)
        assert valkey_ready(valkey_port)


async def test_a_sigkill_of_the_owner_leaves_no_orphan_and_loses_nothing(tmp_path, cache):
    with owner_process(tmp_path, cache) as owner:
        info = read_cluster(tmp_path)
        assert info is not None
        assert info.pids["owner"] == owner.pid
        await create_topic(info)
        await send(info, b"one")
        owner.send_signal(signal.SIGKILL)
        owner.wait(END_LIMIT_S)
        assert read_cluster(tmp_path) is None, "at once, not only when the servers have ended"
        assert child.wait_until(lambda: ended(info), END_LIMIT_S), servers_of(tmp_path)
        assert load_info(tmp_path) == info, "the stale file is there, and does no harm"

    with LocalCluster(tmp_path, cache) as cluster:
        assert await read(cluster.describe(), 1) == [b"one"]


def test_a_start_right_after_the_owner_was_killed(tmp_path, cache):
    with owner_process(tmp_path, cache) as owner:
        owner.kill()
        owner.wait(END_LIMIT_S)
        with LocalCluster(tmp_path, cache) as cluster:
            assert kafka_ready(cluster.describe().broker_port)


def test_a_stop_from_another_thread_ends_a_start_that_is_at_work(tmp_path, cache):
    cluster = LocalCluster(tmp_path, cache)
    outcomes: list[object] = []

    def start() -> None:
        try:
            outcomes.append(cluster.start())
        except StartFailed as error:
            outcomes.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    assert child.wait_until((tmp_path / CHILDREN_FILE).exists, READY_LIMIT_S)
    cluster.stop()
    starting.join(END_LIMIT_S)
    assert len(outcomes) == 1
    assert servers_of(tmp_path) == []
    assert read_cluster(tmp_path) is None


def test_down_ends_a_cluster_of_another_process(tmp_path, cache):
    def run(command: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "ops.local", command, "--state", str(tmp_path), "--cache", str(cache)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=READY_LIMIT_S)

    with owner_process(tmp_path, cache) as owner:
        info = read_cluster(tmp_path)
        assert info is not None
        assert run("status").returncode == 0
        refused = run("up")
        assert refused.returncode == 1
        assert info.broker_url in refused.stderr
        assert run("down").returncode == 0
        assert owner.wait(END_LIMIT_S) == 0
        assert ended(info)
        assert run("status").returncode == 1


def test_a_server_that_died_is_started_again_on_its_port(tmp_path, cache):
    with LocalCluster(tmp_path, cache) as cluster:
        before = cluster.describe()
        psutil.Process(before.pids["valkey"]).kill()
        assert child.wait_until(lambda: cluster.died() == ("valkey",), END_LIMIT_S)
        assert read_cluster(tmp_path) is None
        assert cluster.revive() == ("valkey",)
        after = cluster.describe()
        assert valkey_ready(before.cache_port)
        assert after.pids["valkey"] != before.pids["valkey"]
        assert read_cluster(tmp_path) == after
        assert cluster.revive() == ()


def test_a_broker_that_cannot_start_says_why_and_leaves_nothing(tmp_path, cache):
    data = tmp_path / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=99\n")  # of another broker
    with pytest.raises(StartFailed) as caught:
        LocalCluster(tmp_path, cache).start()
    assert "node id" in caught.value.reason.lower()
    assert "kafka.log" in caught.value.remedy
    assert servers_of(tmp_path) == []
    assert read_cluster(tmp_path) is None


def test_a_database_beside_it_comes_back_with_its_data_and_its_password_is_in_one_place(tmp_path, cache):
    """SIGKILL of Postgres: it is started again on its port, its rows are there; a stop leaves nothing running."""
    with LocalCluster(tmp_path, cache, database=True) as cluster:
        info = cluster.describe()
        password = (tmp_path / "postgres" / "password").read_text()
        assert (tmp_path / "postgres" / "password").stat().st_mode & 0o077 == 0
        assert password not in (tmp_path / CLUSTER_FILE).read_text()
        settings = Settings(data_dir=tmp_path).model_copy(update=info.addresses())
        with connect(settings) as connection:
            connection.execute("CREATE TABLE numbers AS SELECT 7 AS number")
        psutil.Process(info.pids["postgres"]).send_signal(signal.SIGKILL)
        assert child.wait_until(lambda: cluster.died() == ("postgres",), END_LIMIT_S)
        assert cluster.revive() == ("postgres",)
        with connect(settings) as connection:
            assert connection.execute("SELECT number FROM numbers").fetchall() == [(7,)]
        last = cluster.describe()
        with pytest.raises(DatabaseUnusable):  # without the folder nobody knows the password
            connect(settings.model_copy(update={"data_dir": tmp_path / "another"}))
    assert ended(replace(last, pids={name: pid for name, pid in last.pids.items() if name != "owner"}))
