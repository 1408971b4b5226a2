"""Users and TLS against a real broker: everything that talks to Kafka gets through, and who does not fit hears why."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from schemas.messages import VideoIngested
from streams import connection, topics
from streams.admin import create_topics, topic_states
from streams.client import producing, read_all
from streams.connection import BrokerRefuses, BrokerUnreachable
from streams.groups import group_states
from streams.letters import letters, requeue
from streams.reading import to_environment
from streams.replay import replay_topic
from streams.settings import Settings
from streams.supervisor import clipstream_command
from tests.pipeline import Pipeline, request, until
from tests.secured import PASSWORD, Secured, secured_broker

pytestmark = [
    pytest.mark.stream,
    pytest.mark.timeout(900),
    # aiokafka does not wait for the end of connections; with TLS that takes a round trip, and the test's loop is closed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WAITED_S = connection.CONNECT_LIMIT_S + connection._REASON_LIMIT_S  # before the tests' own limits are set


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # here, not during another module's tests


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured"), Settings().cache_dir) as running:
        yield running


def run(settings: Settings, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """A command of the command line, as a process of its own."""
    environment = {**os.environ, **to_environment(settings)}
    command = [*clipstream_command(), *arguments]
    return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=150)


@pytest.mark.parametrize("listener", ["USERS", "TLS", "MUTUAL", "BOTH"])
async def test_every_client_gets_through(broker, listener):
    settings = broker.settings(listener)
    await create_topics(settings)
    assert all(state.partitions == state.wanted for state in await topic_states(settings))
    async with producing(settings) as submit:
        await submit(VideoIngested(uri="file:///a.mp4", video_id="a"))
    assert [found.video_id async for found in read_all(settings, topics.VIDEO_INGESTED)] == ["a"]
    lag = {state.agent: state.lag for state in await group_states(settings)}
    assert lag["metadata"] == 1
    moved = await replay_topic(settings, "video-ingested", since_ms=None, offset=0, dry_run=False)
    assert sum(one.records for one in moved if one.agent == "metadata") == 1
    assert await requeue(settings, await letters(settings)) == []


@pytest.mark.parametrize("listener", ["USERS", "TLS"])
def test_a_worker_works(broker, listener, sample):
    """Group, tables' recovery, producer and liveness of a Faust worker, with what it says of a file and of no file."""
    settings = broker.settings(listener, topic_prefix=f"{listener.lower()}-worker-")
    asyncio.run(create_topics(settings))
    with Pipeline(settings, ("metadata", "joiner")) as workers:
        asyncio.run(submitted(settings, request(sample, "there"), request("/nowhere.mp4", "gone")))
        until(
            lambda: {one.header.video_id for one in workers.read(topics.VIDEO_METADATA)} >= {"there", "gone"},
            "metadata",
        )
        until(lambda: workers.read(topics.DEAD_LETTER) != [], "a dead letter for what is not there")
        until(lambda: lag(settings, "joiner") == 0, "the joiner has read it")
        for name in ("metadata", "joiner"):
            assert workers.crashes(name) == []
    for log in settings.log_dir.glob("*.log"):
        assert PASSWORD not in log.read_text()


async def submitted(settings: Settings, *requests: VideoIngested) -> None:
    async with producing(settings) as submit:
        for one in requests:
            await submit(one)


def lag(settings: Settings, agent: str) -> int:
    return next(state.lag for state in asyncio.run(group_states(settings)) if state.agent == agent)


@pytest.mark.parametrize("listener", ["USERS", "MUTUAL"])
def test_kafkas_own_tools_get_through(broker, listener):
    settings = broker.settings(listener, topic_prefix=f"{listener.lower()}-tools-")
    done = run(settings, "topics", "create")
    assert done.returncode == 0, done.stderr
    name = settings.topic(topics.VIDEO_INGESTED.name)
    sent = run(settings, "kafka", "console-producer", "--topic", name, text='{"uri": "file:///b.mp4"}\n')
    assert sent.returncode == 0, sent.stderr
    assert [found.uri for found in Pipeline(settings, ()).read(topics.VIDEO_INGESTED)] == ["file:///b.mp4"]


