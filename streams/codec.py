"""Bytes on the wire: Avro in Confluent framing (magic byte 0, 4-byte schema id, body), JSON where users write by hand.

Bundled ids (1,000,000 + n) always resolve locally. A bundled id that this build does not know means that a newer
build wrote the record, so `Fatal`: upgrade this worker. Any other id is asked at the registry, where one is set; what
it does not know either is poison.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar

import fastavro
import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from processors.errors import Fatal, InvalidMessage
from processors.options import parse_options
from schemas import BUNDLED_ID_BASE, BUNDLED_ID_END, bundled, by_id
from schemas.messages import VideoIngested
from streams.registry import Registry
from streams.topics import VIDEO_INGESTED, TopicSpec

M = TypeVar("M")

_HEAD: Final = struct.Struct(">bI")
_MAGIC: Final = 0
# Kafka's producer refuses 1,000,000 bytes; the rest is for the key, headers and batch overhead.
MAX_RECORD_BYTES: Final = 900_000
# What Kafka takes by default, before it is unpacked: a compressed batch of that size may hold a record of a gigabyte.
# Of 1 MB that was made to grow, 125 MB and 1.7 s is the worst with our schemas.
MAX_WIRE_BYTES: Final = 1_048_588
_EXAMPLE: Final = 'Send {"uri": "/path/to/video.mp4"}.'
_registries: Final[dict[str, Registry]] = {}  # the one that is in use, by its address


class RecordTooLarge(InvalidMessage):
    """A record is above the limit of the broker; long content belongs into a blob."""


def encode(spec: TopicSpec[M], message: M) -> bytes:
    """Frame a message for its topic.

    Raises:
        RecordTooLarge: above 900 kB.
    """
    schema = bundled(spec.schema)
    buffer = io.BytesIO()
    buffer.write(_HEAD.pack(_MAGIC, schema.schema_id))
    fastavro.schemaless_writer(buffer, schema.parsed, to_wire(message))
    if buffer.tell() > MAX_RECORD_BYTES:
        raise RecordTooLarge(
            f"A record for {spec.name} has {buffer.tell():,} bytes; the limit is {MAX_RECORD_BYTES:,}."
        )
    return buffer.getvalue()


def decode(spec: TopicSpec[M], raw: bytes | None) -> M:
    """Read a record of a topic.

    Raises:
        InvalidMessage: the bytes are no record of this topic; the reason says what is wrong.
        Fatal: written by a newer build.
        RegistryAway: by a schema of another program, and the registry does not answer.
    """
    if not raw:
        raise InvalidMessage(f"Empty record on {spec.name}.")
    if len(raw) > MAX_WIRE_BYTES:
        raise RecordTooLarge(f"A record on {spec.name} has {len(raw):,} bytes; the limit is {MAX_WIRE_BYTES:,}.")
    if spec.name == VIDEO_INGESTED.name and raw[0] != _MAGIC:
        return _ingest_from_json(raw)  # type: ignore[return-value]
    return _validate(spec, _read_avro(spec, raw))


def prepare(*specs: TopicSpec[Any]) -> None:
    """Make now what reading and writing records of topics needs, 10 ms each, and not with the first record."""
    for spec in specs:
        bundled(spec.schema)
        _adapter(spec.value)  # type: ignore[arg-type]


def _read_avro(spec: TopicSpec[Any], raw: bytes) -> Any:
    if len(raw) <= _HEAD.size or raw[0] != _MAGIC:
        raise InvalidMessage(f"Not an Avro record in Confluent framing on {spec.name}: starts with {raw[:8].hex(' ')}.")
    schema_id = _HEAD.unpack_from(raw)[1]
    own = by_id(schema_id)
    if own is not None and own.name != spec.schema:
        raise InvalidMessage(f"A {own.name} record is on {spec.name}.")
    writer = _foreign(spec, schema_id) if own is None else own.parsed
    body = io.BytesIO(raw)
    body.seek(_HEAD.size)
    try:
        value = fastavro.schemaless_reader(body, writer, bundled(spec.schema).parsed)
    except Exception as error:  # fastavro raises whatever the broken bytes lead it to
        raise InvalidMessage(f"Broken Avro record on {spec.name}: {type(error).__name__}: {error}") from error
    if body.tell() != len(raw):
        raise InvalidMessage(f"{len(raw) - body.tell()} bytes behind the Avro record on {spec.name}.")
    return value


def _foreign(spec: TopicSpec[Any], schema_id: int) -> Any:
    """The schema by which another program wrote."""
    if BUNDLED_ID_BASE < schema_id < BUNDLED_ID_END:
        raise Fatal(f"A newer clipstream wrote to {spec.name} (schema id {schema_id}).", "Upgrade this worker.")
    found = [registry.schema(schema_id) for registry in _registries.values()]
    if not found or found[0] is None:
        where = "there is no registry" if not found else "the registry has no Avro schema for it either"
        raise InvalidMessage(f"Unknown schema id {schema_id} on {spec.name}; {where}.")
    return found[0]


def use_registry(url: str) -> None:
    """Ask a registry for ids that are not bundled; an empty address for none. Holds for this process."""
    if url not in _registries:
        _registries.clear()
        if url:
            _registries[url] = Registry(url)


def asks(raw: bytes | None) -> bool:
    """Whether decoding a record would ask the registry, which takes up to 2 s: not on an event loop."""
    if not raw or len(raw) <= _HEAD.size or raw[0] != _MAGIC:
        return False
    schema_id = _HEAD.unpack_from(raw)[1]
    return by_id(schema_id) is None and any(not registry.knows(schema_id) for registry in _registries.values())


def _validate(spec: TopicSpec[M], value: Any) -> M:
    try:
        message: M = _adapter(spec.value).validate_python(value)  # type: ignore[arg-type]
        return message
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidMessage(f"Invalid record on {spec.name}: {where}: {reason}.") from error


def _ingest_from_json(raw: bytes) -> VideoIngested:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if raw.lstrip()[:1] not in (b"{", b"["):
            raise InvalidMessage(
                f"The ingest message is neither JSON nor an Avro record in Confluent framing: "
                f"it starts with {raw[:8].hex(' ')}.", _EXAMPLE,
            ) from error  # fmt: skip
        raise InvalidMessage(f"The ingest message is not valid JSON: {error}.", _EXAMPLE) from error
    if not isinstance(value, dict):
        raise InvalidMessage("The ingest message is not a JSON object.", _EXAMPLE)
    known = [field.name for field in fields(VideoIngested)]
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise InvalidMessage(f"Unknown field '{unknown[0]}' in the ingest message. Known: {', '.join(known)}.")
    if "uri" not in value:
        raise InvalidMessage("The ingest message has no 'uri'.", _EXAMPLE)
    if not isinstance(value["uri"], str) or not value["uri"].strip():
        raise InvalidMessage("'uri' of the ingest message must be a text that is not empty.", _EXAMPLE)
    options = {} if value.get("options") is None else value["options"]
    if not isinstance(options, Mapping):
        raise InvalidMessage("'options' of the ingest message must be an object.")
    return _validate(VIDEO_INGESTED, {**value, "options": parse_options(dict(options))})


def to_wire(value: Any) -> Any:
    """Dataclasses and models to plain dicts and lists. pydantic does it in compiled code: a transcript in 45 us.

    In Python, field by field, it took 310 us, and was an eighth of all that a transcriber's event loop did.
    """
    if is_dataclass(value) and not isinstance(value, type):
        # a mode that keeps bytes; without warnings, since what is not of the declared type shows in the Avro schema
        return _adapter(type(value)).dump_python(value, warnings=False)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [to_wire(item) for item in value]
    return value


def readable(raw: bytes | None) -> str | None:
    """Bytes of unknown kind for people: text where they are text, else hex."""
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex()


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


__all__ = [
    "MAX_RECORD_BYTES",
    "MAX_WIRE_BYTES",
    "RecordTooLarge",
    "asks",
    "decode",
    "encode",
    "prepare",
    "readable",
    "to_wire",
    "use_registry",
]
