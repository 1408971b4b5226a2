"""Hostile Avro: whatever the bytes declare, reading takes bounded time and memory; proven in children with a limit."""

from __future__ import annotations

import contextlib
import json
import resource
import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.errors import ClipstreamError, InvalidMessage
from schemas.bounded import unbounded
from schemas.loader import bundled
from streams import codec, topics
from streams.registry import Registry
from tests.bombs import RECORD_BYTES, bombs, number

LIMIT_BYTES = 1 << 30  # of address space; a child that only imports all this has 0.4 GB
LIMIT_S = 60  # for all bombs of a topic; they take about 2 s each at most


def named_types(schema: object, found: dict[str, object]) -> dict[str, object]:
    """The records of a schema by their short and full names."""
    if isinstance(schema, dict):
        if isinstance(schema.get("name"), str) and schema.get("type") in ("record", "enum", "fixed"):
            found[schema["name"]] = found[f"org.clipstream.{schema['name']}"] = schema
        for value in schema.values():
            named_types(value, found)
    elif isinstance(schema, list):
        for value in schema:
            named_types(value, found)
    return found


def explode(topic: str) -> None:
    """In a child: read every bomb of a topic, in little memory."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    spec = next(spec for spec in topics.WITH_SCHEMA if spec.name == topic)
    wire = bundled(topic)
    schema = json.loads(wire.text)
    reasons = {}
    for name, bomb in bombs(schema, named_types(schema, {})):
        reasons[name] = "read"
        try:
            codec.decode(spec, struct.pack(">bI", 0, wire.schema_id) + bomb)
        except InvalidMessage as error:
            reasons[name] = error.reason
    sys.stdout.write(json.dumps(reasons))


@pytest.mark.parametrize("topic", [spec.name for spec in topics.WITH_SCHEMA])
def test_bombs_by_our_schemas_stay_small(topic):
    code = f"from tests.unit.streams.test_codec_bombs import explode; explode({topic!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    reasons = json.loads(done.stdout)
    assert len(reasons) >= 5
    assert not [name for name, reason in reasons.items() if "MemoryError" in reason]


RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": "long"}}]}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array", "items": "null"}, "items take no bytes"),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}, "items take no bytes"),
        ({"type": "array", "items": {"type": "record", "name": "E", "fields": []}}, "items take no bytes"),
        (
            {"type": "array", "items": {"type": "record", "name": "E", "fields": [{"name": "n", "type": "null"}]}},
            "items take no bytes",
        ),
        (
            {
                "type": "record",
                "name": "R",
                "fields": [
                    {"name": "e", "type": {"type": "record", "name": "E", "fields": []}},
                    {"name": "a", "type": ["null", {"type": "map", "values": {"type": "array", "items": "E"}}]},
                ],
            },
            "items take no bytes",
        ),
        (
            {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]},
            "'N' contains itself",
        ),
        (
            {"type": "record", "name": "T", "fields": [{"name": "kids", "type": {"type": "array", "items": "T"}}]},
            "'T' contains itself",
        ),
        (RECORD, None),
        ({"type": "array", "items": ["null", "long"]}, None),
        ({"type": "map", "values": "null"}, None),
        ({"type": "array", "items": {"type": "enum", "name": "E", "symbols": ["A"]}}, None),
    ],
)
def test_schemas_that_let_a_small_record_become_large_are_refused(schema, why):
    found = unbounded(json.dumps(schema))
    assert (found is None) if why is None else (found is not None and why in found)


def test_very_deep_schemas_are_refused():
    schema: object = "long"
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    assert unbounded(json.dumps(schema)) is not None


@pytest.mark.parametrize(("levels", "refused"), [(5, False), (15, True), (55, True)])
def test_schemas_that_double_with_each_level_are_refused(levels, refused):
    schema: object = {"type": "record", "name": "R0", "fields": [{"name": "n", "type": "null"}]}
    for level in range(1, levels + 1):
        fields = [{"name": "a", "type": schema}, {"name": "b", "type": f"R{level - 1}"}]
        schema = {"type": "record", "name": f"R{level}", "fields": fields}
    assert (unbounded(json.dumps(schema)) is not None) is refused


def test_our_schemas_are_bounded():
    assert {unbounded(bundled(spec.name).text) for spec in topics.WITH_SCHEMA} == {None}


def test_a_record_by_such_a_schema_of_a_registry_is_not_read(monkeypatch):
    """Without the check, reading this takes all memory."""
    schema = {
        "type": "record",
        "name": "Progress",
        "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}],
    }
    registry = Registry("http://registry")
    monkeypatch.setattr(registry, "_text", lambda schema_id: json.dumps(schema))
    monkeypatch.setitem(codec._registries, registry.url, registry)
    with pytest.raises(InvalidMessage, match="items take no bytes"):
        codec.decode(topics.PROGRESS, struct.pack(">bI", 0, 7) + number(2**60) + b"\0")


def test_records_that_were_packed_for_the_way_have_the_limit_as_well():
    with pytest.raises(InvalidMessage, match="the limit is"):
        codec.decode(topics.VIDEO_INGESTED, b'{"uri": "' + b"x" * codec.MAX_WIRE_BYTES + b'"}')


NUMBERS = st.sampled_from([0, 1, 2, 5, 2**31, 2**60, 2**63 - 1]).flatmap(lambda n: st.sampled_from([n, -n]))
PIECES = st.lists(NUMBERS.map(number) | st.binary(max_size=20) | st.just(b"\xff" * 12), max_size=30).map(b"".join)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([spec.name for spec in topics.WITH_SCHEMA]), PIECES, st.integers(0, 50))
def test_fuzzed_records_raise_nothing_else(topic, body, repeat):
    spec = next(spec for spec in topics.WITH_SCHEMA if spec.name == topic)
    raw = struct.pack(">bI", 0, bundled(topic).schema_id) + (body * (1 + repeat))[:RECORD_BYTES]
    with contextlib.suppress(ClipstreamError):
        codec.decode(spec, raw)


def test_deeply_nested_json_is_refused():
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        raw = b'{"uri": "/x", "options": ' + opening * 100_000 + b"1" + closing * 100_000 + b"}"
        with pytest.raises(InvalidMessage):
            codec.decode(topics.VIDEO_INGESTED, raw)
