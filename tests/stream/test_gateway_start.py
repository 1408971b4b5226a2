"""Where a gateway may listen, and what it says when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.admin import create_topics
from streams.settings import Settings
from tests.gateways import GatewayProcess

pytestmark = [pytest.mark.stream, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def open_gateway(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("open")
    settings = cluster_settings.model_copy(update={"topic_prefix": "start-", "data_dir": folder})
    asyncio.run(create_topics(settings))
    with GatewayProcess(settings, folder / "open.log") as running:
        yield running


def test_without_keys_it_stays_at_home(open_gateway: GatewayProcess, tmp_path: Path):
    exposed = GatewayProcess(open_gateway.settings, tmp_path / "exposed.log", gateway_host="0.0.0.0")
    exposed.start()
    assert exposed.process is not None
    assert exposed.process.wait(60) == 1
    assert "Without API keys the gateway listens on loopback only" in (tmp_path / "exposed.log").read_text()


def test_a_port_that_is_taken(open_gateway: GatewayProcess, tmp_path: Path):
    second = GatewayProcess(open_gateway.settings, tmp_path / "second.log", gateway_port=open_gateway.port)
    second.start()
    assert second.process is not None
    assert second.process.wait(60) == 1
    said = (tmp_path / "second.log").read_text()
    assert f"Port {open_gateway.port}" in said
    assert "CLIPSTREAM_GATEWAY_PORT" in said
