"""Makes a Faust app as clipstream needs it. Each agent is its own app and consumer group; reasons stand per line."""

from __future__ import annotations

import hashlib
import socket
from typing import Any, Final

import faust

from streams import codec
from streams.connection import faust_credentials
from streams.recovery import SafeTableManager
from streams.settings import Settings
from streams.topics import TopicSpec

# The worker leaves its group silently, for ever, when one event takes longer than this between polls; liveness is
# watched by other means, so it is above the longest event: a day of video at 1x real time.
MAX_POLL_INTERVAL_S: Final = 86_400.0
# A partition whose queue holds so many is not fetched from; what is queued and not begun costs nothing after a crash.
_STREAM_BUFFER: Final = 32
# Faust rests between fetches: an agent that only passes records on moves 315 a second with fetches of 16, 2,300 with
# 500; the load bench 23,400 stub videos an hour and 29,300.
_MAX_FETCH_RECORDS: Final = 500

# RocksDB's own defaults take up to 2 GiB of block cache and 192 MB of memtables for each table and partition.
TABLE_OPTIONS: Final[dict[str, Any]] = {
    "driver": "rocksdict",
    "write_buffer_size": 4 * 2**20,
    "max_write_buffer_number": 2,
    "block_cache_size": 8 * 2**20,
}


def _instance_id(settings: Settings, group: str, instance: str) -> str:
    """Unique among hosts and state folders at one broker: of two members with one id, the broker fences the first."""
    place = hashlib.sha256(f"{socket.gethostname()}:{settings.data_dir.absolute()}".encode()).hexdigest()[:8]
    return f"{group}-{place}-{instance}"


def create_app(settings: Settings, agent: str, instance: str | None = None) -> faust.App:
    """A Faust app for one agent.

    Args:
        settings: with a broker address.
        agent: name of the agent; gives the group, the app id and the state folder.
        instance: name of this worker among those of the agent; a restarted worker with the same name gets its
            partitions back in seconds (static membership). None joins as an unnamed member.

    Raises:
        SettingsError: no broker is known.
    """
    codec.use_registry(settings.registry_url)
    group = settings.group(agent)
    state = settings.data_dir / "tables" / (f"{agent}-{instance}" if instance else agent)
    state.mkdir(parents=True, exist_ok=True)
    return faust.App(
        group,
        broker=[f"kafka://{address}" for address in settings.bootstrap_servers().split(",")],
        broker_credentials=faust_credentials(settings),
        broker_client_id=f"clipstream-{agent}",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_max_poll_interval=MAX_POLL_INTERVAL_S,
        broker_max_poll_records=_MAX_FETCH_RECORDS,
        broker_commit_interval=settings.commit_interval_s,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=_instance_id(settings, group, instance) if instance else None,
        stream_buffer_maxsize=_STREAM_BUFFER,
        stream_wait_empty=False,  # un-acked events are redelivered; waiting only delays a rebalance
        agent_supervisor="mode.CrashingSupervisor",  # any other restarts the agent and acks what raised
        topic_allow_declare=False,  # topics are created before workers start, with their own settings
        topic_disable_leader=True,
        table_standby_replicas=0,
        topic_partitions=8,
        store="rocksdb://",
        TableManager=SafeTableManager,
        datadir=str(state),
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        producer_acks=-1,
        producer_max_request_size=1_000_000,
        loghandlers=[],
        logging_config=None,
        autodiscover=False,
    )


def raw_topic(app: faust.App, settings: Settings, *specs: TopicSpec[Any]) -> Any:
    """A Faust topic that takes and gives bytes: an undecodable value would crash the agent inside Faust."""
    return app.topic(
        *(settings.topic(spec.name) for spec in specs),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )
