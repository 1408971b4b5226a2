"""Poison: fuzzed messages on every topic that a stage reads, with good videos between them, and what must hold.

No worker may die; every message that is no record of its topic is in `dead-letter` with a reason; one that is (a
flipped bit in a text, an absurd value) is processed; and the good videos are final. One kind is left out: an id of the
bundled range that this build does not know means a newer writer, at which a worker stops on purpose.

`python -m tests.chaos.poison --messages 1000` runs the long form: so many messages on each topic.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import math
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import fastavro
from aiokafka import AIOKafkaProducer

from ops.local.cluster import LocalCluster
from processors.errors import InvalidMessage
from schemas import BUNDLED_ID_BASE, bundled
from streams import agents, codec, groups, identity, topics
from streams.admin import create_topics
from streams.client import read_all
from streams.settings import Settings
from streams.topics import TopicSpec
from tests.conftest import SAMPLE
from tests.pipeline import Pipeline, request, until

# Topics that the stages read which run here, all but the optional ones; control and segments are followed by workers,
# progress and dead-letter by people's commands.
READ: Final = tuple(dict.fromkeys(spec for name in agents.NAMES for spec in groups.READS[name]))
FOLLOWED: Final = tuple(spec for spec in topics.ALL if spec not in READ)
MAX_BYTES: Final = 990_000  # the producer's limit, with room for the batch
_ABSURD_INTEGERS: Final = (-(2**63), -(2**31), -2, -1, 0, 1, 99_999, 100_000, 2**31, 2**62, 2**63 - 1)
_ABSURD_FLOATS: Final = (math.nan, math.inf, -math.inf, -1e308, 1e308, 0.0, -0.0)
_ABSURD_TEXTS: Final = (
    "",
    "\x00",
    "../../etc/passwd",
    "a|b|c",
    "ok",
    "final",
    "\u202e\ud7ff",
    "x" * 5_000,
    "blob:" + "0" * 64,
)


def poison(spec: TopicSpec[Any], chance: random.Random) -> bytes | None:
    """One message that should not be on the topic, of one of nine kinds."""
    kinds: list[Callable[[], bytes | None]] = [
        lambda: chance.randbytes(chance.randint(1, 2_000)),
        lambda: _truncated(_absurd(spec, chance), chance),
        lambda: struct.pack(">bI", 0, chance.choice((0, 1, 77, 2**31, 2**32 - 1))) + _absurd(spec, chance)[5:],
        lambda: struct.pack(">bI", 0, bundled(chance.choice(topics.ALL).schema).schema_id) + _absurd(spec, chance)[5:],
        lambda: struct.pack(">bI", 0, bundled(spec.schema).schema_id) + chance.randbytes(chance.randint(1, 500)),
        lambda: chance.choice((b"\x00", b"{", b"\xff")) * chance.randint(MAX_BYTES // 2, MAX_BYTES),
        lambda: _flipped(_absurd(spec, chance), chance),
        lambda: _absurd(spec, chance),
        lambda: chance.choice(
            (None, b"", b"{}", b"[]", b'{"uri": 7}', b'{"uri": "/no/such/file.mp4", "x": 1}', b"null")
        ),
    ]
    made = chance.choice(kinds)()
    unknown_bundled = (
        made is not None
        and len(made) > 5
        and made[0] == 0
        and 0 < struct.unpack_from(">I", made, 1)[0] - BUNDLED_ID_BASE < 100_000
        and codec.by_id(struct.unpack_from(">I", made, 1)[0]) is None
    )
    return b"\x00" if unknown_bundled else made


def _truncated(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randint(1, len(raw) - 1)]


def _flipped(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(5, len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _absurd(spec: TopicSpec[Any], chance: random.Random) -> bytes:
    """A record that fits the schema, with values that make no sense."""
    schema = bundled(spec.schema)
    body = io.BytesIO()
    body.write(struct.pack(">bI", 0, schema.schema_id))
    text = json.loads(schema.text)
    fastavro.schemaless_writer(body, schema.parsed, _value(text, _named(text), chance))
    return body.getvalue()[:MAX_BYTES]


def _named(schema: Any) -> dict[str, Any]:
    """All records of a schema by name: a name may be used in a branch where the record itself was not drawn."""
    if isinstance(schema, list):
        return {name: record for one in schema for name, record in _named(one).items()}
    if not isinstance(schema, dict):
        return {}
    found = {name: record for key in ("type", "items", "values") for name, record in _named(schema.get(key)).items()}
    if schema.get("type") == "record":
        for field in schema["fields"]:
            found |= _named(field["type"])
        found[f"{schema.get('namespace', 'org.clipstream')}.{schema['name']}"] = found[schema["name"]] = schema
    return found


def _value(schema: Any, named: dict[str, Any], chance: random.Random) -> Any:
    if isinstance(schema, list):
        return _value(chance.choice(schema), named, chance)
    if isinstance(schema, str) and schema in named:
        schema = named[schema]
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        return {field["name"]: _value(field["type"], named, chance) for field in schema["fields"]}
    if kind == "array":
        return [_value(schema["items"], named, chance) for _ in range(chance.randint(0, 3))]
    if kind == "map":
        return {chance.choice(_ABSURD_TEXTS): _value(schema["values"], named, chance)}
    simple: dict[str, Callable[[], Any]] = {
        "null": lambda: None,
        "long": lambda: chance.choice(_ABSURD_INTEGERS),
        "double": lambda: chance.choice(_ABSURD_FLOATS),
        "string": lambda: chance.choice(_ABSURD_TEXTS),
        "boolean": lambda: chance.random() < 0.5,
        "bytes": lambda: chance.randbytes(chance.randint(0, 50)),
    }
    return simple[kind]()


def is_valid(spec: TopicSpec[Any], raw: bytes | None) -> bool:
    """Whether a message is a record of its topic, and of a valid video where that follows from the message."""
    try:
        message = codec.decode(spec, raw)
        if spec is topics.VIDEO_INGESTED:
            identity.request_of(message)
    except InvalidMessage:
        return False
    return True


async def send(settings: Settings, per_topic: int, seed: int) -> dict[tuple[str, int, int], bool]:
    """Send the poison; where each message is, and whether it is valid."""
    chance = random.Random(seed)
    sent: dict[tuple[str, int, int], bool] = {}
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers(), acks="all", linger_ms=20)
    await producer.start()
    try:
        for spec in READ + FOLLOWED:
            waiting = []
            for _ in range(per_topic):
                raw = poison(spec, chance)
                partition = chance.randrange(spec.partitions)
                # compacted topics refuse records without a key
                key = chance.choice(
                    (b"", b"v", b"\xff\x00", b"a:b:c", b"x:-1", None if spec.retention_ms and raw else b"k")
                )
                delivery = await producer.send(settings.topic(spec.name), raw, key=key, partition=partition)
                waiting.append((delivery, spec in READ and is_valid(spec, raw)))
            for delivery, valid in waiting:
                at = await delivery
                sent[at.topic, at.partition, at.offset] = valid
    finally:
        await producer.stop()
    return sent


def check(pipeline: Pipeline, per_topic: int, seed: int, source: Path) -> dict[str, Any]:
    """Send poison with good videos before, between and behind it; returns what was found."""
    settings = pipeline.settings
    before = {child.agent: child.restarts for child in pipeline.supervisor.children}
    good = [f"good-{seed}-{number}" for number in range(3)]
    first = pipeline.process(request(source, good[0]))
    half = asyncio.run(send(settings, per_topic // 2, seed))
    second = pipeline.process(request(source, good[1]), limit_s=900)
    sent = half | asyncio.run(send(settings, per_topic - per_topic // 2, seed + 1))
    third = pipeline.process(request(source, good[2]), limit_s=900)
    until(lambda: pipeline.lag() == 0, "every message is committed", 900)
    letters = asyncio.run(_letters(settings))
    reads = {settings.topic(spec.name) for spec in READ}
    invalid = [at for at, valid in sent.items() if not valid and at[0] in reads]
    restarts = {child.agent: child.restarts - before[child.agent] for child in pipeline.supervisor.children}
    return {
        "messages": len(sent),
        "invalid_on_topics_that_stages_read": len(invalid),
        "without_letter": [at for at in invalid if at not in letters],
        "letters_without_reason": [at for at in sent if at in letters and not letters[at]],
        "valid_although_absurd": sum(sent.values()),
        "reasons": Counter(_kind(letters[at]) for at in invalid if at in letters).most_common(12),
        "crashes": {agent: count for agent, count in restarts.items() if count},
        "good": [result.status for result in (*first, *second, *third)],
        "good_equal": len(
            {pipeline.canonical(r).replace(r.video_id.encode(), b"V") for r in (*first, *second, *third)}
        ),
    }


def sound(found: dict[str, Any]) -> bool:
    """Whether all that must hold held."""
    return (
        found["invalid_on_topics_that_stages_read"] > 0
        and not found["without_letter"]
        and not found["letters_without_reason"]
        and not found["crashes"]
        and found["good"] == ["final"] * 3
        and found["good_equal"] == 1
    )


def _kind(reason: str) -> str:
    return " ".join(reason.split()[:3])


async def _letters(settings: Settings) -> dict[tuple[str, int, int], str]:
    return {
        (letter.topic, letter.partition, letter.offset): letter.reason
        async for letter in read_all(settings, topics.DEAD_LETTER)
    }


def main() -> int:
    """Run the long form; exit code 1 when what must hold did not."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.poison", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000, help="on each topic")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipstream-poison-") as folder:
        # the limit on failures is for broken deployments: absurd values are failures in a row
        settings = Settings(data_dir=Path(folder), dead_letter_max_consecutive=10**6, dead_letter_max_ratio=1.0)
        with LocalCluster(settings.data_dir, settings.cache_dir) as cluster:
            info = cluster.describe()
            settings = settings.model_copy(update={"broker_url": info.broker_url, "cache_url": info.cache_url})
            asyncio.run(create_topics(settings))
            with Pipeline(settings) as pipeline:
                found = check(pipeline, chosen.messages, chosen.seed, SAMPLE)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if sound(found) else 1


if __name__ == "__main__":
    sys.exit(main())
