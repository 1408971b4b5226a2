"""`docker-compose.kafka.yml` and the `Dockerfile` against the code: agents, settings, commands, versions. No Docker."""

from __future__ import annotations

import contextlib
import re
import tomllib
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

from ops.local.jars import KAFKA_VERSION
from ops.local.kafka_config import server_properties
from streams import agents
from streams.reading import load_settings
from streams.settings import PREFIX, Settings

REPO = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((REPO / "docker-compose.kafka.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROMETHEUS = yaml.safe_load((REPO / "ops" / "docker" / "prometheus.yml").read_text())
DOCKERFILE = (REPO / "Dockerfile").read_text()
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
IMAGE = f"clipstream:{PROJECT['project']['version']}"
OURS = {name: service for name, service in SERVICES.items() if service["image"] == IMAGE}
WORKERS = {name: service for name, service in OURS.items() if service["command"][:2] == ["clipstream", "worker"]}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


KNOWN = {PREFIX + field.upper() for field in Settings.model_fields}


def given(service: dict[str, Any]) -> dict[str, str]:
    """The environment that a service has when nothing is set in the shell."""
    values = service.get("environment", {})
    return {name: _VARIABLE.sub(r"\2", str(value)) for name, value in values.items() if value is not None}


@pytest.fixture
def cli() -> Any:
    """The command line application."""
    from streams.cli.whole import app

    return app


def test_every_agent_has_a_service_and_the_other_way_round() -> None:
    assert tuple(WORKERS) == agents.ALL  # in the order of the flow, too
    for name, service in WORKERS.items():
        assert service["command"] == ["clipstream", "worker", name]


def test_agents_without_work_by_default_are_started_only_when_asked_for() -> None:
    assert {name for name, service in WORKERS.items() if "profiles" in service} == set(agents.ALL) - set(agents.NAMES)
    given_key = {name for name, service in OURS.items() if "CLIPSTREAM_OPENAI_API_KEY" in service["environment"]}
    assert given_key == {"vision", "enricher"}
    given_database = {name for name, service in OURS.items() if "CLIPSTREAM_DATABASE_URL" in service["environment"]}
    assert given_database == {"sink", "tables", "gateway", "cli"}


@pytest.mark.parametrize("name", OURS)
def test_environment_names_settings_only(name: str) -> None:
    assert set(OURS[name]["environment"]) <= KNOWN


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_starts_with_its_command_and_environment(name: str, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, Settings, str | None]] = []

    async def no_topics(settings: Settings) -> list[str]:
        return []

    monkeypatch.setattr("streams.cli.worker.create_topics", no_topics)
    monkeypatch.setattr("streams.worker.run_worker", lambda *call: started.append(call))
    for variable, value in given(WORKERS[name]).items():
        monkeypatch.setenv(variable, value)

    done = CliRunner().invoke(cli, WORKERS[name]["command"][1:])

    assert done.exit_code == 0, done.output
    [(agent, settings, instance)] = started
    assert (agent, instance) == (name, None)
    assert settings.bootstrap_servers() == "kafka:19092"
    assert settings.store == "/data/blobs"


def test_topics_are_created_before_any_worker_starts(cli: Any) -> None:
    assert CliRunner().invoke(cli, [*SERVICES["topics"]["command"][1:], "--help"]).exit_code == 0
    for service in WORKERS.values():
        assert service["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
        assert service["depends_on"]["kafka"] == {"condition": "service_healthy"}


def test_what_workers_share_is_mounted_where_the_settings_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in given(SERVICES["joiner"]).items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    for name, service in OURS.items():
        named = dict(volume.split(":") for volume in service["volumes"] if isinstance(volume, str))
        assert (named.pop("keys", None) is not None) == (name == "gateway")  # hashes of keys are nobody else's business
        assert named == {
            "blobs": settings.store,
            "results": str(settings.data_dir / "cache"),
            "models": str(settings.cache_dir),
        }
        own, videos = (volume for volume in service["volumes"] if not isinstance(volume, str))
        assert own == {"type": "volume", "target": str(settings.data_dir)}  # tables and notes are a container's own
        assert videos["target"] == "/videos"
        assert videos["read_only"]
    assert set(named) < set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_reached_from_this_host_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_no_more_than_they_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    if name in OURS:
        uid, _, gid = service["user"].partition(":")
        assert service["read_only"]
        assert f"USER {uid}:{gid}" in DOCKERFILE
        assert f"--uid {uid}" in DOCKERFILE


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_checked_and_restarted_unless_they_run_once(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    if name in WORKERS:
        assert str(service["healthcheck"]["test"]).replace("'", '"').partition(", ")[2] in DOCKERFILE
        assert 'ENTRYPOINT ["tini", "-e", "78", "--"]' in DOCKERFILE  # with it, on-failure leaves 78 down
        assert service["restart"] == "on-failure"


def test_one_service_builds_the_image_and_nobody_pulls_it() -> None:
    builders = [name for name, service in OURS.items() if "build" in service]
    assert builders == ["topics"]
    assert {service["pull_policy"] for name, service in OURS.items() if name not in builders} == {"never"}


@pytest.mark.parametrize("name", SERVICES.keys() - OURS.keys())
def test_images_of_others_have_a_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_prometheus_asks_every_worker_and_the_gateway() -> None:
    jobs = {job["job_name"]: job for job in PROMETHEUS["scrape_configs"]}
    (found,) = jobs["clipstream"]["dns_sd_configs"]
    assert set(found["names"]) == set(WORKERS)  # a name has an address for each copy of a service
    assert str(found["port"]) == SERVICES["joiner"]["environment"]["CLIPSTREAM_METRICS_PORT"]
    assert jobs["clipstream-gateway"]["static_configs"] == [{"targets": ["gateway:8080"]}]
    mounted = [volume for name in ("prometheus", "alertmanager", "grafana") for volume in SERVICES[name]["volumes"]]
    assert all(volume.endswith(":ro") for volume in mounted if volume.startswith("."))
    assert set(PROMETHEUS["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]) == {"alertmanager:9093"}


def test_kafka_is_set_up_like_the_embedded_one() -> None:
    embedded = dict(line.split("=", 1) for line in server_properties(1, 2).splitlines() if re.match(r"[a-z]", line))
    addresses = {"listeners", "listener.", "advertised.", "controller.", "inter.", "log.dirs"}
    names = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in given(SERVICES["kafka"]).items()
    }
    shared = {name for name in names if name in embedded and not name.startswith(tuple(addresses))}
    assert {name: names[name] for name in shared} == {name: embedded[name] for name in shared}
    assert {"auto.create.topics.enable", "offsets.retention.minutes"} <= shared
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_the_registry_takes_only_changes_that_our_schemas_may_make() -> None:
    assert SERVICES["registry"]["environment"]["APICURIO_RULES_GLOBAL_COMPATIBILITY"] == "FULL_TRANSITIVE"


def _closure(roots: list[str]) -> set[str]:
    """Names of the distributions that these requirements bring, as installed here."""
    found: set[str] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        with contextlib.suppress(PackageNotFoundError):  # what the lock leaves out
            waiting += [Requirement(text) for text in metadata.requires(name) or []]
    return found


def test_the_image_drops_what_only_development_needs() -> None:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    needed = _closure(project["dependencies"] + project["optional-dependencies"]["ocr"]) | {"pip"}
    development = {
        canonicalize_name(Requirement(text).name) for text in project["optional-dependencies"]["dev"] + groups["build"]
    }
    words = DOCKERFILE.partition("pip uninstall")[2].partition("\n\n")[0].replace("\\", "").split()
    removed = {canonicalize_name(word) for word in words if not word.startswith("-")}
    assert development - needed <= removed
    assert not removed & needed


def test_the_build_context_holds_what_the_wheel_is_made_of() -> None:
    lines = (REPO / ".dockerignore").read_text().split()
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert taken == {*packages, "requirements.lock", "pyproject.toml", PROJECT["project"]["readme"], "LICENSE"}
