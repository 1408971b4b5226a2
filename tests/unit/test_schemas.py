"""The Avro schemas are the single source: classes have their shape, ids keep their meaning, changes are compatible."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path

import avro.compatibility as rules
import avro.schema
import pytest
from pydantic import BaseModel

import schemas
from schemas import bundled, by_id
from streams import topics

HERE = Path(schemas.__file__).parent
PRIMITIVES = {int: "long", str: "string", bool: "boolean", float: "double", bytes: "bytes"}


@pytest.mark.parametrize("spec", topics.WITH_SCHEMA, ids=lambda spec: spec.name)
def test_class_and_schema_have_the_same_shape(spec):
    _same(spec.value, json.loads(bundled(spec.name).text), {}, spec.name)


def _same(kind, schema, named, where):
    if isinstance(schema, str) and schema in named:
        schema = named[schema]
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(kind) if part is not type(None)]
        assert schema[0] == "null", where
        return _same(inner[0], schema[1], named, where)
    if origin is typing.Literal:
        assert schema == "string", where
    elif origin in (list, tuple):
        assert schema["type"] == "array", where
        _same(typing.get_args(kind)[0], schema["items"], named, where + "[]")
    elif origin is dict:
        assert schema["type"] == "map", where
        _same(typing.get_args(kind)[1], schema["values"], named, where + "{}")
    elif kind in PRIMITIVES:
        assert schema == PRIMITIVES[kind], where
    else:
        assert schema["type"] == "record", where
        assert schema["name"] == kind.__name__, where
        named[f"{schema['namespace']}.{schema['name']}"] = schema
        hints = (
            {name: field.annotation for name, field in kind.model_fields.items()}
            if issubclass(kind, BaseModel)
            else {field.name: typing.get_type_hints(kind)[field.name] for field in dataclasses.fields(kind)}
        )
        assert [field["name"] for field in schema["fields"]] == list(hints), where
        for field in schema["fields"]:
            _same(hints[field["name"]], field["type"], named, f"{where}.{field['name']}")
    return None


def test_every_topic_has_a_schema_and_every_schema_a_topic():
    assert {path.stem for path in HERE.glob("*.avsc")} == {spec.name for spec in topics.WITH_SCHEMA}


def test_ids_are_unique_and_resolve():
    ids = json.loads((HERE / "ids.json").read_text())
    numbers = [number for given in ids.values() for number in given]
    assert len(set(numbers)) == len(numbers)
    for name, given in ids.items():
        for number in given:
            found = by_id(schemas.BUNDLED_ID_BASE + number)
            assert found is not None
            assert found.name == name


def test_released_texts_are_what_they_were_released_as():
    """`released/` holds each released id's text, which must never change."""
    released = sorted((HERE / "released").glob("*.avsc"))
    assert released
    for path in released:
        found = by_id(int(path.stem))
        assert found is not None, f"{path.name} has no id in ids.json"
        assert json.loads(found.text) == json.loads(path.read_text()), f"{path.name}: a released id changed its text"


@pytest.mark.parametrize("path", sorted((HERE / "released").glob("*.avsc")), ids=lambda path: path.stem)
def test_changes_are_full_transitive(path):
    found = by_id(int(path.stem))
    assert found is not None
    old = avro.schema.parse(path.read_text())
    new = avro.schema.parse(bundled(found.name).text)
    checker = rules.ReaderWriterCompatibilityChecker()
    for reader, writer in ((new, old), (old, new)):
        result = checker.get_compatibility(reader, writer)
        assert result.compatibility is rules.SchemaCompatibilityType.compatible, result.messages


def test_the_gate_sees_an_incompatible_change():
    text = json.loads(bundled("control").text)
    text["fields"].append({"name": "added", "type": "string"})
    checker = rules.ReaderWriterCompatibilityChecker()
    reader, writer = avro.schema.parse(json.dumps(text)), avro.schema.parse(bundled("control").text)
    assert checker.get_compatibility(reader, writer).compatibility is not rules.SchemaCompatibilityType.compatible


def test_shared_types_are_the_same_in_every_file():
    seen: dict[str, str] = {}
    for path in HERE.glob("*.avsc"):
        for record in _records(json.loads(path.read_text())):
            text = json.dumps(record["fields"], sort_keys=True)
            name = record["name"]
            # a type that is defined earlier in one file is a reference there, so compare definitions without nesting
            flat = json.dumps([field["name"] for field in record["fields"]])
            assert seen.setdefault(name, flat) == flat, (name, path.name, text)


def _records(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
        for value in schema.values():
            yield from _records(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _records(value)
