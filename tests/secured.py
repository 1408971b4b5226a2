"""A broker with users and TLS for tests: one process with a port for each kind of security."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives import serialization

from ops.local.downloads import ConsoleReporter
from ops.local.jars import ensure_jars, jar_dir
from ops.local.java import ensure_java
from ops.local.kafka import KafkaBroker
from ops.local.kafka_config import Listener
from ops.local.ports import LOOPBACK, choose_port
from streams.settings import Settings

USER: Final = "alice"
PASSWORD: Final = 'p"\\ss wörd'  # what escaping would spoil
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@dataclass(frozen=True)
class Secured:
    """The running broker; ports by the name of their listener.

    Attributes:
        ports: `PLAIN` without anything, `USERS` SASL_PLAINTEXT, `TLS` SSL, `MUTUAL` SSL that asks for a certificate,
            `BOTH` SASL_SSL with SCRAM only. The certificate is for 127.0.0.1 and for no other name.
    """

    ports: dict[str, int]
    folder: Path

    def settings(self, listener: str, host: str = LOOPBACK, **values: object) -> Settings:
        """Settings for a port, all of them right where they are not given."""
        fitting: dict[str, dict[str, object]] = {
            "PLAIN": {},
            "USERS": {"security_protocol": "SASL_PLAINTEXT", "sasl_username": USER, "sasl_password": PASSWORD},
            "TLS": {"security_protocol": "SSL", "ssl_cafile": self.folder / "ca.pem"},
            "MUTUAL": {
                "security_protocol": "SSL",
                "ssl_cafile": self.folder / "ca.pem",
                "ssl_certfile": self.folder / "client.pem",
                "ssl_keyfile": self.folder / "client.key",
            },
            "BOTH": {
                "security_protocol": "SASL_SSL",
                "ssl_cafile": self.folder / "ca.pem",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_username": USER,
                "sasl_password": PASSWORD,
            },
        }
        given = {
            "data_dir": self.folder / f"state-{listener}",
            "broker_url": f"kafka://{host}:{self.ports[listener]}",
            "topic_prefix": f"{listener.lower()}-",
            **fitting[listener],
            **values,
        }
        return Settings(**given)  # type: ignore[arg-type]


@contextmanager
def secured_broker(folder: Path, cache_dir: Path) -> Iterator[Secured]:
    """Start it in an empty folder, and stop it."""
    _certificates(folder)
    ports = {name: choose_port(None, name) for name in ("PLAIN", "CONTROLLER", "USERS", "TLS", "MUTUAL", "BOTH")}
    java, jars = ensure_java(cache_dir, ConsoleReporter()), ensure_jars(cache_dir, ConsoleReporter())
    listeners = [
        Listener(
            "USERS", "SASL_PLAINTEXT", ports["USERS"],
            {
                "sasl.enabled.mechanisms": "PLAIN",
                "plain.sasl.jaas.config": f'{_PLAIN} user_{USER}="{_escaped(PASSWORD)}";',
            },
        ),
        Listener("TLS", "SSL", ports["TLS"], _tls(folder)),
        Listener("MUTUAL", "SSL", ports["MUTUAL"], {**_tls(folder), "ssl.client.auth": "required"}),
        Listener(
            "BOTH", "SASL_SSL", ports["BOTH"],
            {
                **_tls(folder),
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "scram-sha-512.sasl.jaas.config": f"{_SCRAM};",
            },
        ),
    ]  # fmt: skip
    broker = KafkaBroker(folder / "kafka", folder / "logs", java, jars, jar_dir(cache_dir), listeners=listeners)
    try:
        broker.spawn(ports["PLAIN"], ports["CONTROLLER"])
        broker.wait_ready()
        _add_user(str(java.path), jars, ports["PLAIN"])
        yield Secured(ports, folder)
    finally:
        broker.stop()


def _add_user(java: str, jars: tuple[Path, ...], port: int) -> None:
    """SCRAM users live in the cluster, not in its configuration."""
    command = [java, "-cp", os.pathsep.join(map(str, jars)), "-Dlog4j2.level=ERROR", "-XX:TieredStopAtLevel=1"]
    command += ["kafka.admin.ConfigCommand", "--bootstrap-server", f"{LOOPBACK}:{port}", "--alter"]
    command += ["--entity-type", "users", "--entity-name", USER, "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"})


def _escaped(password: str) -> str:
    """For a quoted value in JAAS, in a properties file of Java."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"').replace("\\", "\\\\")
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in quoted)


def _certificates(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, identity in (("server", LOOPBACK), ("client", "client.example")):
        leaf = authority.issue_cert(identity)
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )  # Kafka reads no other form
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        (folder / f"{name}.pem").write_bytes(chain)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}-both.pem").write_bytes(key + chain)


def _tls(folder: Path) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server-both.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
    }
