"""Registry and Kafka UI: nothing comes that was not asked for, and what comes is what was pinned."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace

import pytest

from ops.local import apicurio, kafka_ui
from ops.local.apicurio import ensure_registry
from ops.local.cluster import LocalCluster
from ops.local.downloads import ConsoleReporter
from ops.local.errors import DownloadFailed
from ops.local.kafka_ui import ensure_ui


@pytest.mark.parametrize("ensure", [ensure_registry, ensure_ui])
def test_without_downloads_it_says_so_and_touches_nothing(ensure, tmp_path):
    with pytest.raises(DownloadFailed) as caught:
        ensure(tmp_path / "cache", ConsoleReporter(), allow_download=False)
    assert "CLIPSTREAM_OFFLINE" in caught.value.remedy
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("flags", "wanted"), [({}, []), ({"registry": True}, ["registry"]), ({"ui": True}, ["registry", "ui"])]
)
def test_each_comes_only_where_it_is_asked_for(flags, wanted, tmp_path, monkeypatch):
    asked = []

    class Enough(Exception):
        pass

    def launch(*_: object) -> None:
        raise Enough

    monkeypatch.setattr("ops.local.cluster.ensure_java", lambda *_, **__: None)
    monkeypatch.setattr("ops.local.cluster.ensure_jars", lambda *_, **__: ())
    monkeypatch.setattr("ops.local.cluster.KafkaBroker", lambda *_: None)
    monkeypatch.setattr(LocalCluster, "_launch", launch)
    monkeypatch.setattr(apicurio, "ensure_registry", lambda *_, **__: asked.append("registry"))
    monkeypatch.setattr("ops.local.cluster.ensure_ui", lambda *_, **__: asked.append("ui"))
    with pytest.raises(Enough):
        LocalCluster(tmp_path / "state", tmp_path / "cache", **flags).start()
    assert asked == wanted


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """What the repository gives in place of the registry's archive, with its hash pinned."""

    def give(*files: str, pinned: bool = True) -> None:
        path = tmp_path / "given.tar.gz"
        with tarfile.open(path, "w:gz") as packed:
            for name in files:
                entry = tarfile.TarInfo(name)
                entry.size = 4
                packed.addfile(entry, io.BytesIO(b"1234"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if pinned else "0" * 64
        monkeypatch.setattr(apicurio, "_ARCHIVE", replace(apicurio._ARCHIVE, sha256=digest))

        class Artifact:
            def resolve(self) -> str:
                return str(path)

        class Maven:
            def __init__(self, **_: object) -> None:
                pass

            def project(self, *_: object) -> Maven:
                return self

            at_version = project

            def artifact(self, **_: object) -> Artifact:
                return Artifact()

        monkeypatch.setattr("jgo.maven.MavenContext", Maven)

    return give


def test_the_registry_is_unpacked_once(archive, tmp_path, capsys):
    archive("quarkus-run.jar", "lib/a.jar")
    found = ensure_registry(tmp_path / "cache", ConsoleReporter())
    assert (found / "lib" / "a.jar").read_bytes() == b"1234"
    assert "Apicurio" in capsys.readouterr().err
    assert ensure_registry(tmp_path / "cache", ConsoleReporter()) == found
    assert capsys.readouterr().err == ""


def test_another_archive_is_refused(archive, tmp_path):
    archive("quarkus-run.jar", pinned=False)
    with pytest.raises(DownloadFailed, match="pinned is 0000"):
        ensure_registry(tmp_path / "cache", ConsoleReporter())
    assert not list((tmp_path / "cache").glob("apicurio*"))


def test_an_archive_writes_nothing_beside_its_folder(archive, tmp_path):
    archive("../../outside.jar", "quarkus-run.jar")
    with pytest.raises(tarfile.OutsideDestinationError):
        ensure_registry(tmp_path / "cache", ConsoleReporter())
    assert not list(tmp_path.rglob("outside.jar"))


def test_every_package_of_the_ui_is_pinned_with_a_hash():
    text = kafka_ui.LOCK.read_text().replace("\\\n", " ")
    rows = [row for row in text.splitlines() if row and not row.startswith("#")]
    assert any(row.startswith("kafka-viewer==") for row in rows)
    assert all("==" in row and "--hash=sha256:" in row for row in rows)
