"""The blob store: what is put is got back, and no name leads out of it."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path

import pytest

from processors.blobs import BlobMissing, BlobStore, StoreUnusable
from processors.errors import StorageFull


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


def test_a_check_writes_and_reads_and_leaves_nothing(store, tmp_path):
    store.check()
    assert any((tmp_path / "blobs").iterdir())
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


def test_a_check_sees_that_a_store_has_become_full(store, monkeypatch):
    store.check()

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(StorageFull, match="No room left"):
        store.check()


@pytest.mark.parametrize(
    ("url", "reason", "remedy"),
    [
        ("nonsuch://user:word@bucket", "nonsuch", "CLIPSTREAM_STORE_URL"),
        ("s3://bucket", "s3fs", "pip install s3fs"),
    ],
)
def test_a_store_that_cannot_be_opened_says_what_to_do(monkeypatch, url, reason, remedy):
    monkeypatch.setitem(sys.modules, "s3fs", None)  # as where it is not installed
    with pytest.raises(StoreUnusable, match=reason) as caught:
        BlobStore(url)
    assert remedy in caught.value.remedy
    assert "word" not in caught.value.reason


def test_a_store_that_does_not_take_is_no_store(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="cannot be used"):
        BlobStore(str(tmp_path / "file")).check()


def test_a_store_is_there_when_it_has_anything(tmp_path):
    """A folder that is not mounted is absent, or empty."""
    for store in (BlobStore(str(tmp_path / "absent")), BlobStore(f"memory://{tmp_path.name}")):
        assert not store.is_there()
        store.put(b"x")
        assert store.is_there()
    (tmp_path / "empty").mkdir()
    empty = BlobStore(str(tmp_path / "empty"))
    assert not empty.is_there()
    empty.check()
    assert not empty.is_there(), "as `up` leaves it"
