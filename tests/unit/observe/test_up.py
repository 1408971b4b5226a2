"""`up --observe` where Prometheus is not installed, and a fixed port that is taken."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streams.clock import SYSTEM_CLOCK
from streams.gateway.keys import keys_path
from streams.health import Health
from streams.leaving import EXIT_FATAL
from streams.observer import Observer
from streams.settings import Settings
from streams.supervisor import GATEWAY, Child
from streams.worker import _serve
from tests.conftest import REPO


def test_without_prometheus_nothing_is_started_and_the_script_is_named(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "CLIPSTREAM_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "streams.cli.main", "up", "--observe"]
    done = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "ops/prometheus/install.sh" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "data").glob("kafka*"))


def test_a_worker_leaves_when_its_fixed_port_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    class Left(BaseException):
        """In place of the end of this process."""

    def leave(code: int) -> None:
        raise Left(code)

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr("streams.leaving.logging.shutdown", lambda: None)
    monkeypatch.setattr("streams.leaving._before", [])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data_dir=tmp_path, metrics_port=taken.getsockname()[1])
        with pytest.raises(Left) as left:
            _serve(Health("vision", SYSTEM_CLOCK), "vision", settings)
    assert left.value.args == (EXIT_FATAL,)
    assert "CLIPSTREAM_METRICS_PORT=0" in caplog.text


def test_a_file_of_keys_that_cannot_be_read_ends_nothing(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr("streams.observer.find", lambda: None)  # no Prometheus is started here
    settings = Settings(data_dir=tmp_path, gateway_port=8080)
    observer = Observer(settings, SYSTEM_CLOCK)
    observer._started_s = SYSTEM_CLOCK.monotonic_s()
    (tmp_path / "prometheus" / "targets").mkdir(parents=True)
    keys_path(settings).write_text("no JSON")
    observer.keep([Child(GATEWAY, "1")])
    assert "gateway is not observed" in caplog.text
    assert json.loads((tmp_path / "prometheus" / "targets" / "workers.json").read_text()) == []
    keys_path(settings).unlink()
    observer._looked_s = float("-inf")
    observer.keep([Child(GATEWAY, "1")])
    listed = json.loads((tmp_path / "prometheus" / "targets" / "gateway.json").read_text())
    assert [one["targets"] for one in listed] == [["127.0.0.1:8080"]]
