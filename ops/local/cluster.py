"""The embedded cluster: Kafka and Valkey as children of one owner process, described in `cluster.json`.

Where it is asked for, a schema registry, a Kafka UI and a Postgres run beside them; nothing waits for these when they
die.

::

    state folder          cluster.lock   held by the owner; the kernel drops it when the owner ends, however it ends
                          cluster.json   addresses and process ids, there while the cluster is ready
                          children.json  process ids from their start on, to clean up after an owner that was killed
                          kafka/ valkey/ registry/ ui/ postgres/ logs/
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ops.local import apicurio
from ops.local.apicurio import RegistryServer
from ops.local.downloads import ConsoleReporter, Reporter, StoppableReporter
from ops.local.errors import AlreadyRunning, StartFailed
from ops.local.info import (
    CHILDREN_FILE,
    CLUSTER_FILE,
    LOCK_FILE,
    ClusterInfo,
    load_info,
    port_of,
    read_cluster,
    write_json,
)
from ops.local.jars import ensure_jars, jar_dir
from ops.local.java import ensure_java
from ops.local.kafka import STOP_LIMIT_S, KafkaBroker
from ops.local.kafka_ui import KafkaUi, ensure_ui
from ops.local.leftovers import clean_up, note_children
from ops.local.owner_lock import OwnerLock
from ops.local.ports import LOOPBACK, choose_port
from ops.local.postgres import PostgresServer
from ops.local.valkey import ValkeyServer
from streams.clock import SYSTEM_CLOCK, Clock

Server = KafkaBroker | ValkeyServer | RegistryServer | KafkaUi | PostgresServer
# Another program may bind a free port between our asking for it and the server's; thrice in a row is something else.
_PORT_TRIES: Final = 3
# A registry, a UI or a database that cannot live must not keep both cores busy with its starts.
_EXTRAS_PAUSE_S: Final = 15.0
_PORT_IN_USE: Final = ("Address already in use", "Failed listening on")


class LocalCluster:
    """Starts and stops the embedded cluster. `stop` may come from another thread while `start` is at work, and ends it.

    Args:
        state_dir: folder of data, logs and `cluster.json`; one cluster at a time uses it.
        cache_dir: user cache of downloads; shared by all clusters of a user.
        kafka_port: of the broker on loopback; None for a free one.
        valkey_port: of Valkey on loopback; None for a free one.
        registry: also a schema registry.
        ui: also a Kafka UI, and the registry by which it decodes.
        database: also a Postgres.
        reporter: hears what is downloaded; None for standard error.
        allow_download: False for machines that must stay offline.
        clock: tells when it started.
    """

    def __init__(
        self,
        state_dir: Path,
        cache_dir: Path,
        *,
        kafka_port: int | None = None,
        valkey_port: int | None = None,
        registry: bool = False,
        ui: bool = False,
        database: bool = False,
        reporter: Reporter | None = None,
        allow_download: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._state_dir, self._cache_dir = state_dir.absolute(), cache_dir.absolute()
        self._kafka_port, self._valkey_port = kafka_port, valkey_port
        self._stopped, self._one_at_a_time = threading.Event(), threading.RLock()
        self._reporter = StoppableReporter(reporter or ConsoleReporter(), self._stopped)
        self._allow_download = allow_download
        self._clock = clock
        self._lock = OwnerLock(self._state_dir / LOCK_FILE)
        self._with_registry, self._with_ui = registry or ui, ui
        self._with_database = database
        self._kafka: KafkaBroker | None = None
        self._valkey: ValkeyServer | None = None
        self._registry: RegistryServer | None = None
        self._ui: KafkaUi | None = None
        self._postgres: PostgresServer | None = None
        self._info: ClusterInfo | None = None
        self._extras_s = -_EXTRAS_PAUSE_S

    def start(self) -> ClusterInfo:
        """Start both servers and wait until they take clients; download what is missing the first time.

        Returns:
            What runs, as it stands in `cluster.json`.

        Raises:
            AlreadyRunning: this state folder has an owner, this object included.
            PortTaken: a port that was asked for is in use.
            JavaMissing, DownloadFailed, CacheNotWritable: something needed cannot be had.
            StartFailed: a server did not come up.
            OSError: the state folder cannot be written.
        """
        with self._one_at_a_time:
            if self._lock.held or not self._lock.acquire():
                raise self._already_running()
            self._stopped.clear()
            return self._start()

    def _start(self) -> ClusterInfo:
        try:
            for name, pid in clean_up(self._state_dir, STOP_LIMIT_S):
                self._reporter.say(f"Ended {name} (process {pid}), left over from a run that was killed")
            for port, what in ((self._kafka_port, "Kafka"), (self._valkey_port, "Valkey")):
                choose_port(port, what)  # before a download, which may take minutes
            java = ensure_java(self._cache_dir, self._reporter, allow_download=self._allow_download)
            jars = ensure_jars(self._cache_dir, self._reporter, allow_download=self._allow_download)
            logs = self._state_dir / "logs"
            if self._with_registry:
                self._registry = self._registry_server(logs)
            if self._with_ui:
                self._ui = KafkaUi(self._state_dir / "ui", logs, self._ui_program())
            if self._with_database:
                self._postgres = PostgresServer(self._state_dir / PostgresServer.name, logs)
            self._valkey = ValkeyServer(self._state_dir / "valkey", logs)
            self._kafka = KafkaBroker(self._state_dir / "kafka", logs, java, jars, jar_dir(self._cache_dir))
            kafka_port, valkey_port = self._launch(self._kafka, self._valkey)
            self._info = ClusterInfo(
                broker_url=f"kafka://{LOOPBACK}:{kafka_port}",
                cache_url=f"redis://{LOOPBACK}:{valkey_port}/0",
                registry_url=self._launch_registry(kafka_port),
                ui_url=self._launch_ui(kafka_port),
                database_url=self._launch_database(),
                pids=self._pids(),
                started_at_ms=self._clock.now_ms(),
                version=_version(),
            )
            write_json(self._state_dir / CLUSTER_FILE, self._info.to_dict())
        except BaseException:
            self.stop()
            raise
        return self._info

    def stop(self) -> None:
        """Stop all servers, Kafka with its segments closed, and give the state folder free. Not running is fine."""
        self._stopped.set()
        for server in self._servers():
            server.signal_stop()  # a `start` that waits for them sees that they end, and fails
        with self._one_at_a_time:
            if not self._lock.held:
                return  # nothing of ours: the files may be another owner's
            with suppress(OSError):
                (self._state_dir / CLUSTER_FILE).unlink()  # first, so that nobody new comes
            for server in self._servers():
                server.signal_stop()
                server.stop()
            with suppress(OSError):
                (self._state_dir / CHILDREN_FILE).unlink()
            self._kafka = self._valkey = self._registry = self._ui = self._postgres = self._info = None
            self._lock.release()

    def describe(self) -> ClusterInfo:
        """What runs.

        Raises:
            RuntimeError: it was not started.
        """
        if self._info is None:
            raise RuntimeError("the cluster is not started")
        return self._info

    def note_prometheus(self, url: str) -> None:
        """Write to `cluster.json` where the Prometheus is that somebody else keeps.

        Raises:
            OSError: the state folder cannot be written.
        """
        with self._one_at_a_time:
            self._info = replace(self.describe(), prometheus_url=url)
            write_json(self._state_dir / CLUSTER_FILE, self._info.to_dict())

    def died(self) -> tuple[str, ...]:
        """Names of the servers (`kafka`, `valkey`, ...) that ended by themselves since `start`; takes microseconds."""
        servers = self._servers() if self._info is not None else ()
        early = self._clock.monotonic_s() - self._extras_s < _EXTRAS_PAUSE_S
        extras = (self._registry, self._ui, self._postgres)
        return tuple(one.name for one in servers if one.pid is None and not (early and one in extras))

    def revive(self) -> tuple[str, ...]:
        """Start the servers that died again, on their old ports, so that clients just reconnect.

        A Kafka that was killed is ready after some 12 s: for 9 s its controller takes the old one for alive.

        Returns:
            The names of those that were started.

        Raises:
            StartFailed: one did not come up. It counts as died still.
        """
        with self._one_at_a_time:
            return self._revive(self.died())

    def _revive(self, names: tuple[str, ...]) -> tuple[str, ...]:
        info = self.describe()
        if self._kafka is not None and self._kafka.name in names:
            self._kafka.stop()
            self._kafka.spawn(info.broker_port, choose_port(None, "Kafka"))
            self._note_children()
            self._kafka.wait_ready()
        if self._valkey is not None and self._valkey.name in names:
            self._valkey.stop()
            self._valkey.spawn(info.cache_port)
            self._note_children()
            self._valkey.wait_ready()
        # nobody waits for these: agents get on without them, and the sink waits by itself
        self._extras_s = self._clock.monotonic_s()
        if self._registry is not None and self._registry.name in names:
            self._registry.stop()
            self._registry.spawn(port_of(info.registry_url), info.broker_port)
        if self._ui is not None and self._ui.name in names:
            self._ui.stop()
            self._ui.spawn(port_of(info.ui_url), info.broker_port, info.registry_url or "")
        if self._postgres is not None and self._postgres.name in names:
            self._postgres.stop()
            self._postgres.spawn(port_of(info.database_url))
            self._postgres.wait_ready()
        self._note_children()
        if names:
            self._info = replace(info, pids=self._pids())
            write_json(self._state_dir / CLUSTER_FILE, self._info.to_dict())
        return names

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _launch(self, kafka: KafkaBroker, valkey: ValkeyServer) -> tuple[int, int]:
        """Start both at once, wait for both; their ports."""
        for tries_left in reversed(range(_PORT_TRIES)):
            kafka_port = choose_port(self._kafka_port, "Kafka")
            valkey_port = choose_port(self._valkey_port, "Valkey")
            if self._stopped.is_set():
                raise StartFailed("The cluster was stopped while it started.")
            try:
                valkey.spawn(valkey_port)
                self._note_children()
                kafka.spawn(kafka_port, choose_port(None, "Kafka"))
                self._note_children()
                valkey.wait_ready()
                kafka.wait_ready()
            except StartFailed as error:
                if not tries_left or not any(words in error.reason for words in _PORT_IN_USE):
                    raise
                kafka.stop()
                valkey.stop()
            else:
                return kafka_port, valkey_port
        raise AssertionError("the last try returns or raises")

    def _registry_server(self, logs: Path) -> RegistryServer:
        java = ensure_java(
            self._cache_dir, self._reporter, allow_download=self._allow_download, min_major=apicurio.MIN_JAVA
        )
        program = apicurio.ensure_registry(self._cache_dir, self._reporter, allow_download=self._allow_download)
        return RegistryServer(self._state_dir / "registry", logs, java, program)

    def _launch_registry(self, kafka_port: int) -> str | None:
        if self._registry is None:
            return None
        self._registry.spawn(choose_port(None, "the registry"), kafka_port)
        self._note_children()
        self._registry.wait_ready()
        return self._registry.url

    def _ui_program(self) -> Path:
        return ensure_ui(self._cache_dir, self._reporter, allow_download=self._allow_download)

    def _launch_ui(self, kafka_port: int) -> str | None:
        if self._ui is None or self._registry is None:
            return None
        self._ui.spawn(choose_port(None, "the Kafka UI"), kafka_port, self._registry.url)
        self._note_children()
        self._ui.wait_ready()
        return self._ui.url

    def _launch_database(self) -> str | None:
        if self._postgres is None:
            return None
        self._postgres.spawn(choose_port(None, "Postgres"))
        self._note_children()
        self._postgres.wait_ready()
        return self._postgres.url

    def _servers(self) -> tuple[Server, ...]:
        """Those that were made, first the ones that use others."""
        made = (self._ui, self._registry, self._kafka, self._valkey, self._postgres)
        return tuple(one for one in made if one is not None)

    def _pids(self) -> dict[str, int]:
        return {"owner": os.getpid(), **{one.name: one.pid for one in self._servers() if one.pid is not None}}

    def _note_children(self) -> None:
        note_children(self._state_dir, {one.name: (one.pid, one.marker) for one in self._servers() if one.pid})

    def _already_running(self) -> AlreadyRunning:
        info = self._info or read_cluster(self._state_dir)
        if info is None:
            state, noted = "is starting or stopping", load_info(self._state_dir)
        else:
            state, noted = f"runs at {info.broker_url}", info
        owner = f" (process {noted.pids.get('owner')})" if noted is not None else ""
        return AlreadyRunning(
            f"A cluster{owner} {state} in {self._state_dir}.",
            "Use that one, end it with `clipstream down`, or set CLIPSTREAM_DATA_DIR to another folder.",
            info,
        )


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("clipstream")
    except metadata.PackageNotFoundError:
        return "unknown"


__all__ = ["ClusterInfo", "LocalCluster", "read_cluster"]
