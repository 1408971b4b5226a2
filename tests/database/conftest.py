"""A database with tables for each test, a store for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processors.blobs import BlobStore
from tests.database.writing import SINKS
from tests.databases import Database, fresh


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    return BlobStore(str(tmp_path_factory.mktemp("blobs")))


@pytest.fixture
def database(postgres: Database) -> Database:
    return fresh(postgres)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while SINKS:
        SINKS.pop().close()
