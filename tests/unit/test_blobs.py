"""The blob store: what is put is got back, and no name leads out of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from processors.blobs import BlobMissing, BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    (tmp_path / "secret").write_bytes(b"secret")
    return BlobStore(str(tmp_path / "blobs"))


def test_what_is_put_is_got_back(store):
    uri = store.put(b"content")
    assert uri == f"blob:{hashlib.sha256(b'content').hexdigest()}"
    assert store.put(b"content") == uri
    assert store.get(uri) == b"content"
    assert store.exists(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "blob:../secret",
        "blob:" + "../" * 21 + "a",
        "blob:/etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "blob:" + "A" * 64,
        "blob:" + "a" * 63,
        "blob:" + "a" * 65,
        "blob:" + "a" * 64 + "\n",
        "blob:" + "a" * 64 + "/../../secret",
        "blob:" + "٠" * 64,
        "blob:" + "a" * 62 + "..",
        "",
    ],
)
def test_no_name_leads_out_of_the_store(store, uri):
    for use in (store.get, store.exists, store.location):
        with pytest.raises(BlobMissing, match="is not a blob URI"):
            use(uri)


def test_what_is_not_there(store):
    with pytest.raises(BlobMissing, match="not in the store"):
        store.get("blob:" + "a" * 64)
