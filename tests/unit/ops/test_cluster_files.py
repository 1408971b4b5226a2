"""Who owns a state folder, what its files say, and what happens to those of a dead owner. No server starts here."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.local import (
    AlreadyRunning,
    CacheNotWritable,
    ClusterError,
    ClusterInfo,
    DownloadFailed,
    JavaMissing,
    LocalCluster,
    PortTaken,
    child,
    read_cluster,
)
from ops.local import cluster as cluster_module
from ops.local import errors as errors_module
from ops.local.info import CHILDREN_FILE, CLUSTER_FILE, LOCK_FILE, load_info, write_json
from ops.local.leftovers import note_children
from ops.local.owner_lock import OwnerLock, is_owned
from ops.local.ports import choose_port, is_free
from tests.pipeline import until

LIMIT_S = 20.0
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def info(kafka_port: int, valkey_port: int) -> ClusterInfo:
    return ClusterInfo(
        broker_url=f"kafka://127.0.0.1:{kafka_port}",
        cache_url=f"redis://127.0.0.1:{valkey_port}/0",
        registry_url=None,
        pids={"owner": 1, "kafka": 2, "valkey": 3},
        started_at_ms=1_700_000_000_000,
        version="0.1.0",
    )


@contextmanager
def owned(state: Path) -> Iterator[None]:
    lock = OwnerLock(state / LOCK_FILE)
    assert lock.acquire()
    try:
        yield
    finally:
        lock.release()


def without_java_and_kafka(state: Path) -> LocalCluster:
    """One whose start gets as far as looking for Java or Kafka, in an empty cache."""
    return LocalCluster(state, state / "empty cache", allow_download=False)


def test_the_file_comes_back_as_it_was_written(tmp_path):
    write_json(tmp_path / CLUSTER_FILE, info(1, 2).to_dict())
    assert load_info(tmp_path) == info(1, 2)
    assert set(json.loads((tmp_path / CLUSTER_FILE).read_text())) == {
        "broker_url", "cache_url", "registry_url", "pids", "started_at_ms", "ui_url", "version", "database_url",
            "prometheus_url",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == [CLUSTER_FILE]


def test_a_running_cluster_is_read(tmp_path):
    with listening() as kafka, listening() as valkey, owned(tmp_path):
        write_json(tmp_path / CLUSTER_FILE, info(kafka, valkey).to_dict())
        found = read_cluster(tmp_path)
    assert found == info(kafka, valkey)
    assert (found.broker_port, found.cache_port) == (kafka, valkey)


def test_without_an_owner_nothing_runs(tmp_path):
    with listening() as kafka, listening() as valkey:
        write_json(tmp_path / CLUSTER_FILE, info(kafka, valkey).to_dict())
        assert read_cluster(tmp_path) is None
        with owned(tmp_path):
            pass
        assert read_cluster(tmp_path) is None


def test_with_a_dead_server_nothing_runs(tmp_path):
    with listening() as valkey, owned(tmp_path):
        with listening() as kafka:
            pass
        write_json(tmp_path / CLUSTER_FILE, info(kafka, valkey).to_dict())
        assert read_cluster(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"broker_url": 1, "other": 2}', "null", "\xff\xfe"])
def test_a_damaged_file_is_no_cluster(tmp_path, text):
    (tmp_path / CLUSTER_FILE).write_text(text, encoding="latin-1")
    with owned(tmp_path):
        assert read_cluster(tmp_path) is None


def test_no_folder_is_no_cluster(tmp_path):
    assert read_cluster(tmp_path / "none") is None


def test_one_owner_at_a_time_and_readers_do_not_disturb(tmp_path):
    path = tmp_path / LOCK_FILE
    first, second = OwnerLock(path), OwnerLock(path)
    assert not is_owned(path)
    assert first.acquire()
    assert is_owned(path)
    assert not second.acquire()
    first.release()
    assert not is_owned(path)
    stop, probes = threading.Event(), []

    def probe() -> None:
        while not stop.is_set():
            probes.append(is_owned(path))

    reader = threading.Thread(target=probe)
    reader.start()
    try:
        until(lambda: bool(probes), "the reader looks")  # else all may be over before it begins
        for _ in range(50):
            assert second.acquire()
            second.release()
    finally:
        stop.set()
        reader.join()


def test_the_lock_ends_with_its_process(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from ops.local.owner_lock import OwnerLock\n"
        f"lock = OwnerLock(Path({str(tmp_path / LOCK_FILE)!r})); print(lock.acquire(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"True\n"
        assert is_owned(tmp_path / LOCK_FILE)
        owner.kill()
        owner.wait(LIMIT_S)
    assert not is_owned(tmp_path / LOCK_FILE)


def test_a_second_start_reports_what_runs(tmp_path):
    with listening() as kafka, listening() as valkey, owned(tmp_path):
        write_json(tmp_path / CLUSTER_FILE, info(kafka, valkey).to_dict())
        with pytest.raises(AlreadyRunning) as caught:
            without_java_and_kafka(tmp_path).start()
        assert caught.value.info == info(kafka, valkey)
        assert str(kafka) in caught.value.reason
        assert (tmp_path / CLUSTER_FILE).exists()


def test_a_second_start_while_the_first_is_starting(tmp_path):
    with owned(tmp_path), pytest.raises(AlreadyRunning, match="starting") as caught:
        without_java_and_kafka(tmp_path).start()
    assert caught.value.info is None


def test_a_stop_of_one_that_never_started_leaves_anothers_files(tmp_path):
    with owned(tmp_path):
        write_json(tmp_path / CLUSTER_FILE, info(1, 2).to_dict())
        without_java_and_kafka(tmp_path).stop()
        assert (tmp_path / CLUSTER_FILE).exists()


def test_a_start_cleans_up_after_a_dead_owner_and_gives_the_folder_free_when_it_fails(tmp_path):
    marker = str(tmp_path / "kafka" / "server.properties")
    ours = subprocess.Popen([*SLEEP, marker], start_new_session=True)
    others = subprocess.Popen([*SLEEP, "something else"], start_new_session=True)
    try:
        note_children(tmp_path, {"kafka": (ours.pid, marker), "valkey": (others.pid, str(tmp_path / "valkey.conf"))})
        write_json(tmp_path / CLUSTER_FILE, info(1, 2).to_dict())
        for _ in range(2):  # not AlreadyRunning the second time
            with pytest.raises((DownloadFailed, JavaMissing)):
                without_java_and_kafka(tmp_path).start()
        assert not child.is_ours(ours.pid, marker)
        assert others.poll() is None, "a process that only has the number of ours must live"
        assert not (tmp_path / CLUSTER_FILE).exists()
        assert not (tmp_path / CHILDREN_FILE).exists()
    finally:
        for process in (ours, others):
            process.kill()
            process.wait(LIMIT_S)


@pytest.mark.parametrize("text", ["", "[]", '{"kafka": 3}', '{"kafka": {"pid": "x", "marker": ""}}'])
def test_damaged_notes_do_not_stop_a_start(tmp_path, text):
    (tmp_path / CHILDREN_FILE).write_text(text)
    with pytest.raises((DownloadFailed, JavaMissing)):
        without_java_and_kafka(tmp_path).start()


def test_a_taken_port_is_named(tmp_path):
    with listening() as port:
        assert not is_free(port)
        with pytest.raises(PortTaken) as caught:
            LocalCluster(tmp_path, tmp_path / "cache", kafka_port=port, allow_download=False).start()
    assert caught.value.port == port
    assert str(port) in caught.value.reason
    assert "Kafka" in caught.value.reason
    assert caught.value.remedy
    assert is_free(port)
    assert choose_port(port, "Kafka") == port
    assert choose_port(None, "Kafka") > 0


def test_a_state_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        without_java_and_kafka(tmp_path / "file").start()


def test_describe_before_start_and_died_after_nothing(tmp_path):
    idle = without_java_and_kafka(tmp_path)
    assert idle.died() == ()
    with pytest.raises(RuntimeError):
        idle.describe()


def test_every_error_has_one_base_and_keeps_its_remedy():
    for name in errors_module.__all__:
        kind = getattr(errors_module, name)
        assert issubclass(kind, ClusterError)
        assert kind("reason.", "remedy.").remedy == "remedy."
    assert CacheNotWritable("a", "b").reason == "a"
    assert cluster_module.ClusterInfo is ClusterInfo
