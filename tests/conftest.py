"""Fixtures shared by all suites: one real Kafka per run, one set of agents, the folder with media and truth."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# As in a child, and before numpy is imported: more threads than a busy machine has cores wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Whether an example takes 200 ms is a matter of what else the machine does.
hypothesis.settings.register_profile(
    "clipstream", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("clipstream")

# What a shell runs in the background ignores interrupts and hands that on; tests send them to the programs they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPO = Path(__file__).resolve().parents[1]
SAMPLE = REPO / "ops" / "sample" / "sample.mp4"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's own CLIPSTREAM_ variables."""
    for name in list(os.environ):
        if name.startswith("CLIPSTREAM_") and name not in ("CLIPSTREAM_TEST_DATA", "CLIPSTREAM_CACHE_DIR"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with real media and ground truth; tests marked `data` are left out where there is none."""
    folder = Path(os.environ.get("CLIPSTREAM_TEST_DATA", REPO.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no media: set CLIPSTREAM_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """The bundled sample."""
    return SAMPLE


@pytest.fixture(scope="session")
def cluster_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Settings of a running embedded cluster with all topics; started once per run, on first use."""
    import asyncio

    from ops.local.cluster import LocalCluster
    from streams.admin import create_topics
    from streams.settings import Settings

    state = tmp_path_factory.mktemp("cluster")
    # sources of the tests' own web server, which is on this machine and nowhere else
    settings = Settings(data_dir=state, allow_private_hosts=True, allowed_hosts=frozenset({"127.0.0.1"}))
    with LocalCluster(state, settings.cache_dir) as cluster:
        info = cluster.describe()
        settings = settings.model_copy(update={"broker_url": info.broker_url, "cache_url": info.cache_url})
        asyncio.run(create_topics(settings))
        yield settings


@pytest.fixture(scope="session")
def pipeline(cluster_settings: object) -> Iterator[object]:
    """All agents under a supervisor against the shared broker; yields their `Pipeline`."""
    from tests.pipeline import Pipeline

    with Pipeline(cluster_settings) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A Postgres server, started once per run; yields a `Database`, of which `fresh` makes another one for a test."""
    from tests.databases import running

    with running(tmp_path_factory.mktemp("postgres")) as database:
        yield database


@pytest.fixture(scope="session")
def gateways(cluster_settings: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Two gateways on the shared broker and one store, without API keys."""
    from pydantic import SecretStr

    from tests.gateways import SECRET, GatewayProcess

    logs = tmp_path_factory.mktemp("gateways")
    changes = {"gateway_requests_per_minute": 0.0, "gateway_webhook_secret": SecretStr(SECRET)}
    with (
        GatewayProcess(cluster_settings, logs / "a.log", **changes) as one,  # type: ignore[arg-type]
        GatewayProcess(cluster_settings, logs / "b.log", **changes) as other,  # type: ignore[arg-type]
    ):
        yield one, other
