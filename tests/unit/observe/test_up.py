"""`up --observe` where Prometheus is not installed, and a fixed port that is taken."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streams.clock import SYSTEM_CLOCK
from streams.health import Health
from streams.leaving import EXIT_FATAL
from streams.settings import Settings
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
