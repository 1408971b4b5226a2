"""The embedded broker: Kafka in KRaft mode, one process, loopback only, data under the state folder.

Measured on 2 cores: first start on an empty folder 5 s (formatting 2 s, starting 3 s), later starts 2 s with the
archive of loaded classes, 165 MB of memory and 4 % of a core when idle.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.alive import lives
from ops.local.errors import StartFailed
from ops.local.java import Java
from ops.local.kafka_config import DATA_DIR, LOG4J, LOG4J_FILE, SERVER_FILE, Listener, server_properties
from ops.local.probe import kafka_ready

# 2 s as a rule; after a power cut the broker checks its segments, minutes on a slow disk.
START_LIMIT_S: Final = 120.0
_FORMAT_LIMIT_S: Final = 60.0
# 0.3 s as a rule, 3 s more when it writes the archive of classes.
STOP_LIMIT_S: Final = 30.0
_HEAP_MB: Final = 384
# C1 only and the serial collector: ready in 3.9 s instead of 6.9 s, and a broker on loopback is not short of speed.
_JVM_FLAGS: Final = (
    f"-Xmx{_HEAP_MB}m",
    "-Xms32m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",  # a broker without memory limps on otherwise, and nobody starts it again
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Xlog:disable",  # an archive that does not fit this Java is no news
    "-Xlog:all=error:stderr",
    "-Djava.awt.headless=true",
)
# Kafka 4.3 unmaps files by a method that Java 24 and later warn about at each start.
_UNSAFE_ALLOWED_FROM: Final = 24
_UNSAFE_FLAG: Final = "--sun-misc-unsafe-memory-access=allow"
# A user's settings for other Java programs must not reach this one (a proxy agent, another heap).
_FOREIGN_VARIABLES: Final = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"})
_MALLOC_ARENAS: Final = "2"  # glibc makes 8 per core, each with its own free memory


class KafkaBroker:
    """One broker and its folder.

    Args:
        home: folder for its data and configuration.
        log_dir: folder of its logs: `kafka.log` (rotated at 10 MB, 3 old ones) and `kafka.out`.
        java: runs it.
        jars: its class path.
        archive_dir: where the archive of loaded classes is kept between starts; not writable is fine.
        listeners: further ports with users or TLS.
    """

    name: Final = "kafka"

    def __init__(
        self,
        home: Path,
        log_dir: Path,
        java: Java,
        jars: Sequence[Path],
        archive_dir: Path,
        *,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._home, self._java, self._jars = home, java, tuple(jars)
        self._listeners = tuple(listeners)
        self._log, self._output = log_dir / "kafka.log", log_dir / "kafka.out"
        self._archive = archive_dir / f"classes-{_identity(java, self._jars)}.jsa"
        self._new_archive = archive_dir / f".{self._archive.name}-{os.getpid()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def marker(self) -> str:
        """Text in the command line of this broker and of no other process."""
        return str(self._home / SERVER_FILE)

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def spawn(self, port: int, controller_port: int) -> None:
        """Write the configuration, format the data folder the first time, start the process. Does not wait for it.

        Args:
            port: free TCP port for clients, on loopback.
            controller_port: another one.

        Raises:
            StartFailed: the data folder could not be formatted.
            OSError: the folders cannot be written.
        """
        self._port = port
        scratch = self._home / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)  # native libraries that a killed broker left
        scratch.mkdir(parents=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        server_file = self._home / SERVER_FILE
        server_file.touch(mode=0o600)  # listeners may have passwords in their settings
        server_file.write_text(server_properties(port, controller_port, self._listeners), encoding="utf-8")
        (self._home / LOG4J_FILE).write_text(LOG4J, encoding="utf-8")
        if not (self._home / DATA_DIR / "meta.properties").exists():
            self._format()
        command = [*self._java_command(self._archive_flag()), "kafka.Kafka", self.marker]
        self._process = child.spawn(command, self._output, env=_environment(), cwd=self._home)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it takes clients.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        assert self._process is not None
        if not child.wait_until(lambda: kafka_ready(self._port), limit_s, self._process):
            status = self._process.poll()
            what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
            raise StartFailed(f"Kafka {what}. The end of its log:\n{self.log_tail()}", f"The whole log: {self._log}")

    def log_tail(self) -> str:
        """The last lines of what it wrote to its output and its log."""
        return "\n".join(part for part in (child.tail(self._output), child.tail(self._log)) if part)

    def signal_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: SIGTERM closes its log segments; SIGKILL after the limit. Not running is fine."""
        if self._process is None:
            return
        child.stop(self._process, limit_s)
        self._process = None
        with suppress(OSError):
            # The Java machine writes it just before it ends. A killed one leaves a part of it, which is taken away.
            complete = self._new_archive.stat().st_size > 0 and not self._archive.exists()
            os.replace(self._new_archive, self._archive) if complete else self._new_archive.unlink()

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # Kafka refuses an id that looks like an option.
        arguments = ["format", "--cluster-id", cluster_id.replace("-", "A"), "--config", self.marker]
        command = [*self._java_command(()), "kafka.tools.StorageTool", *arguments]
        process = child.spawn(command, self._output, env=_environment(), cwd=self._home)
        try:
            status = process.wait(_FORMAT_LIMIT_S)
        except subprocess.TimeoutExpired:
            status = child.stop(process, 0.0)
        if status != 0:
            raise StartFailed(
                f"Kafka's data folder could not be prepared (status {status}):\n{child.tail(self._output)}",
                f"Check the room and the rights on {self._home}; the whole log: {self._output}",
            )

    def _java_command(self, flags: Sequence[str]) -> list[str]:
        return [
            str(self._java.path),
            *_JVM_FLAGS,
            *((_UNSAFE_FLAG,) if self._java.major >= _UNSAFE_ALLOWED_FROM else ()),
            *flags,
            f"-Djava.io.tmpdir={self._home / 'tmp'}",
            f"-Dlog4j2.configurationFile={LOG4J_FILE}",
            f"-Dclipstream.log={self._log}",
            "-cp",
            os.pathsep.join(str(jar) for jar in self._jars),
        ]

    def _archive_flag(self) -> tuple[str, ...]:
        """Read the archive of loaded classes (1.8 s to ready instead of 3.1 s, 40 MB less memory), or make it."""
        if self._archive.exists():
            return (f"-XX:SharedArchiveFile={self._archive}",)
        if os.access(self._archive.parent, os.W_OK):
            self._remove_parts()
            return (f"-XX:ArchiveClassesAtExit={self._new_archive}",)
        return ()

    def _remove_parts(self) -> None:
        """Take away what brokers wrote whose owner was killed: nobody was there to see whether it is complete."""
        for part in self._archive.parent.glob(".classes-*.jsa-*"):
            owner_pid = part.name.rpartition("-")[2]
            if owner_pid.isdigit() and not lives(int(owner_pid)):
                part.unlink(missing_ok=True)


def _identity(java: Java, jars: Sequence[Path]) -> str:
    """Names what an archive is good for: this Java and these jars."""
    status = java.path.stat()
    text = "\n".join((str(java.path), java.version, str(status.st_mtime_ns), *_JVM_FLAGS, *map(str, jars)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    # Without a UTF-8 locale Java cannot open paths with other letters than ASCII.
    return {**kept, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": _MALLOC_ARENAS}


__all__ = ["START_LIMIT_S", "STOP_LIMIT_S", "KafkaBroker"]