# listener, what is set otherwise, words of the reason, words of the remedy
REFUSED = {
    "wrong password": ("USERS", {"sasl_password": "no"}, "refuses user 'alice'", "CLIPSTREAM_SASL_PASSWORD"),
    "unknown user": ("BOTH", {"sasl_username": "bob"}, "refuses user 'bob'", "CLIPSTREAM_SASL_USERNAME"),
    "wrong password, SCRAM": ("BOTH", {"sasl_password": "no"}, "refuses user", "CLIPSTREAM_SASL_PASSWORD"),
    "wrong mechanism": ("USERS", {"sasl_mechanism": "SCRAM-SHA-256"}, "SCRAM-SHA-256", "CLIPSTREAM_SASL_MECHANISM"),
    "no user": ("USERS", {"security_protocol": "PLAINTEXT", "sasl_username": "", "sasl_password": ""},
                "ends connections", "SASL_PLAINTEXT"),
    "a user where none is asked for": ("PLAIN", {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "alice",
                                                 "sasl_password": "x"}, "knows no users", "PROTOCOL=PLAINTEXT"),
    "TLS where none is spoken": ("PLAIN", {"security_protocol": "SSL"}, "does not speak TLS", "PROTOCOL=PLAINTEXT"),
    "TLS where users are": ("USERS", {"security_protocol": "SASL_SSL"}, "does not speak TLS", "SASL_PLAINTEXT"),
    "no TLS where it is spoken": ("TLS", {"security_protocol": "PLAINTEXT", "ssl_cafile": None},
                                  "without TLS", "PROTOCOL=SSL"),
    "a user without TLS": ("BOTH", {"security_protocol": "SASL_PLAINTEXT", "ssl_cafile": None},
                           "without TLS", "SASL_SSL"),
    "an authority that we do not know": ("TLS", {"ssl_cafile": None}, "not trusted", "CLIPSTREAM_SSL_CAFILE"),
    "no certificate of ours": ("MUTUAL", {"ssl_certfile": None, "ssl_keyfile": None},
                               "after the TLS handshake", "CLIPSTREAM_SSL_CERTFILE"),
}  # fmt: skip


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is there gets the time that a busy machine takes for a handshake, which is not in question here."""
    monkeypatch.setattr(connection, "_REASON_LIMIT_S", 20.0)


@pytest.mark.parametrize("case", REFUSED)
async def test_who_does_not_fit_hears_why(broker, patient, case):
    listener, values, reason, remedy = REFUSED[case]
    with pytest.raises(BrokerRefuses) as caught:
        await within_limit(create_topics(broker.settings(listener, **values)))
    assert reason in caught.value.reason
    assert remedy in caught.value.remedy


async def test_a_certificate_for_another_name_is_refused(broker, patient):
    with pytest.raises(BrokerRefuses, match=r"not trusted.*localhost"):
        await within_limit(create_topics(broker.settings("TLS", host="localhost")))


async def test_what_accepts_and_never_answers_is_known_within_the_limit(monkeypatch):
    assert WAITED_S <= 8.0, "what a user waits for at most"
    monkeypatch.setattr(connection, "CONNECT_LIMIT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"kafka://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BrokerRefuses, match="does not speak TLS"):
            await within_limit(create_topics(Settings(broker_url=url, security_protocol="SSL")))
    with pytest.raises(BrokerUnreachable, match="No Kafka broker answers"):
        await within_limit(create_topics(Settings(broker_url=url)))


async def within_limit(doing) -> None:
    async with asyncio.timeout(60.0):  # that it ends; how soon is what the two limits say
        await doing


def test_the_command_line_says_it_in_words(broker):
    for arguments in (["worker", "metadata"], ["results"], ["up"]):
        done = run(broker.settings("USERS", sasl_password="no"), *arguments)
        assert done.returncode == 1
        assert "refuses user 'alice'" in done.stderr
        assert "Traceback" not in done.stderr
    shown = run(broker.settings("USERS"), "settings", "--json").stdout
    assert '"sasl_username": "alice"' in shown
    assert "ss w" not in shown
