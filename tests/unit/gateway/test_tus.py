"""Headers of tus, and uploads in a store that two gateways share."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.blobs import BlobStore
from processors.errors import Fatal, InvalidMessage, Retryable
from streams import sources
from streams.clock import SystemClock
from streams.collect import remove_older
from streams.gateway.problems import Problem
from streams.gateway.tus import check_version, http_date, name_in, number
from streams.gateway.uploads import NoUpload, TooMany, Uploads
from streams.settings import Settings
from streams.uploaded import safe_name, upload_uri


class _Later(SystemClock):
    ahead_ms = 0

    def now_ms(self) -> int:
        return 1_000_000 + self.ahead_ms


def _uploads(folder: Path, clock: _Later | None = None, **changes: object) -> Uploads:
    settings = Settings(data_dir=folder, **changes)  # type: ignore[arg-type]
    return Uploads(settings, clock or _Later(), BlobStore(settings.store))


def test_a_name():
    def sent(name: str) -> str:
        return "filename " + base64.b64encode(name.encode()).decode()

    assert name_in(sent("talk.mp4")) == "talk.mp4"
    assert name_in(f"type dmlkZW8=,{sent('ü.mp4')}") == "ü.mp4"
    assert name_in("") == "video"
    assert name_in("is_confidential") == "video"
    assert name_in("filename /w==") == "\ufffd", "bytes that are no text"
    for wrong in ("filename !!", "\x00 YQ==", "x" * 5_000):
        with pytest.raises(Problem):
            name_in(wrong)


@pytest.mark.parametrize("header", [None, "", "-1", "1.5", "0x1", "١", "9" * 17])
def test_no_number(header: str | None):
    with pytest.raises(Problem):
        number(header, "Upload-Offset")


def test_version_and_date():
    check_version("1.0.0")
    with pytest.raises(Problem) as refused:
        check_version("0.2.2")
    assert (refused.value.status, refused.value.headers) == (412, {"Tus-Version": "1.0.0"})
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\0b/c", "a_b_c"),
        ("...", "video"),
        ("x" * 99 + ".mp4", "x" * 56 + ".mp4"),
    ],
)
def test_names_of_files(name: str, expected: str):
    assert safe_name(name) == expected


def test_parts_from_two_gateways(tmp_path: Path):
    one, other = _uploads(tmp_path), _uploads(tmp_path)
    content = bytes(range(256)) * 100
    upload = one.create(len(content), "talk.mp4", "", "")
    one.put(upload, 0, content[:1_000])
    assert other.offset(upload, len(content)) == 1_000
    other.put(upload, 1_000, content[1_000:9_000])
    one.put(upload, 1_000, content[1_000:2_000])  # a late one, shorter: the walk ends there
    assert other.offset(upload, len(content)) == 2_000
    with pytest.raises(InvalidMessage, match="2,000 of 25,600"):
        other.finished(upload, "")
    other.put(upload, 2_000, content[2_000:])
    done = one.finished(upload, "")
    assert done == other.finished(upload, "")
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.uri == upload_uri(done.sha256, "talk.mp4")
    settings = Settings(data_dir=tmp_path)
    path, digest = sources.find(done.uri, settings)
    assert (path.name, path.read_bytes(), digest) == ("talk.mp4", content, done.sha256)
    assert sources.name_of(done.uri) == "talk.mp4"
    one.end(upload)
    with pytest.raises(NoUpload):
        other.info(upload, None)
    assert sources.find(done.uri, settings)[0] == path, "the source stays"


def test_whose_it_is(tmp_path: Path):
    uploads = _uploads(tmp_path)
    upload = uploads.create(1, "a", "", "alice")
    assert uploads.info(upload, "alice") == uploads.info(upload, None)
    for wrong in ("bob", ""):
        with pytest.raises(NoUpload):
            uploads.info(upload, wrong)
    for wrong in ("../../keys", "x", upload.upper() + "0", ""):
        with pytest.raises(NoUpload):
            uploads.info(wrong, None)


def test_old_ones_go(tmp_path: Path):
    clock = _Later()
    uploads = _uploads(tmp_path, clock, gateway_upload_hours=1.0)
    old, kept = uploads.create(2, "a", "", ""), uploads.create(2, "b", "", "")
    clock.ahead_ms = 3_600_000
    assert uploads.collect() == 0
    uploads.put(kept, 0, b"x")
    clock.ahead_ms += 1
    assert uploads.collect() == 1
    assert uploads.offset(kept, 2) == 1
    with pytest.raises(NoUpload):
        uploads.info(old, None)


def test_not_too_many(tmp_path: Path):
    uploads = _uploads(tmp_path, gateway_uploads_open=1)
    uploads.create(1, "a", "", "")
    with pytest.raises(TooMany):
        uploads.create(1, "a", "", "")


def test_finished_ones_do_not_count(tmp_path: Path):
    uploads = _uploads(tmp_path, gateway_uploads_open=2)
    for _ in range(3):
        upload = uploads.create(1, "a", "", "")
        uploads.put(upload, 0, b"x")
        uploads.finished(upload, "")
    uploads.create(1, "b", "", "")
    uploads.create(1, "b", "", "")
    with pytest.raises(TooMany):
        uploads.create(1, "b", "", "")


class _Overtaken(Uploads):
    """Another gateway finishes, or ends, the upload when this one has seen that all bytes are here."""

    other: Uploads
    ends = False

    def _pieces(self, upload: str, length: int) -> Iterator[bytes]:
        if self.ends:
            self.other.end(upload)
        else:
            self.other.finished(upload, None)
        return super()._pieces(upload, length)


def _overtaken(folder: Path) -> _Overtaken:
    settings = Settings(data_dir=folder)
    found = _Overtaken(settings, _Later(), BlobStore(settings.store))
    found.other = _uploads(folder)
    return found


def test_two_finish_it_at_once(tmp_path: Path):
    late = _overtaken(tmp_path)
    upload = late.create(3, "a.mp4", "", "")
    late.put(upload, 0, b"abc")
    assert late.finished(upload, "") == late.other.finished(upload, "")


def test_what_was_erased_is_to_be_uploaded_again(tmp_path: Path):
    uploads = _uploads(tmp_path)
    upload = uploads.create(3, "a.mp4", "", "")
    uploads.put(upload, 0, b"abc")
    done = uploads.finished(upload, "")
    BlobStore(Settings(data_dir=tmp_path).store).local_path(f"blob:{done.sha256}").unlink()
    with pytest.raises(NoUpload, match="no longer kept"):
        uploads.finished(upload, "")


def test_bytes_that_are_submitted_are_spared_by_what_looked_before(tmp_path: Path):
    """An erasure and gc delete only what is older than their look at what is under way."""
    uploads = _uploads(tmp_path)
    upload = uploads.create(3, "a.mp4", "", "")
    uploads.put(upload, 0, b"abc")
    done = uploads.finished(upload, "")
    blob = BlobStore(Settings(data_dir=tmp_path).store).local_path(f"blob:{done.sha256}")
    assert blob is not None
    os.utime(blob, (1_000, 1_000))
    looked_s = 2_000.0
    assert uploads.finished(upload, "") == done, "it is submitted"
    assert remove_older(blob, looked_s, dry_run=False) is None
    assert blob.exists()


def test_it_is_ended_while_it_is_finished(tmp_path: Path):
    late = _overtaken(tmp_path)
    late.ends = True
    upload = late.create(3, "a.mp4", "", "")
    late.put(upload, 0, b"abc")
    with pytest.raises(Retryable, match="finishing an upload"):
        late.finished(upload, "")


def test_one_that_cannot_be_removed_keeps_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file system is told to refuse, since it refuses root nothing."""
    clock = _Later()
    uploads = _uploads(tmp_path, clock, gateway_upload_hours=1.0)
    stuck, *old = (uploads.create(1, "a", "", "") for _ in range(5))
    remove = uploads._fs.rm

    def refusing(path: str, recursive: bool = False) -> None:
        if path.endswith(stuck):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        remove(path, recursive=recursive)

    monkeypatch.setattr(uploads._fs, "rm", refusing)
    with pytest.raises(Fatal, match="removing an upload"):
        uploads.end(stuck)
    clock.ahead_ms = 3_600_001
    assert uploads.collect() == len(old)
    assert uploads.info(stuck, None).name == "a"
    for upload in old:
        with pytest.raises(NoUpload):
            uploads.info(upload, None)
