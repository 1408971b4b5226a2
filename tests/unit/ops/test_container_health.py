"""The health check of a worker's container."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
import pytest

import streams.metrics  # noqa: F401  the metrics that a worker serves
from ops.docker import health
from streams.worker import note_path

needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux only, as containers are")


@pytest.fixture
def metrics_port() -> Iterator[int]:
    """Port of a server with our metrics."""
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1")
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def broker_port() -> Iterator[int]:
    """Port of something that we hold a connection to."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        server.accept()[0],
    ):
        yield server.getsockname()[1]


def write_note(data_dir: Path, port: int, **more: object) -> None:
    """A note as `streams.worker` leaves it."""
    note = note_path(data_dir, "vision", None)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"agent": "vision", "pid": 1, "metrics_port": port, **more}))


@needs_proc
def test_a_worker_that_answers_and_has_a_broker_is_well(tmp_path: Path, metrics_port: int, broker_port: int) -> None:
    write_note(tmp_path, metrics_port)
    assert health.check(tmp_path, f"kafka://127.0.0.1:{broker_port}") == "vision runs"
    write_note(tmp_path, metrics_port, warm=False)
    assert health.check(tmp_path, f"kafka://127.0.0.1:{broker_port}") == "vision runs, loading"


def test_no_note_means_not_started(tmp_path: Path) -> None:
    with pytest.raises(health.Unwell, match="No worker has started"):
        health.check(tmp_path, "kafka://b:9092")


def test_a_note_whose_worker_is_gone_is_not_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    write_note(tmp_path, port)
    with pytest.raises(health.Unwell, match="vision does not answer"):
        health.check(tmp_path, "kafka://b:9092")


@needs_proc
def test_a_worker_without_a_broker_is_not_well(tmp_path: Path, metrics_port: int, broker_port: int) -> None:
    write_note(tmp_path, metrics_port)
    with pytest.raises(health.Unwell, match="No connection to a broker"):
        health.check(tmp_path, "kafka://127.0.0.1:1")


def test_only_open_connections_count(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n"  # listens
        "   1: 0100007F:C350 0100007F:2384 08 00000000:00000000\n"  # the broker hung up
        "   2: 0100007F:C351 0100007F:2385 01 00000000:00000000\n"
    )
    assert list(health.connected_ports([table, tmp_path / "none"])) == [9093]


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("kafka://kafka:19092", {19092}),
        ("kafka://a:1;b:2", {1, 2}),
        ("kafka://a,kafka://b:3", {9092, 3}),
        ("a:4", {4}),
    ],
)
def test_ports_are_read_from_the_setting(url: str, ports: set[int]) -> None:
    assert health.broker_ports(url) == ports


def test_the_command_says_what_is_wrong_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, runpy\n"
        "try: runpy.run_module('ops.docker.health', run_name='__main__')\n"
        "finally: assert not {'faust', 'pydantic', 'numpy', 'psutil'} & set(sys.modules)\n"
    )
    environment = {"CLIPSTREAM_DATA_DIR": str(tmp_path), "CLIPSTREAM_BROKER_URL": "kafka://kafka:19092"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=30)
    assert (done.returncode, done.stderr) == (1, "No worker has started yet.\n")
