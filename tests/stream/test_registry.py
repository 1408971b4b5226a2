"""The embedded schema registry for real: our schemas under their own ids, other programs' records, refusals."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import struct
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import fastavro
import pytest
from aiokafka import AIOKafkaProducer

from ops.local.cluster import LocalCluster
from processors.errors import InvalidMessage
from schemas import BUNDLED_ID_BASE, BUNDLED_ID_END, WireSchema, bundled, released
from schemas.messages import VideoIngested
from streams import codec, topics
from streams.admin import create_topics
from streams.client import producing
from streams.connection import client_options
from streams.reading import load_settings, to_environment
from streams.registry import Registry, RegistryAway, SchemaRefused
from streams.settings import Settings
from streams.supervisor import clipstream_command
from tests.pipeline import Pipeline, until

# The start takes 10 to 30 s; the first one on a machine downloads 200 MB.
pytestmark = [pytest.mark.stream, pytest.mark.timeout(700)]

# As another team would write it: fields in another order, some left out, one more that we do not know.
FOREIGN = {
    "type": "record",
    "name": "VideoIngested",
    "namespace": "org.clipstream",
    "fields": [
        {"name": "video_id", "type": ["null", "string"], "default": None},
        {"name": "uri", "type": "string"},
        {"name": "tenant", "type": "string", "default": ""},
    ],
}


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    """Its first answers take a busy machine longer than the 2 s after which it counts as away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.registry._ANSWER_LIMIT_S", 30.0)
        yield


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def cluster(state) -> Iterator[LocalCluster]:
    with LocalCluster(state, Settings().cache_dir, registry=True) as running:
        yield running


@pytest.fixture(scope="module")
def settings(cluster, state) -> Iterator[Settings]:
    """With the topics there, and so with our schemas registered."""
    found = Settings(data_dir=state).model_copy(update=cluster.describe().addresses())
    asyncio.run(create_topics(found))
    yield found
    codec.use_registry("")


@pytest.fixture
def registry(settings) -> Registry:
    return Registry(settings.registry_url)


def post(settings: Settings, subject: str, schema: object) -> int:
    """Register as any program does; the id."""
    body = json.dumps({"schema": json.dumps(schema)}).encode()
    kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(f"{settings.registry_url}/subjects/{subject}/versions", body, kind)
    with urllib.request.urlopen(request) as answer:
        return int(json.load(answer)["id"])


def versions(settings: Settings, subject: str) -> list[int]:
    with urllib.request.urlopen(f"{settings.registry_url}/subjects/{subject}/versions") as answer:
        return json.load(answer)


def framed(schema_id: int, schema: object, value: dict[str, object]) -> bytes:
    """As Confluent's serializers do."""
    buffer = io.BytesIO(struct.pack(">bI", 0, schema_id))
    buffer.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), value)
    return buffer.getvalue()


async def send(settings: Settings, raw: bytes) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    try:
        await producer.send_and_wait(settings.topic(topics.VIDEO_INGESTED.name), raw)
    finally:
        await producer.stop()


def test_workers_find_it_where_the_cluster_is(settings):
    assert load_settings(data_dir=settings.data_dir).registry_url == settings.registry_url


def test_our_schemas_are_there_under_their_own_ids(settings, registry):
    for schema in released():
        assert registry.schema(schema.schema_id) == schema.parsed
        assert versions(settings, f"{schema.name}-value")[-1] >= 1


def test_registering_again_changes_nothing(settings, registry):
    before = {schema.name: versions(settings, f"{schema.name}-value") for schema in released()}
    registry.publish("")
    assert {schema.name: versions(settings, f"{schema.name}-value") for schema in released()} == before
    text = json.loads(bundled("segments").text)
    assert post(settings, "segments-value", text | {"doc": "the same otherwise"}) >= BUNDLED_ID_END


def test_ids_of_others_are_never_taken_for_ours(settings):
    assert post(settings, "orders-value", {"type": "record", "name": "Order", "fields": []}) >= BUNDLED_ID_END


