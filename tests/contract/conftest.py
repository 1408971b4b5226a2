"""aimock, one process a module; real pictures; what a request must look like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processors.blobs import BlobStore
from processors.models.store import ModelStore
from processors.service import forget_clients
from processors.tools import Tools
from tests.contract.aimock import Aimock, installed, running

Check = Callable[[Any], list[str]]


@pytest.fixture(scope="session")
def aimock_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """aimock from npm, installed once a run."""
    return installed(tmp_path_factory.mktemp("aimock-package"))


@pytest.fixture(scope="module")
def aimock_server(aimock_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    """The process."""
    with running(aimock_program, tmp_path_factory.mktemp("aimock")) as server:
        yield server


@pytest.fixture(scope="session")
def wrong_in(request: pytest.FixtureRequest) -> Check | None:
    """Says what is wrong in a request by OpenAI's own description; None where that is not at hand."""
    try:
        data: Path = request.getfixturevalue("test_data")
    except pytest.skip.Exception:
        return None
    from jsonschema import Draft202012Validator

    described = json.loads((data / "openapi" / "openai_trimmed.json").read_text())
    schema = {**described, "$ref": "#/components/schemas/CreateChatCompletionRequest"}
    validator = Draft202012Validator(schema)
    return lambda asked: [error.message for error in validator.iter_errors(asked)]


@pytest.fixture
def aimock(aimock_server: Aimock, wrong_in: Check | None) -> Iterator[Aimock]:
    """An aimock that knows nothing; every request that it then records whole is held to OpenAI's description."""
    aimock_server.reset()
    yield aimock_server
    forget_clients()
    if wrong_in is not None:
        for asked in bodies(aimock_server):
            assert wrong_in(asked) == []


def bodies(aimock: Aimock) -> list[dict[str, Any]]:
    """The requests that aimock recorded whole, without what it adds to them."""
    found = [dict(entry["body"]) for entry in aimock.recorded()]
    for body in found:
        body.pop("_endpointType", None)
    return [body for body in found if "__aimock_truncated" not in body]


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Tools of a job with an empty blob store."""
    models = ModelStore(None, tmp_path / "cache", allow_download=False)
    return Tools(BlobStore(str(tmp_path / "blobs")), models, threads=1, asr_model=None, work_dir=tmp_path)
