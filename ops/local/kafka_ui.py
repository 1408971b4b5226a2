"""The Kafka UI: the package `kafka-viewer`, read-only, on loopback, in a virtual environment of its own.

It comes only when it is asked for: 37 packages that clipstream has no use for, 60 s to install on 2 cores.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.downloads import Reporter, cluster_errors
from ops.local.errors import DownloadFailed, StartFailed
from ops.local.ports import LOOPBACK
from ops.local.probe import http_ready

LOCK: Final = Path(__file__).with_name("kafka-ui.lock")
_INSTALLED_BYTES: Final = 400_000_000
_LOCK_LIMIT_S: Final = 1_800.0
_INSTALL_LIMIT_S: Final = 1_800.0
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 5.0

_CONFIG_FILE: Final = "viewer.properties"
_CONFIG: Final = f"""\
# Written at each start; changes here are lost.
bootstrap.servers={LOOPBACK}:{{broker_port}}
auto.offset.reset=earliest
schema.registry.url={{registry_url}}
"""
# Only this machine's browser reaches it, and it tells nobody that it is used.
_STREAMLIT: Final = {
    "server.address": LOOPBACK,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "browser.serverAddress": LOOPBACK,
    "browser.gatherUsageStats": "false",
}


def ensure_ui(cache_dir: Path, reporter: Reporter, *, allow_download: bool = True) -> Path:
    """The Python of the UI's virtual environment in the user cache, made if it is not there.

    Args:
        cache_dir: the user cache.
        reporter: hears what is downloaded.
        allow_download: False for machines that must stay offline.

    Raises:
        DownloadFailed: offline, or a package cannot be had or has the wrong hash.
        CacheNotWritable: it could not be stored.
    """
    # another lock or another Python is another environment
    identity = hashlib.sha256(LOCK.read_bytes() + f"{sys.executable} {sys.version}".encode()).hexdigest()[:12]
    folder = cache_dir / f"kafka-ui-{identity}"
    python = folder / "bin" / "python"
    if python.exists():
        return python
    if not allow_download:
        raise DownloadFailed(
            f"The Kafka UI is not in {folder}, and downloads are switched off.",
            "Set CLIPSTREAM_OFFLINE=false once, or leave out --ui.",
        )
    with cluster_errors(cache_dir):
        import filelock

        cache_dir.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache_dir / f".{folder.name}.lock", timeout=_LOCK_LIMIT_S):
            if not python.exists():  # else another process was quicker
                _install(cache_dir, folder, reporter)
    return python


def _install(cache_dir: Path, folder: Path, reporter: Reporter) -> None:
    with (
        tempfile.TemporaryDirectory(prefix=".kafka-ui-", dir=cache_dir, ignore_cleanup_errors=True) as temp,
        reporter.download("the Kafka UI", _INSTALLED_BYTES, cache_dir),
    ):
        made = Path(temp) / "venv"
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        for command in (
            [sys.executable, "-m", "venv", str(made)],
            [str(made / "bin" / "python"), *install, "--only-binary=:all:", "--require-hashes", "-r", str(LOCK)],
        ):
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, errors="replace", timeout=_INSTALL_LIMIT_S, check=False
                )
            except subprocess.TimeoutExpired:
                raise DownloadFailed(
                    "Installing the Kafka UI took half an hour.", "Try again, or leave --ui."
                ) from None
            if done.returncode:
                lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
                raise DownloadFailed(
                    f"The Kafka UI cannot be installed: {lines[-1][:300]}",
                    "Check the network (pip's own settings apply) and try again, or leave out --ui.",
                )
        os.replace(made, folder)  # its Python works from anywhere; its scripts are not used


class KafkaUi:
    """One UI.

    Args:
        home: folder of its configuration.
        log_dir: folder of `ui.log`.
        python: what `ensure_ui` gave.
    """

    name: Final = "ui"

    def __init__(self, home: Path, log_dir: Path, python: Path) -> None:
        self._home, self._log, self._python = home, log_dir / "ui.log", python
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def marker(self) -> str:
        """Text in the command line of this UI and of no other process."""
        return f"clipstream={self._home}"

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def spawn(self, port: int, broker_port: int, registry_url: str) -> None:
        """Start the process. Does not wait for it.

        Args:
            port: free TCP port on loopback.
            broker_port: of the Kafka that it shows.
            registry_url: of the registry that knows the schemas, Confluent's interface.

        Raises:
            OSError: the folders cannot be written.
            StartFailed: the environment is not whole.
        """
        self._port = port
        self._home.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(broker_port=broker_port, registry_url=registry_url)
        (self._home / _CONFIG_FILE).write_text(text, encoding="utf-8")
        page = next(self._python.parents[1].glob("lib/python*/site-packages/kafka_viewer/ui.py"), None)
        if page is None:
            raise StartFailed("The Kafka UI is not whole.", f"Remove {self._python.parents[1]} and start again.")
        flags = [f"--{name}={value}" for name, value in _STREAMLIT.items()]
        # an -X option that Python does not know is only there to be seen
        command = [str(self._python), "-X", self.marker, "-m", "streamlit", "run", str(page)]
        command += [f"--server.port={port}", *flags, "--", "--config", _CONFIG_FILE]
        self._process = child.spawn(command, self._log, cwd=self._home)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it answers.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        assert self._process is not None
        if not child.wait_until(lambda: http_ready(self._port, "/_stcore/health"), limit_s, self._process):
            status = self._process.poll()
            what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
            raise StartFailed(
                f"The Kafka UI {what}. The end of its log:\n{child.tail(self._log)}", f"The whole log: {self._log}"
            )

    def signal_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()  # it has nothing to put away

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: SIGTERM, SIGKILL after the limit. Not running is fine."""
        if self._process is not None:
            child.stop(self._process, limit_s)
            self._process = None


__all__ = ["KafkaUi", "ensure_ui"]
