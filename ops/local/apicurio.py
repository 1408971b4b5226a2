"""The embedded schema registry: Apicurio on loopback, its storage in the embedded Kafka, so it survives restarts.

Measured on 2 cores: ready after 7 s on an idle machine and 28 s on a busy one, 310 MB of memory. Its address for
clients is Confluent's interface, which is what serializers and user interfaces know.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.downloads import Reporter, cluster_errors
from ops.local.errors import DownloadFailed, StartFailed
from ops.local.java import Java
from ops.local.maven import Artifact, fetch
from ops.local.ports import LOOPBACK, choose_port
from ops.local.probe import http_ready

VERSION: Final = "3.3.3"
MIN_JAVA: Final = 21
_ARCHIVE: Final = Artifact(
    "io.apicurio", "apicurio-registry-app", VERSION,
    "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63", classifier="all", packaging="tar.gz",
)  # fmt: skip
_ARCHIVE_BYTES: Final = 158_577_952
_MAIN: Final = "quarkus-run.jar"
_LOCK_LIMIT_S: Final = 1_800.0
_POLL_S: Final = 0.5
START_LIMIT_S: Final = 180.0
STOP_LIMIT_S: Final = 15.0
_CONFLUENT: Final = "/apis/ccompat/v7"
_HEAP_MB: Final = 320
_JVM_FLAGS: Final = (
    f"-Xmx{_HEAP_MB}m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
)
_SETTINGS: Final = {
    "apicurio.storage.kind": "kafkasql",
    # Its own default takes any change.
    "apicurio.rules.global.compatibility": "FULL_TRANSITIVE",
    "apicurio.rules.global.validity": "FULL",
    "quarkus.http.host": LOOPBACK,
    "quarkus.management.host": LOOPBACK,
    "quarkus.http.access-log.enabled": "false",
    "quarkus.log.level": "WARN",
    'quarkus.log.category."io.apicurio".level': "WARN",
}


def ensure_registry(cache_dir: Path, reporter: Reporter, *, allow_download: bool = True) -> Path:
    """The folder of the registry's program in the user cache, downloaded if it is not there.

    Args:
        cache_dir: the user cache.
        reporter: hears what is downloaded.
        allow_download: False for machines that must stay offline.

    Raises:
        DownloadFailed: offline, or the archive has the wrong hash.
        CacheNotWritable: it could not be stored.
    """
    folder = cache_dir / f"apicurio-{VERSION}"
    if (folder / _MAIN).exists():
        return folder
    if not allow_download:
        raise DownloadFailed(
            f"The schema registry is not in {folder}, and downloads are switched off.",
            "Set CLIPSTREAM_OFFLINE=false once, or leave out --registry and --ui.",
        )
    with cluster_errors(cache_dir):
        import filelock

        cache_dir.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache_dir / f".apicurio-{VERSION}.lock", timeout=_LOCK_LIMIT_S):
            if not (folder / _MAIN).exists():  # else another process was quicker
                _fetch(cache_dir, folder, reporter)
    return folder


def _fetch(cache_dir: Path, folder: Path, reporter: Reporter) -> None:
    what = f"Apicurio Registry {VERSION}"
    with (
        tempfile.TemporaryDirectory(prefix=".apicurio-", dir=cache_dir, ignore_cleanup_errors=True) as temp,
        reporter.download(what, _ARCHIVE_BYTES, cache_dir) as advance,
    ):
        with _watched(Path(temp), advance):
            archive = fetch(_ARCHIVE, Path(temp), what)
        unpacked = Path(temp) / "unpacked"
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked, filter="data")
        os.replace(unpacked, folder)


@contextmanager
def _watched(folder: Path, advance: Callable[[int], None]) -> Iterator[None]:
    """Tell how a folder grows."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_POLL_S):
            advance(sum(path.stat().st_size for path in folder.rglob("*.tar.gz*") if path.is_file()))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


class RegistryServer:
    """One registry.

    Args:
        home: its working folder.
        log_dir: folder of `registry.log`.
        java: runs it; `MIN_JAVA` or newer.
        program: what `ensure_registry` gave.
    """

    name: Final = "registry"

    def __init__(self, home: Path, log_dir: Path, java: Java, program: Path) -> None:
        self._home, self._log = home, log_dir / "registry.log"
        self._java, self._program = java, program
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def marker(self) -> str:
        """Text in the command line of this registry and of no other process."""
        return f"-Djava.io.tmpdir={self._home}"

    @property
    def url(self) -> str:
        """Where clients of Confluent's interface find it."""
        return f"http://{LOOPBACK}:{self._port}{_CONFLUENT}"

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def spawn(self, port: int, broker_port: int) -> None:
        """Start the process. Does not wait for it.

        Args:
            port: free TCP port on loopback.
            broker_port: of the Kafka that keeps its data; it runs.

        Raises:
            OSError: the folders cannot be written.
        """
        self._port = port
        self._home.mkdir(parents=True, exist_ok=True)
        settings = {
            **_SETTINGS,
            "apicurio.kafkasql.bootstrap.servers": f"{LOOPBACK}:{broker_port}",
            "quarkus.http.port": str(port),
            "quarkus.management.port": str(choose_port(None, "the registry")),
        }
        flags = [f"-D{name}={value}" for name, value in settings.items()]
        command = [str(self._java.path), *_JVM_FLAGS, self.marker, *flags, "-jar", str(self._program / _MAIN)]
        self._process = child.spawn(command, self._log, cwd=self._home)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it answers.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        assert self._process is not None
        if not child.wait_until(lambda: http_ready(self._port, f"{_CONFLUENT}/subjects"), limit_s, self._process):
            status = self._process.poll()
            what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
            raise StartFailed(
                f"The schema registry {what}. The end of its log:\n{child.tail(self._log)}",
                f"The whole log: {self._log}",
            )

    def signal_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()  # its data are in Kafka, and an orderly end waits 15 s for a Kafka that ends too

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: SIGTERM, SIGKILL after the limit. Not running is fine."""
        if self._process is not None:
            child.stop(self._process, limit_s)
            self._process = None


__all__ = ["MIN_JAVA", "VERSION", "RegistryServer", "ensure_registry"]
