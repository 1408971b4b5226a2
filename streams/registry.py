"""The schema registry, where one is set: our schemas go there at start, and other programs' ids are asked there.

Any registry with Confluent's interface will do. Apicurio also takes schemas under ids of our choice, so there every
user interface decodes our records, whose ids are bundled (1,000,000 + n). Other registries get the schemas under ids
of their own: their programs can read and check them, and write `video-ingested` by them.

Nothing depends on it at run time: bundled ids resolve locally, and a registry that is away costs a line in the log.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import time
import urllib.error
import urllib.request
import zipfile
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import fastavro

from processors.errors import Fatal, InvalidMessage, Retryable
from schemas import BUNDLED_ID_END, WireSchema, released
from schemas.bounded import unbounded
from streams.settings import Settings

log = logging.getLogger("clipstream.registry")

# An answer on the way to a schema that nobody has seen here; it comes within milliseconds, or the registry is away.
_ANSWER_LIMIT_S: Final = 2.0
_MAX_ANSWER_BYTES: Final = 1_000_000
_UNKNOWN_FOR_S: Final = 30.0  # an id that the registry did not know may be registered by then
_APICURIO: Final = "/apis/ccompat/v7"
_IMPORT: Final = "/apis/registry/v3/admin/import?requireEmptyRegistry=false"
_JSON: Final = "application/vnd.schemaregistry.v1+json"
# Apicurio counts on from the highest id that it has. This one is the last of those that are kept for our own schemas,
# so that what others register comes behind them and is never taken for the record of a newer clipstream.
_LAST: Final = ("clipstream-last-bundled-id", BUNDLED_ID_END - 1, '"null"')
_NOT_FOUND: Final = 404


class RegistryAway(Retryable):
    """The registry does not answer, and a record needs a schema that only it knows."""


class SchemaRefused(Fatal):
    """The registry holds schemas that ours do not go with: readers or writers of one of them would fail."""


class _Refusal(Exception):
    """The registry answered, and the answer is no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Registry:
    """A registry by its address.

    Args:
        url: of Confluent's interface, such as `http://127.0.0.1:8082/apis/ccompat/v7`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._schemas: dict[int, Any] = {}
        self._unknown: dict[int, float] = {}
        # a proxy for the internet knows nothing of this machine
        local = urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")
        self._opener = urllib.request.build_opener(*((urllib.request.ProxyHandler({}),) if local else ()))

    def knows(self, schema_id: int) -> bool:
        """Whether `schema` answers from memory, without asking."""
        return schema_id in self._schemas or time.monotonic() < self._unknown.get(schema_id, 0.0)

    def schema(self, schema_id: int) -> Any | None:
        """The parsed Avro schema of an id; None when the registry has none. Asks once, for at most 2 s.

        Raises:
            InvalidMessage: its records may not be read, since small ones can take any amount of memory.
            RegistryAway: it does not answer.
        """
        if schema_id not in self._schemas and not self.knows(schema_id):
            text = self._text(schema_id)
            if text is None:
                self._unknown[schema_id] = time.monotonic() + _UNKNOWN_FOR_S
                return None
            why = None
            try:
                why = unbounded(text)
                if why is None:
                    self._schemas[schema_id] = fastavro.parse_schema(json.loads(text))
            except Exception as error:  # JSON schema, Protobuf, references: nothing that our topics carry
                log.warning("schema %d of %s is no Avro that stands alone: %s", schema_id, self.url, error)
                self._unknown[schema_id] = time.monotonic() + _UNKNOWN_FOR_S
            if why is not None:
                raise InvalidMessage(f"Records by schema id {schema_id} are not read: {why}.")
        return self._schemas.get(schema_id)

    def publish(self, prefix: str) -> None:
        """Register every bundled schema, of this build and of released ones.

        Args:
            prefix: of the topics; subjects are named for them.

        Raises:
            SchemaRefused: an incompatible one is there.
            RegistryAway: it does not answer.
        """
        missing = [schema for schema in released() if not self._same(schema)]
        for schema in missing:
            self._check(f"{prefix}{schema.name}-value", schema)
        if missing and self.url.endswith(_APICURIO):
            self._import(prefix, missing)
            missing = [schema for schema in missing if not self._same(schema)]
        for schema in missing:
            subject = f"{prefix}{schema.name}-value"
            try:
                self._ask(f"/subjects/{subject}/versions", {"schema": schema.text})
            except _Refusal as refusal:
                raise self._refused(subject, schema, refusal.text) from refusal

    def _text(self, schema_id: int) -> str | None:
        try:
            return str(self._ask(f"/schemas/ids/{schema_id}")["schema"])
        except _Refusal as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise RegistryAway(f"The schema registry at {self.url} answers {refusal.status}.") from refusal

    def _same(self, schema: WireSchema) -> bool:
        text = self._text(schema.schema_id)
        return text is not None and json.loads(text) == json.loads(schema.text)

    def _check(self, subject: str, schema: WireSchema) -> None:
        try:
            answer = self._ask(f"/compatibility/subjects/{subject}/versions?verbose=true", {"schema": schema.text})
        except _Refusal as refusal:
            if refusal.status == _NOT_FOUND:
                return  # the first of its subject
            raise self._refused(subject, schema, refusal.text) from refusal
        if not answer.get("is_compatible", True):
            raise self._refused(subject, schema, "; ".join(answer.get("messages") or ()))

    def _refused(self, subject: str, schema: WireSchema, why: str) -> SchemaRefused:
        return SchemaRefused(
            f"The schema of {schema.name} (id {schema.schema_id}) does not go with what the registry at {self.url} has "
            f"under {subject}{': ' if why else ''}{why[:300]}.",
            "Another program has registered its own there, or a clipstream with other schemas uses this registry: take "
            "that subject away, set CLIPSTREAM_TOPIC_PREFIX to another name, or leave CLIPSTREAM_REGISTRY_URL empty.",
        )

    def _import(self, prefix: str, missing: list[WireSchema]) -> None:
        """Bring schemas in under their own ids, as Apicurio's backups do; another worker may be quicker."""
        rows = [(f"{prefix}{one.name}-value", one.schema_id, one.text) for one in missing]
        if self._text(_LAST[1]) is None:
            rows.append(_LAST)
        there = {subject: self._versions(subject) for subject, _, _ in rows}
        try:
            self._send(f"{self.url.removesuffix(_APICURIO)}{_IMPORT}", _backup(rows, there), "application/zip")
        except _Refusal as refusal:
            log.info("%s did not take schemas under their own ids: %s", self.url, refusal.text)

    def _versions(self, subject: str) -> int:
        """The newest version of a subject; 0 without one."""
        try:
            return max(self._ask(f"/subjects/{subject}/versions"), default=0)
        except _Refusal:
            return 0

    def _ask(self, path: str, body: Any = None) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        answer = self._send(f"{self.url}{path}", raw, _JSON)
        try:
            return json.loads(answer)
        except ValueError as error:
            raise RegistryAway(f"What answers at {self.url} is no schema registry.") from error

    def _send(self, url: str, body: bytes | None, kind: str) -> bytes:
        headers = {"Content-Type": kind, "Accept": f"{_JSON}, application/json"}
        if kind != _JSON:
            headers |= {"X-Registry-Preserve-GlobalId": "true", "X-Registry-Preserve-ContentId": "true"}
        request = urllib.request.Request(url, body, headers)  # noqa: S310  http(s) only: settings check it
        try:
            with self._opener.open(request, timeout=_ANSWER_LIMIT_S * (1 if body is None else 5)) as response:
                return bytes(response.read(_MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(_MAX_ANSWER_BYTES).decode(errors="replace")
            with contextlib.suppress(ValueError, AttributeError):
                text = json.loads(text).get("message", text)
            raise _Refusal(error.code, text) from None
        except OSError as error:
            raise RegistryAway(f"The schema registry at {self.url} does not answer: {error}.") from error


def publish_schemas(settings: Settings) -> None:
    """Register all bundled schemas where a registry is set; one that is away is only logged.

    Raises:
        SchemaRefused: an incompatible one is there.
    """
    if not settings.registry_url:
        return
    try:
        Registry(settings.registry_url).publish(settings.topic_prefix)
    except RegistryAway as error:
        log.warning("%s Going on without it: our own schemas are bundled.", error.reason)


def _backup(rows: list[tuple[str, int, str]], there: dict[str, int]) -> bytes:
    """Schemas in the form of Apicurio's export.

    Args:
        rows: subject, id, text.
        there: subject -> newest version that the registry has; 0 for none.
    """
    told: dict[str, Any] = {"owner": "", "createdOn": 0, "modifiedBy": "", "modifiedOn": 0}
    versions = dict(there)
    files: dict[str, Any] = {
        "manifest-1.Manifest.json": {"systemName": "clipstream", "systemVersion": "", "exportVersion": "3.0"}
    }
    for subject, schema_id, text in rows:
        digest, version = sha256(text.encode()).hexdigest(), versions[subject] + 1
        versions[subject] = version
        folder = f"groups/default/artifacts/{subject}"
        which = {"groupId": None, "artifactId": subject, **told}
        files[f"content/{digest}.Content.json"] = {
            "contentId": schema_id, "contentHash": digest, "canonicalHash": digest,
            "artifactType": "AVRO", "contentType": "application/json", "serializedReferences": None,
        }  # fmt: skip
        files[f"content/{digest}.Content.data"] = text
        files[f"{folder}/versions/{version}.ArtifactVersion.json"] = {
            **which, "version": str(version), "versionOrder": version, "state": "ENABLED",
            "globalId": schema_id, "contentId": schema_id,
        }  # fmt: skip
        if not there[subject]:
            files[f"{folder}/MetaData.Artifact.json"] = {**which, "artifactType": "AVRO"}
            files[f"{folder}/branches/latest.Branch.json"] = {
                **which, "branchId": "latest", "systemDefined": True,
                "versions": [str(number) for number in range(1, version + 1)],
            }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return buffer.getvalue()


__all__ = ["Registry", "RegistryAway", "SchemaRefused", "publish_schemas"]
