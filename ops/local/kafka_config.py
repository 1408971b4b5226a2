"""Configuration files of the embedded broker, each from one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Final

from ops.local.ports import LOOPBACK

SERVER_FILE: Final = "server.properties"
LOG4J_FILE: Final = "log4j2.properties"
DATA_DIR: Final = "data"  # relative to the broker's working folder: a comma in the state folder's name would split it

# Group offsets live as long as the longest input, 45 days: with Kafka's 7 a replay after a pause starts from nothing.
_OFFSETS_RETENTION_MIN: Final = 64_800
# 50 in Kafka, one folder with 3 files each; one small broker has some dozen groups.
_INTERNAL_PARTITIONS: Final = 8
# The codec refuses records over 900 kB; this is Kafka's own limit of 1 MiB plus the batch's header.
_MESSAGE_MAX_BYTES: Final = 1_048_588
# Deleting by age works on whole segments, so they are smaller than Kafka's 1 GB; indexes fit them (8 bytes per 4 kB).
_SEGMENT_BYTES: Final = 134_217_728
_INDEX_BYTES: Final = 1_048_576
# Default 128 MiB, held from the start on: with 16 MiB (a million keys) the broker takes 178 MB of memory, not 298 MB.
_CLEANER_BUFFER_BYTES: Final = 16_777_216

_SERVER: Final = Template(
    """\
# Written at each start; changes here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@$host:$controller_port
listeners=PLAINTEXT://$host:$port$further,CONTROLLER://$host:$controller_port
advertised.listeners=PLAINTEXT://$host:$port$further
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT$protocols,CONTROLLER:PLAINTEXT
log.dirs=$data_dir
$settings
# Topics are created from the catalogue only: a misspelt name must fail, not make a topic.
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
message.max.bytes=$message_max_bytes
log.retention.hours=168
log.segment.bytes=$segment_bytes
log.index.size.max.bytes=$index_bytes
log.cleaner.dedupe.buffer.size=$cleaner_buffer_bytes

# One broker: internal topics have one copy.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=$internal_partitions
offsets.retention.minutes=$offsets_retention_min
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# Workers come one by one; each waits for nobody.
group.initial.rebalance.delay.ms=0

# A laptop's broker: some dozen clients on loopback.
num.network.threads=2
num.io.threads=4
background.threads=4
num.recovery.threads.per.data.dir=2
controlled.shutdown.enable=true
"""
)

LOG4J: Final = """\
# Written at each start; changes here are lost.
status = error
shutdownHook = disable
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:clipstream.log}
appender.file.filePattern = ${sys:clipstream.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
# Each prints every setting at each start: 2,900 of 3,100 lines.
logger.config.name = org.apache.kafka.common.config
logger.config.level = warn
logger.server.name = kafka.server.KafkaConfig
logger.server.level = warn
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """One more port of the broker, with users or TLS.

    Args:
        name: in capitals, unlike any other's.
        protocol: SSL, SASL_PLAINTEXT or SASL_SSL.
        port: TCP port on loopback; free.
        settings: Kafka's own, of this listener: `ssl.keystore.location` and so on, without the prefix.
    """

    name: str
    protocol: str
    port: int
    settings: Mapping[str, str]


def server_properties(port: int, controller_port: int, listeners: Sequence[Listener] = ()) -> str:
    """Text of `server.properties`.

    Args:
        port: TCP port of the broker on loopback.
        controller_port: TCP port of the controller on loopback; another one.
        listeners: further ones.
    """
    rows = [
        f"listener.name.{one.name.lower()}.{name}={value}\n"
        for one in listeners
        for name, value in one.settings.items()
    ]
    return _SERVER.substitute(
        further="".join(f",{one.name}://{LOOPBACK}:{one.port}" for one in listeners),
        protocols="".join(f",{one.name}:{one.protocol}" for one in listeners),
        settings="".join(rows),
        host=LOOPBACK,
        port=port,
        controller_port=controller_port,
        data_dir=DATA_DIR,
        message_max_bytes=_MESSAGE_MAX_BYTES,
        segment_bytes=_SEGMENT_BYTES,
        index_bytes=_INDEX_BYTES,
        cleaner_buffer_bytes=_CLEANER_BUFFER_BYTES,
        internal_partitions=_INTERNAL_PARTITIONS,
        offsets_retention_min=_OFFSETS_RETENTION_MIN,
    )


__all__ = ["DATA_DIR", "LOG4J", "LOG4J_FILE", "SERVER_FILE", "Listener", "server_properties"]
