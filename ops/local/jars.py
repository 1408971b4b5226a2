"""Kafka's jars in the user cache: exactly the pinned ones, each with its SHA-256 checked when it comes.

The set is resolved once, by `resolve_jars.py`, and committed as a manifest. So a start resolves nothing (that takes
12 to 22 s of reading Maven's descriptions), downloads several jars at a time, and gets the same bytes on every machine.
`jgo` fetches them: it knows the user's own Maven mirrors from its settings file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ops.local.downloads import Reporter, cluster_errors
from ops.local.errors import DownloadFailed
from ops.local.maven import Artifact, fetch

KAFKA_VERSION: Final = "4.3.1"
MANIFEST: Final = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.sha256")
# 46 small files: with several at a time the line is busy while another one waits for an answer. 45 MB took 4 s.
_AT_A_TIME: Final = 6
_LOCK_LIMIT_S: Final = 1_800.0  # 45 MB at 0.2 Mbit/s
_TEMP_PREFIX: Final = ".fetch-"


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar.

    Args:
        sha256: of the file, in hex.
        size_bytes: of the file.
        path: in a Maven repository: `group/as/folders/artifact/version/file.jar`.
    """

    sha256: str
    size_bytes: int
    path: PurePosixPath

    @property
    def name(self) -> str:
        """Its file name, unique in the manifest."""
        return self.path.name

    @property
    def coordinate(self) -> tuple[str, str, str]:
        """Group, artifact and version."""
        *group, artifact, version = self.path.parent.parts
        return ".".join(group), artifact, version


def read_manifest(manifest: Path = MANIFEST) -> tuple[Jar, ...]:
    """The pinned jars.

    Args:
        manifest: lines of `SHA-256  bytes  path`; those that begin with `#` are comments.
    """
    rows = [line.split() for line in manifest.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(Jar(sha256, int(size_bytes), PurePosixPath(path)) for sha256, size_bytes, path in rows)


def ensure_jars(cache_dir: Path, reporter: Reporter, *, allow_download: bool = True) -> tuple[Path, ...]:
    """The jars of the broker, downloaded if they are not in the cache.

    Jars in the cache are checked by name and size (1 ms); their hash was checked when they came.

    Args:
        cache_dir: the user cache.
        reporter: hears what is downloaded.
        allow_download: False for machines that must stay offline.

    Returns:
        All jars, in the order of the manifest.

    Raises:
        DownloadFailed: offline, or a jar has the wrong hash.
        CacheNotWritable: they could not be stored.
    """
    jars, folder = read_manifest(), jar_dir(cache_dir)
    if missing(jars, folder):
        if not allow_download:
            raise DownloadFailed(
                f"Kafka {KAFKA_VERSION} is not in {folder}, and downloads are switched off.",
                "Set CLIPSTREAM_OFFLINE=false once, or copy the cache folder from a machine that has it.",
            )
        with cluster_errors(cache_dir):
            _fetch(jars, folder, reporter)
    return tuple(folder / jar.name for jar in jars)


def jar_dir(cache_dir: Path) -> Path:
    """Folder of the jars in the user cache."""
    return cache_dir / f"kafka-{KAFKA_VERSION}"


def missing(jars: tuple[Jar, ...], folder: Path) -> tuple[Jar, ...]:
    """The jars that a folder lacks, or has with another size."""

    def size_of(path: Path) -> int:
        try:
            return path.stat().st_size
        except OSError:
            return -1

    return tuple(jar for jar in jars if size_of(folder / jar.name) != jar.size_bytes)


def _fetch(jars: tuple[Jar, ...], folder: Path, reporter: Reporter) -> None:
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / ".lock", timeout=_LOCK_LIMIT_S):
        for left in folder.glob(f"{_TEMP_PREFIX}*"):  # of a killed process: the lock is ours now
            shutil.rmtree(left, ignore_errors=True)
        wanted = missing(jars, folder)  # another process may have been quicker; what an interrupted one got stays
        if not wanted:
            return
        size_bytes = sum(jar.size_bytes for jar in wanted)
        with (
            tempfile.TemporaryDirectory(prefix=_TEMP_PREFIX, dir=folder, ignore_cleanup_errors=True) as temp_dir,
            reporter.download(f"Apache Kafka {KAFKA_VERSION}", size_bytes, folder) as advance,
            ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="jars") as threads,
        ):
            done_bytes, counting = 0, threading.Lock()

            def fetch(jar: Jar) -> None:
                nonlocal done_bytes
                _fetch_one(jar, Path(temp_dir), folder)
                with counting:
                    done_bytes += jar.size_bytes
                    advance(done_bytes)

            # The largest first, so that the last to come is a short one.
            tasks = [threads.submit(fetch, jar) for jar in sorted(wanted, key=lambda jar: -jar.size_bytes)]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise


def _fetch_one(jar: Jar, temp_dir: Path, folder: Path) -> None:
    """Download one jar, check its hash, move it into place."""
    fetched = fetch(Artifact(*jar.coordinate, sha256=jar.sha256), temp_dir, f"Kafka {KAFKA_VERSION}")
    os.replace(fetched, folder / jar.name)


__all__ = ["KAFKA_VERSION", "Jar", "ensure_jars", "jar_dir", "missing", "read_manifest"]
