"""What can go wrong with the embedded cluster; each says what to do about it.

::

    ClipstreamError
    `-- ClusterError
        |-- JavaMissing        no Java >= 17 on this machine, and none could be downloaded
        |-- DownloadFailed     offline, the registry refused, or a file does not have its SHA-256
        |-- CacheNotWritable   downloads have no folder to go to
        |-- PortTaken          the port that was asked for is in use
        |-- StartFailed        a server ended or was not ready within its limit; the end of its log is in the reason
        `-- AlreadyRunning     another process owns this state folder; `info` describes what runs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.errors import ClipstreamError

if TYPE_CHECKING:
    from ops.local.info import ClusterInfo


class ClusterError(ClipstreamError):
    """Base of the errors of the embedded cluster: `reason` is one sentence, `remedy` says what to do."""


class JavaMissing(ClusterError):
    """There is no Java 17 or newer, and none could be downloaded."""


class DownloadFailed(ClusterError):
    """Something that the cluster needs could not be downloaded, or came with the wrong hash."""


class CacheNotWritable(ClusterError):
    """The cache folder cannot be written, and what is needed is not in it."""


class PortTaken(ClusterError):
    """A port that the caller asked for is in use.

    Args:
        port: the TCP port.
    """

    def __init__(self, reason: str, remedy: str = "", port: int = 0) -> None:
        super().__init__(reason, remedy)
        self.port = port


class StartFailed(ClusterError):
    """A server ended while starting, or was not ready in time."""


class AlreadyRunning(ClusterError):
    """Another process runs a cluster in this state folder.

    Args:
        info: what runs; None when it is still starting or stopping.
    """

    def __init__(self, reason: str, remedy: str = "", info: ClusterInfo | None = None) -> None:
        super().__init__(reason, remedy)
        self.info = info


__all__ = [
    "AlreadyRunning",
    "CacheNotWritable",
    "ClusterError",
    "DownloadFailed",
    "JavaMissing",
    "PortTaken",
    "StartFailed",
]
