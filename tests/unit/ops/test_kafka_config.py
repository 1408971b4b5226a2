"""The broker's configuration: what users rely on stands in it, and nothing listens beyond loopback."""

from __future__ import annotations

from ops.local.kafka_config import LOG4J, server_properties


def read(text: str) -> dict[str, str]:
    rows = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    assert len({name for name, _ in rows}) == len(rows)
    return dict(rows)


def test_what_the_pipeline_relies_on():
    properties = read(server_properties(9092, 9093))
    assert properties["offsets.retention.minutes"] == "64800"
    assert properties["group.initial.rebalance.delay.ms"] == "0"
    assert properties["auto.create.topics.enable"] == "false"
    assert int(properties["message.max.bytes"]) >= 1_000_000
    assert properties["process.roles"] == "broker,controller"


def test_every_address_is_loopback():
    properties = read(server_properties(1111, 2222))
    for name in ("listeners", "advertised.listeners"):
        for listener in properties[name].split(","):
            assert "//127.0.0.1:" in listener
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:2222"
    assert "PLAINTEXT://127.0.0.1:1111" in properties["advertised.listeners"]


def test_internal_topics_have_one_copy():
    properties = read(server_properties(1, 2))
    copies = {name: value for name, value in properties.items() if "replication.factor" in name or "min.isr" in name}
    assert len(copies) >= 6
    assert set(copies.values()) == {"1"}


def test_the_log_is_rotated():
    properties = {name.strip(): value.strip() for name, value in read(LOG4J).items()}
    assert properties["appender.file.type"] == "RollingFile"
    assert properties["appender.file.policies.size.size"] == "10MB"
    assert int(properties["appender.file.strategy.max"]) <= 5
