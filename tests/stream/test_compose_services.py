"""Each clipstream service of `docker-compose.kafka.yml` as a plain process: its command, environment and health check.

No Docker: the broker is the run's own, and what else a container gives is translated in one table below.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.local.ports import choose_port
from streams.settings import Settings
from tests.conftest import SAMPLE
from tests.pipeline import until
from tests.unit.test_compose import OURS, SERVICES, WORKERS, given

BIN = Path(sys.executable).parent
READY_S = 420.0  # 100 s were needed with thirty times as much work on the machine as it has cores
STOP_S = 120.0  # a second on a quiet machine; Docker would kill them after 15 s, and nothing would be lost
MOST_STARTS = 3
SHARED = {"/data/blobs": "blobs", "/data/cache": "cache"}  # volumes that all services mount into their own /data


@dataclass
class Host:
    """What this machine has instead of containers."""

    settings: Settings
    folder: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service with its addresses and paths translated; the whole table of what differs."""
        own = self.folder / service
        translated = {
            "CLIPSTREAM_BROKER_URL": self.settings.broker_url,  # kafka://kafka:19092
            "CLIPSTREAM_CACHE_URL": self.settings.cache_url,  # redis://valkey:6379/0
            "CLIPSTREAM_DATA_DIR": str(own),  # /data, a volume of the container's own
            "CLIPSTREAM_CACHE_DIR": str(self.settings.cache_dir),  # /models
            "CLIPSTREAM_METRICS_HOST": "127.0.0.1",  # 0.0.0.0, of the container
            "CLIPSTREAM_METRICS_PORT": "0",  # one for all: each container has ports of its own
            "CLIPSTREAM_GATEWAY_HOST": "127.0.0.1",
            "CLIPSTREAM_GATEWAY_PORT": str(choose_port(None, "the gateway")),
            "CLIPSTREAM_GATEWAY_KEYS_FILE": str(self.folder / "keys.json"),  # /keys
        }
        asked = given(OURS[service])
        missing = {name for name in ("CLIPSTREAM_BROKER_URL", "CLIPSTREAM_DATA_DIR") if name not in asked}
        assert not missing
        ours = {name: translated.get(name, value) for name, value in asked.items()}
        # what the file passes on from the shell; else this would meet the agents of other tests
        assert "CLIPSTREAM_TOPIC_PREFIX" in OURS[service]["environment"]
        ours["CLIPSTREAM_TOPIC_PREFIX"] = "compose-"
        own.mkdir(exist_ok=True)
        for target, name in SHARED.items():
            (self.folder / "shared" / name).mkdir(parents=True, exist_ok=True)
            link = own / Path(target).relative_to("/data")
            if not link.exists():
                link.symlink_to(self.folder / "shared" / name)
        return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(own), **ours}

    def run(self, service: str, command: list[str], limit_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a command of a service, or in it, to its end."""
        return subprocess.run(
            command, env=self.environment(service), cwd=self.folder, capture_output=True, text=True, timeout=limit_s
        )

    def start(self, service: str) -> None:
        """Start a service with its own command."""
        with (self.folder / f"{service}.log").open("ab") as log:
            self.started[service] = subprocess.Popen(
                OURS[service]["command"], env=self.environment(service), cwd=self.folder, stdout=log, stderr=log
            )

    def healthy(self, service: str) -> bool:
        """Whether the service's own check of its health passes."""
        process = self.started[service]
        if process.poll() is not None:  # as Docker does, and no oftener than what works needs it
            log = (self.folder / f"{service}.log").read_text(errors="replace")[-2000:]
            assert OURS[service]["restart"] == "on-failure"
            assert process.returncode, f"{service} ended: {log}"
            self.again[service] += 1
            assert self.again[service] <= MOST_STARTS, f"{service} ended with {process.returncode}: {log}"
            self.start(service)
            return False
        kind, *check = OURS[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(service, check).returncode == 0

    def stop(self) -> dict[str, int]:
        """End all as Docker does; their exit codes."""
        for process in self.started.values():
            process.terminate()
        try:
            return {name: process.wait(STOP_S) for name, process in self.started.items()}
        finally:
            for process in self.started.values():
                process.kill()
                process.wait()


@pytest.fixture
def host(cluster_settings: Any, tmp_path: Path) -> Iterator[Host]:
    running = Host(cluster_settings, tmp_path)
    yield running
    running.stop()


@pytest.mark.stream
@pytest.mark.timeout(1200)
def test_the_services_process_a_video_with_their_own_commands_and_health_checks(host: Host) -> None:
    created = host.run("topics", SERVICES["topics"]["command"])
    assert created.returncode == 0, created.stderr
    names = [name for name in WORKERS if "profiles" not in WORKERS[name]]  # the enricher needs a service
    for name in names:
        host.start(name)
    waiting = set(names)

    def all_healthy() -> bool:
        waiting.difference_update([name for name in waiting if host.healthy(name)])
        return not waiting

    until(all_healthy, "every service is healthy by its own check", READY_S)

    (videos,) = [volume["target"] for volume in OURS["cli"]["volumes"] if str(volume).count("bind")]
    assert videos == "/videos"
    shutil.copy(SAMPLE, host.folder / "sample.mp4")
    _, _, *program = SERVICES["cli"]["entrypoint"]  # behind tini
    sent = host.run("cli", [*program, "ingest", str(host.folder / "sample.mp4"), "--video-id", "composed", "--json"])
    assert sent.returncode == 0, sent.stderr
    got = host.run("cli", [*program, "results", "composed", "--wait", "240", "--json"], limit_s=300.0)
    assert got.returncode == 0, got.stderr
    found = json.loads(got.stdout)
    (result,) = found["results"]
    assert (result["status"], len(result["segments"]) > 0) == ("final", True)

    codes = host.stop()
    assert set(codes.values()) <= {0, -15}, codes
