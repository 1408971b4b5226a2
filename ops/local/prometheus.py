"""The Prometheus of `clipstream up --observe`: on loopback, data in the state folder, targets out of files.

It is no package of Python; a script of ours installs Debian's. Its configuration and rules are those in
`ops/prometheus/`, copied at each start, so that a running one is not changed by an upgrade.
"""

from __future__ import annotations

import http.client
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops.local import child
from ops.local.errors import StartFailed
from ops.local.info import write_json
from ops.local.ports import LOOPBACK

START_LIMIT_S: Final = 60.0  # 0.5 s as a rule; it reads back what it wrote last before it is ready
STOP_LIMIT_S: Final = 10.0
_ANSWER_LIMIT_S: Final = 1.0
# 15 s between scrapes of ten workers with some 180 series each are 10 million samples a day, of some 1.5 bytes.
_RETENTION: Final = "15d"
_SOURCE: Final = Path(__file__).parents[1] / "prometheus"
INSTALL: Final = "ops/prometheus/install.sh"


class PrometheusServer:
    """One server.

    Args:
        home: folder of its configuration, its targets and its data.
        log_dir: folder of `prometheus.log`.
    """

    name: Final = "prometheus"

    def __init__(self, home: Path, log_dir: Path) -> None:
        self._home, self._log = home.absolute(), log_dir / "prometheus.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def spawn(self, port: int) -> None:
        """Start the process. Does not wait for it.

        Args:
            port: free TCP port on loopback.

        Raises:
            StartFailed: it is not installed.
            OSError: the folder cannot be written.
        """
        program = find()
        self._port = port
        targets, rules = self._home / "targets", self._home / "rules"
        targets.mkdir(parents=True, exist_ok=True)
        shutil.copy(_SOURCE / "prometheus.yml", self._home)
        shutil.rmtree(rules, ignore_errors=True)
        shutil.copytree(_SOURCE / "rules", rules)
        command = [
            program,
            f"--config.file={self._home / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._home / 'data'}",
            f"--storage.tsdb.retention.time={_RETENTION}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--log.level=warn",
        ]
        self._process = child.spawn(command, self._log, cwd=self._home)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it answers questions.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        assert self._process is not None
        if not child.wait_until(self._ready, limit_s, self._process):
            status = self._process.poll()
            what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
            said = child.tail(self._log)
            raise StartFailed(f"Prometheus {what}. The end of its log:\n{said}", f"The whole log: {self._log}")

    def set_targets(self, name: str, targets: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """Say what it scrapes; it notices by itself.

        Args:
            name: of the file: `workers`, `gateway` or `alertmanager`, as in prometheus.yml.
            targets: instance -> its host:port and labels beside the instance.

        Raises:
            OSError: the folder cannot be written.
        """
        listed: Sequence[Any] = [
            {"targets": [address], "labels": {"instance": instance, **labels}}
            for instance, (address, labels) in sorted(targets.items())
        ]
        write_json(self._home / "targets" / f"{name}.json", listed)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: SIGTERM, SIGKILL after the limit. Not running is fine."""
        if self._process is not None:
            child.stop(self._process, limit_s)
            self._process = None

    def _ready(self) -> bool:
        asking = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_ANSWER_LIMIT_S)
        try:
            asking.request("GET", "/-/ready")
            return asking.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()


def find() -> str:
    """The program.

    Raises:
        StartFailed: it is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise StartFailed(
            "Prometheus is not installed.", f"{INSTALL} installs it (Debian, Ubuntu), or leave --observe."
        )
    return program


__all__ = ["INSTALL", "PrometheusServer", "find"]
