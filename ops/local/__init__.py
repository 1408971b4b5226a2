"""The embedded cluster: Kafka and Valkey as child processes, without Docker or root."""

from ops.local.cluster import ClusterInfo, LocalCluster, read_cluster
from ops.local.errors import (
    AlreadyRunning,
    CacheNotWritable,
    ClusterError,
    DownloadFailed,
    JavaMissing,
    PortTaken,
    StartFailed,
)

__all__ = [
    "AlreadyRunning",
    "CacheNotWritable",
    "ClusterError",
    "ClusterInfo",
    "DownloadFailed",
    "JavaMissing",
    "LocalCluster",
    "PortTaken",
    "StartFailed",
    "read_cluster",
]
