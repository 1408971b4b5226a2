"""What `up --observe` adds: a Prometheus whose targets follow the workers as they are started again.

A worker that is down stays a target, at its last address, so that Prometheus sees that it is down; it leaves when the
supervisor no longer keeps it. Workers that somebody started by hand are targets while they live. The gateway beside
them is one, too, unless it asks for API keys, of which Prometheus has none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Final

from ops.local.errors import StartFailed
from ops.local.ports import LOOPBACK, choose_port
from ops.local.prometheus import PrometheusServer, find
from processors.errors import ClipstreamError
from streams.clock import Clock
from streams.gateway.keys import KeyRing, keys_path
from streams.settings import Settings
from streams.supervisor import GATEWAY, Child
from streams.worker import living_workers, note_path

EACH_S: Final = 1.0
AGAIN_AFTER_S: Final = 15.0  # a Prometheus that cannot live must not keep a core busy with its starts
Targets = dict[str, tuple[str, dict[str, str]]]
log = logging.getLogger("clipstream.observer")


class Observer:
    """Keeps a Prometheus running beside the workers.

    Args:
        settings: state folder and port.
        clock: monotonic time.

    Raises:
        StartFailed: Prometheus is not installed.
        PortTaken: the port that is set is in use.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        find()
        self._settings, self._clock = settings, clock
        self._port = choose_port(settings.prometheus_port or None, "Prometheus")
        self._server = PrometheusServer(settings.data_dir / "prometheus", settings.log_dir)
        self._keys = KeyRing(keys_path(settings))
        self._written: dict[str, Targets] = {}
        self._last: Targets = {}
        self._looked_s = self._started_s = float("-inf")

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return self._server.url

    @property
    def pid(self) -> int | None:
        """Its process; None when it does not run."""
        return self._server.pid

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            StartFailed: it did not come up.
        """
        self._started_s = self._clock.monotonic_s()
        self._server.spawn(self._port)
        self._server.wait_ready()

    def keep(self, children: Iterable[Child]) -> None:
        """Follow the workers, and start it again when it has died; cheap enough to be called all the time."""
        now = self._clock.monotonic_s()
        if now - self._looked_s < EACH_S:
            return
        self._looked_s = now
        try:
            self._follow(children)
            if self._server.pid is None and now - self._started_s > AGAIN_AFTER_S:
                self._started_s = now
                self._server.spawn(self._port)
        except (OSError, StartFailed) as error:  # a full disk: nobody waits for this
            log.warning("Prometheus is not kept: %s", error)

    def stop(self) -> None:
        """End it."""
        self._server.stop()

    def _follow(self, children: Iterable[Child]) -> None:
        found: Targets = {}
        gateways: Targets = {}
        for child in children:
            if child.agent == GATEWAY:
                gateways = self._gateway(child)
                continue
            name = f"{child.agent}-{child.instance}"
            target = self._noted(child) or self._last.get(name)
            if target is not None:
                found[name] = target
        for note in living_workers(self._settings.data_dir):
            agent, instance = str(note["agent"]), str(note["instance"] or "main")
            found.setdefault(f"{agent}-{instance}", (f"{LOOPBACK}:{note['port']}", {"agent": agent}))
        self._last = found
        for file, targets in (("workers", found), ("gateway", gateways)):
            if targets != self._written.get(file):
                self._server.set_targets(file, targets)
                self._written[file] = targets

    def _gateway(self, child: Child) -> Targets:
        try:
            keys = self._keys.asked_for()
        except ClipstreamError as error:  # a file that cannot be read: the gateway answers nobody, the agents go on
            log.warning("The gateway is not observed: %s", error.reason)
            return {}
        if keys or not self._settings.gateway_port:  # 0: at whatever port was free
            return {}
        return {f"{GATEWAY}-{child.instance}": (f"{LOOPBACK}:{self._settings.gateway_port}", {"agent": GATEWAY})}

    def _noted(self, child: Child) -> tuple[str, dict[str, str]] | None:
        """Where a worker says that it listens; None before it does, and after its end."""
        try:
            note = json.loads(note_path(self._settings.data_dir, child.agent, child.instance).read_bytes())
            return f"{LOOPBACK}:{int(note['port'])}", {"agent": child.agent}
        except (OSError, ValueError, KeyError):
            return None


__all__ = ["Observer"]
