"""Search over HTTP, on a real Postgres; and what a gateway without one says."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from processors.blobs import BlobStore
from streams.clock import SYSTEM_CLOCK
from streams.database.connection import address_of
from streams.database.sink import Sink
from tests.databases import content, fresh, record, result
from tests.gateways import GatewayProcess

pytestmark = [pytest.mark.stream, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def searchable(postgres, cluster_settings, tmp_path_factory):
    """A gateway whose database has the words of two videos."""
    folder: Path = tmp_path_factory.mktemp("searchable")
    database = fresh(postgres)
    blobs = BlobStore(str(folder / "blobs"))
    sink = Sink(database.settings, blobs, SYSTEM_CLOCK)
    told = [(result(blobs, name), content(name, seed=n)) for n, name in enumerate(("one", "other"))]
    sink.take([record(database.settings, message) for both in told for message in both])
    sink.close()
    settings = cluster_settings.model_copy(update={"database_url": address_of(database.settings)})
    with GatewayProcess(settings, folder / "gateway.log") as gateway:
        yield gateway


def asked(gateway, **params: str | int) -> list[dict]:
    answer = httpx.get(f"{gateway.url}/v1/search", params=params, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["hits"]


def test_words_and_meaning(searchable):
    hits = asked(searchable, q="mills")
    assert {(hit["video_id"], hit["kind"]) for hit in hits} == {
        (video, kind) for video in ("one", "other") for kind in ("segment", "utterance")
    }
    assert all("turns mills" in hit["text"].lower() for hit in hits)
    (hit,) = asked(searchable, q="mills", kind="utterance", video_id="one")
    assert (hit["start_ms"], hit["ranks"]) == (10_000, {"words": 1})
    assert asked(searchable, q="mills -water") == []
    assert asked(searchable, q="aircraft") == []
    near = asked(searchable, q="aircraft", meaning="true", limit=3)
    assert len(near) == 3
    assert all("meaning" in hit["ranks"] for hit in near)


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "a\0b"}, {"q": "x" * 301}, {"q": "x", "limit": 101}])
def test_what_is_no_search_is_refused(searchable, params):
    answer = httpx.get(f"{searchable.url}/v1/search", params=params, timeout=60)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_database(gateways):
    answer = httpx.get(f"{gateways[0].url}/v1/search", params={"q": "mills"}, timeout=60)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("no-database")
    assert "up --db" in answer.json()["remedy"]
