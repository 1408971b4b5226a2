"""The OpenAPI document against a gateway that runs: schemathesis makes requests of it, right ones and wrong ones."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.admin import create_topics
from streams.gateway.keys import create_key, keys_path
from streams.settings import Settings
from tests.gateways import GatewayProcess

pytestmark = [pytest.mark.stream, pytest.mark.timeout(500)]
# Of each operation in CI; the long form is in docs/gateway.md.
EXAMPLES = 5
REPO = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def keyed(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayProcess, str]]:
    folder = tmp_path_factory.mktemp("schema")
    settings = cluster_settings.model_copy(update={"topic_prefix": "schema-", "data_dir": folder})
    asyncio.run(create_topics(settings))
    token = create_key(keys_path(settings), "tester", ("admin",), 0)
    with GatewayProcess(settings, folder / "gateway.log", gateway_requests_per_minute=0.0) as gateway:
        yield gateway, token


def test_every_answer_is_as_documented(keyed: tuple[GatewayProcess, str], tmp_path: Path):
    gateway, token = keyed
    report = tmp_path / "report.txt"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(CONFIG), "run", f"{gateway.url}/openapi.json",
        "--header", f"Authorization: Bearer {token}",
        "--max-examples", str(EXAMPLES), "--seed", "7", "--request-timeout", "60",
        # streams do not end; the tests of events read them
        "--exclude-path-regex", "/events$", "--generation-database", "none", "--no-color",
    ]  # fmt: skip
    # its cache goes into the working folder; the hooks are a module of ours
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    with report.open("w") as out:
        code = subprocess.run(
            command, stdout=out, stderr=subprocess.STDOUT, timeout=280, cwd=tmp_path, env=environment
        ).returncode
    text = report.read_text()
    assert code == 0, text[-6_000:]
    assert re.search(r"\d+ generated, \d+ passed", text), text[-2_000:]
    log = gateway.log.read_text()
    assert "An error nobody expected" not in log


def test_every_operation_is_documented(keyed: tuple[GatewayProcess, str]):
    document = keyed[0].ask("GET", "/openapi.json").json()
    text = json.dumps(document)
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) >= 25
    for path, method, operation in operations:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        if path.startswith("/v1"):
            assert operation["security"] == [{"ApiKey": []}], where
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), where
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and path != "/healthz":
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"
    assert "HTTPValidationError" not in text
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