def test_a_further_version_of_ours_comes_under_its_own_id_too(settings, monkeypatch):
    now = json.loads(bundled("control").text)
    more = {"name": "note", "type": ["null", "string"], "default": None}
    text = json.dumps({**now, "fields": [*now["fields"], more]})
    newer = WireSchema(BUNDLED_ID_BASE + 99, "control", text, fastavro.parse_schema(json.loads(text)))
    monkeypatch.setattr("streams.registry.released", lambda: [*released(), newer])
    before = versions(settings, "control-value")
    asyncio.run(create_topics(settings))
    assert Registry(settings.registry_url).schema(newer.schema_id) == newer.parsed
    assert versions(settings, "control-value") == [*before, before[-1] + 1]
    asyncio.run(create_topics(settings))
    assert versions(settings, "control-value") == [*before, before[-1] + 1]


def test_a_record_of_another_program_is_worked_on(settings, sample):
    schema_id = post(settings, "video-ingested-value", FOREIGN)
    asyncio.run(send(settings, framed(schema_id, FOREIGN, {"video_id": "foreign", "uri": str(sample), "tenant": "a"})))
    # whose registry has 2 s for an answer: a busy machine needs more tries of them
    with Pipeline(settings.model_copy(update={"retries": 10}), ("metadata",)) as workers:
        until(lambda: "foreign" in {one.header.video_id for one in workers.read(topics.VIDEO_METADATA)}, "metadata")
        assert workers.read(topics.DEAD_LETTER) == []
        assert workers.crashes("metadata") == []


def test_ids_that_nobody_knows_are_poison(settings):
    codec.use_registry(settings.registry_url)
    with pytest.raises(InvalidMessage, match="registry has no Avro schema"):
        codec.decode(topics.VIDEO_INGESTED, framed(77_777_777, FOREIGN, {"uri": "/a"}))


def refused(settings: Settings) -> subprocess.CompletedProcess[str]:
    """A worker that does not start; where the registry is too slow just then, it goes on without it."""
    command, environment = [*clipstream_command(), "worker", "metadata"], {**os.environ, **to_environment(settings)}
    for _ in range(3):
        with suppress(subprocess.TimeoutExpired):
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    raise AssertionError("it goes on")


def test_an_incompatible_schema_refuses_to_start(settings):
    other = settings.model_copy(update={"topic_prefix": "taken-"})
    post(other, "taken-segments-value", {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "int"}]})
    with pytest.raises(SchemaRefused, match=r"segments.*taken-segments-value"):
        asyncio.run(create_topics(other))
    done = refused(other)
    assert done.returncode == 1
    assert "taken-segments-value" in done.stderr
    assert "CLIPSTREAM_TOPIC_PREFIX" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_registry_our_own_records_go_on(settings, sample, unused_port):
    """The foreign record gets a dead letter that says why, and can be sent again; ours pass."""
    away = settings.model_copy(
        update={"registry_url": f"http://127.0.0.1:{unused_port}", "topic_prefix": "away-", "retry_base_s": 0.1}
    )
    with pytest.raises(RegistryAway):
        Registry(away.registry_url).schema(5)
    asyncio.run(create_topics(away))
    asyncio.run(send(away, framed(5, FOREIGN, {"uri": str(sample)})))
    asyncio.run(submit(away, VideoIngested(uri=str(sample), video_id="ours")))
    with Pipeline(away, ("metadata",)) as workers:
        until(lambda: "ours" in {one.header.video_id for one in workers.read(topics.VIDEO_METADATA)}, "metadata")
        until(lambda: workers.read(topics.DEAD_LETTER) != [], "the dead letter")
        assert [letter.error_class for letter in workers.read(topics.DEAD_LETTER)] == ["RegistryAway"]
        assert workers.crashes("metadata") == []


async def submit(settings: Settings, request: VideoIngested) -> None:
    async with producing(settings) as send_one:
        await send_one(request)


@pytest.fixture
def unused_port() -> int:
    from ops.local.ports import choose_port

    return choose_port(None, "nothing")


def test_a_registry_that_died_comes_back_with_what_it_had(settings, cluster, registry):
    """Its data are in Kafka; it keeps its port, and clients just ask again."""
    schema_id = post(settings, "kept-value", FOREIGN)
    os.kill(cluster.describe().pids["registry"], signal.SIGKILL)
    until(lambda: cluster.died() == ("registry",), "it is missed")
    assert cluster.revive() == ("registry",)

    def answers() -> bool:
        try:
            return registry.schema(schema_id) is not None
        except RegistryAway:
            return False

    until(answers, "it answers again", limit_s=120.0)
    assert registry.schema(bundled("segments").schema_id) == bundled("segments").parsed
