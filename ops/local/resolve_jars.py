"""Writes the manifest of another Kafka version: `python -m ops.local.resolve_jars VERSION > kafka-VERSION.sha256`.

For maintainers. Everything that the broker needs at run time is resolved by `jgo`, downloaded and hashed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from processors.models.registry_package import file_sha256


def main(kafka_version: str) -> None:
    """Print the manifest.

    Args:
        kafka_version: such as `4.3.1`.
    """
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as temp_dir:
        maven = MavenContext(repo_cache=Path(temp_dir))
        kafka = maven.create_dependency(f"org.apache.kafka:kafka_2.13:{kafka_version}:compile")
        resolved, transitive = maven.resolver.resolve([kafka])
        needed = [*resolved, *(one for one in transitive if one.scope in ("compile", "runtime"))]
        found = {(one.groupId, one.artifactId, one.version) for one in needed}
        # The broker logs through slf4j and names no back end: without one its log stays empty.
        log4j_version = next(version for _, artifact, version in found if artifact == "log4j-core")
        found.add(("org.apache.logging.log4j", "log4j-slf4j-impl", log4j_version))
        # The console producer and consumer. They run on the broker's own jars; what their package asks for beside
        # those (Connect, Jetty, Jersey: 11 MB) is for other tools in it.
        found.add(("org.apache.kafka", "kafka-tools", kafka_version))
        print(f"# Jars of Apache Kafka {kafka_version}: SHA-256, bytes, path in a Maven repository.")
        print(f"# Made by: python -m ops.local.resolve_jars {kafka_version}")
        for group, artifact, version in sorted(found):
            jar = Path(maven.project(group, artifact).at_version(version).artifact().resolve())
            print(f"{file_sha256(jar)}  {jar.stat().st_size}  {jar.relative_to(temp_dir).as_posix()}")


if __name__ == "__main__":
    main(sys.argv[1])
