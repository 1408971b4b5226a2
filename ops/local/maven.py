"""Fetches single pinned files from Maven repositories through `jgo`, which knows the user's own mirrors."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.local.errors import DownloadFailed
from processors.models.registry_package import file_sha256

_TRIES: Final = 3
_ANSWER_LIMIT_S: Final = 30


@dataclass(frozen=True, slots=True)
class Artifact:
    """One pinned file.

    Args:
        group: such as `org.apache.kafka`.
        name: such as `kafka-clients`.
        version: such as `4.3.1`.
        sha256: of the file, in hex.
        classifier: which of several files of that version; empty for the main one.
        packaging: the end of its name.
    """

    group: str
    name: str
    version: str
    sha256: str
    classifier: str = ""
    packaging: str = "jar"


def fetch(artifact: Artifact, temp_dir: Path, what: str) -> Path:
    """Download a file into a temporary folder and check its hash.

    Args:
        artifact: what is wanted.
        temp_dir: an empty folder, or one that other calls use.
        what: the program that it belongs to, for messages.

    Raises:
        DownloadFailed: it cannot be had, or has the wrong hash.
        OSError: it cannot be stored.
    """
    import requests
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    maven = MavenContext(repo_cache=temp_dir, remote_repos=repositories, timeout=_ANSWER_LIMIT_S)
    version = maven.project(artifact.group, artifact.name).at_version(artifact.version)
    wanted = version.artifact(classifier=artifact.classifier, packaging=artifact.packaging)
    label = f"{artifact.name}-{artifact.version}.{artifact.packaging}"
    for left in reversed(range(_TRIES)):
        try:
            fetched = Path(wanted.resolve())
            break
        except (requests.RequestException, RuntimeError) as error:  # jgo says "not found" by RuntimeError
            traceback.clear_frames(error.__traceback__)  # it leaves its answer open there, and so the socket
            for part in temp_dir.rglob(f"{artifact.name}-{artifact.version}*.{artifact.packaging}"):
                part.unlink(missing_ok=True)  # it would be taken for complete
            if not left:
                raise DownloadFailed(
                    f"{label} of {what} cannot be downloaded: {_why(error)}.",
                    "Check the network and try again; what is there already is kept. "
                    "A Maven mirror can be set with `jgo config set repositories.central URL`.",
                ) from error
    found = file_sha256(fetched)
    if found != artifact.sha256:
        raise DownloadFailed(
            f"{label} has SHA-256 {found[:16]}..., pinned is {artifact.sha256[:16]}...; it was not kept.",
            "Something between here and the repository changes files; try another network or mirror.",
        )
    return fetched


def _why(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "the repository's certificate is not trusted (REQUESTS_CA_BUNDLE names further ones)"
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return "the repository cannot be reached"
    return str(error)[:200]


__all__ = ["Artifact", "fetch"]
