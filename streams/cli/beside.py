"""What `clipstream up` starts beside Kafka, Valkey and the agents, and whether that can be had."""

from __future__ import annotations

from dataclasses import dataclass

from ops.local.info import ClusterInfo
from ops.local.prometheus import find as find_prometheus
from processors.errors import ClipstreamError
from streams.secrets import masked
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Beside:
    """What was asked for.

    Attributes:
        registry, ui, gateway, observe, db: the flags of that name.
        agents: whether agents are started at all.
    """

    registry: bool = False
    ui: bool = False
    gateway: bool = False
    observe: bool = False
    db: bool = False
    agents: bool = True

    def flags(self) -> list[str]:
        """The command line's words for it."""
        names = ("registry", "ui", "gateway", "observe", "db")
        return [f"--{name}" for name in names if getattr(self, name)] + ["--no-agents"] * (not self.agents)

    def runs_in(self, running: ClusterInfo) -> bool:
        """Whether a cluster has all servers that were asked for."""
        addresses = (
            (self.registry, running.registry_url), (self.ui, running.ui_url),
            (self.observe, running.prometheus_url), (self.db, running.database_url),
        )  # fmt: skip
        return all(address for wanted, address in addresses if wanted)

    def check(self, settings: Settings) -> None:
        """Say now what would fail later.

        Raises:
            ClipstreamError: of this, something cannot be had with these settings.
        """
        broker = masked(settings.broker_url) if settings.broker_url else None
        if broker and (self.registry or self.ui):
            raise ClipstreamError(
                f"--registry and --ui start theirs for the embedded Kafka, and the broker is {broker}.",
                "Name a registry that runs: CLIPSTREAM_REGISTRY_URL=http://host:8081.",
            )
        if broker and self.db:
            raise ClipstreamError(
                f"--db starts one beside the embedded Kafka, and the broker is {broker}.",
                "Name a database that runs: CLIPSTREAM_DATABASE_URL=postgresql://user:password@host:5432/name.",
            )
        if self.db and settings.database_url:
            raise ClipstreamError(
                f"--db starts a database, and there is one in the settings: {masked(settings.database_url)}.",
                "Leave --db out: the sink fills that one. `clipstream db upgrade` makes its tables.",
            )
        if self.gateway:
            from streams.gateway.server import bound, check_binding  # brings fastapi, 0.25 s

            check_binding(settings)
            bound(settings.gateway_host, settings.gateway_port).close()
        if broker and not self.agents and not self.gateway:
            raise ClipstreamError(f"The broker is {broker}, so without the agents there is nothing to start.")
        if self.observe:
            find_prometheus()


__all__ = ["Beside"]
