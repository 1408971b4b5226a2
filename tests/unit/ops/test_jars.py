"""Kafka's jars: the committed manifest, and the download against a repository that runs here."""

from __future__ import annotations

import functools
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest

from ops.local import jars
from ops.local.downloads import ConsoleReporter
from ops.local.errors import CacheNotWritable, DownloadFailed
from ops.local.jars import Jar, ensure_jars, jar_dir, missing, read_manifest


def test_the_committed_manifest():
    pinned = read_manifest()
    names = {jar.name for jar in pinned}
    assert len(names) == len(pinned) == 47
    assert all(len(jar.sha256) == 64 for jar in pinned)
    assert 40_000_000 < sum(jar.size_bytes for jar in pinned) < 50_000_000
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in names
    assert any(name.startswith("log4j-slf4j-impl-") for name in names), "without it the broker's log stays empty"


def test_coordinate_of_a_jar():
    jar = Jar("0" * 64, 1, PurePosixPath("org/apache/kafka/kafka-clients/4.3.1/kafka-clients-4.3.1.jar"))
    assert jar.coordinate == ("org.apache.kafka", "kafka-clients", "4.3.1")
    assert jar.name == "kafka-clients-4.3.1.jar"


CONTENTS = {"one": b"first jar", "two": b"second jar" * 1000}


def pinned(contents: dict[str, bytes]) -> tuple[Jar, ...]:
    return tuple(
        Jar(hashlib.sha256(content).hexdigest(), len(content), PurePosixPath(f"org/x/{name}/1.0/{name}-1.0.jar"))
        for name, content in contents.items()
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on loopback that jgo is told to use, as a user tells it of a mirror."""
    root = tmp_path / "repository"
    for jar, content in zip(pinned(CONTENTS), CONTENTS.values(), strict=True):
        (root / jar.path).parent.mkdir(parents=True)
        (root / jar.path).write_bytes(content)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setattr(jars, "read_manifest", lambda: pinned(CONTENTS))
    yield root
    server.shutdown()
    thread.join()
    server.server_close()


def test_all_come_and_are_not_fetched_again(repository, tmp_path, capsys):
    found = ensure_jars(tmp_path / "cache", ConsoleReporter())
    assert [path.read_bytes() for path in found] == list(CONTENTS.values())
    assert "Downloading Apache Kafka" in capsys.readouterr().err
    for file in repository.rglob("*.jar"):
        file.unlink()
    assert ensure_jars(tmp_path / "cache", ConsoleReporter()) == found
    assert capsys.readouterr().err == ""


def test_a_jar_that_was_cut_short_is_fetched_again_alone(repository, tmp_path):
    ensure_jars(tmp_path, ConsoleReporter())
    (jar_dir(tmp_path) / "two-1.0.jar").write_bytes(b"cut")
    (repository / pinned(CONTENTS)[0].path).unlink()
    assert [jar.name for jar in missing(pinned(CONTENTS), jar_dir(tmp_path))] == ["two-1.0.jar"]
    ensure_jars(tmp_path, ConsoleReporter())
    assert missing(pinned(CONTENTS), jar_dir(tmp_path)) == ()


def test_a_wrong_hash_is_refused(repository, tmp_path):
    (repository / pinned(CONTENTS)[1].path).write_bytes(b"SECOND JAR" * 1000)  # of the same size
    with pytest.raises(DownloadFailed) as caught:
        ensure_jars(tmp_path, ConsoleReporter())
    assert "two-1.0.jar" in caught.value.reason
    assert caught.value.remedy
    assert not (jar_dir(tmp_path) / "two-1.0.jar").exists()
    assert not list(jar_dir(tmp_path).glob(".fetch-*"))


def test_a_jar_that_the_repository_lacks(repository, tmp_path):
    (repository / pinned(CONTENTS)[0].path).unlink()
    with pytest.raises(DownloadFailed, match=r"one-1\.0\.jar"):
        ensure_jars(tmp_path, ConsoleReporter())


def test_a_repository_that_cannot_be_reached(repository, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = http://127.0.0.1:{port}\n")
    with pytest.raises(DownloadFailed, match="cannot be reached") as caught:
        ensure_jars(tmp_path / "cache", ConsoleReporter())
    assert "network" in caught.value.remedy


def test_without_downloads_it_says_so_and_touches_nothing(tmp_path):
    with pytest.raises(DownloadFailed) as caught:
        ensure_jars(tmp_path / "cache", ConsoleReporter(), allow_download=False)
    assert "CLIPSTREAM_OFFLINE" in caught.value.remedy
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheNotWritable) as caught:
        ensure_jars(tmp_path / "file", ConsoleReporter())
    assert "CLIPSTREAM_CACHE_DIR" in caught.value.remedy
