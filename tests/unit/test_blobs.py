"""The blob store: what is put is got back, and no name leads out of it."""

from __future__ import annotations

import hashlib
import os
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


def test_what_is_put_again_or_touched_is_young(store):
    uri = store.put(b"content")
    path = Path(store.location(uri).removeprefix("file://"))
    for use in (lambda: store.put(b"content"), lambda: store.touch(uri)):
        os.utime(path, (1, 1))
        use()
        assert path.stat().st_mtime > 1_000_000
    assert not store.touch("blob:" + "a" * 64)


def test_a_blob_that_cannot_be_touched_is_there_all_the_same(store, monkeypatch):
    uri = store.put(b"content")

    def refuse(*_: object) -> None:
        raise PermissionError("another user's")

    monkeypatch.setattr(os, "utime", refuse)
    assert store.touch(uri)
    assert store.put(b"content") == uri
