"""Finding Java: versions as they are written in the wild, the order of the places, the clear end without any."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ops.local.downloads import ConsoleReporter
from ops.local.errors import JavaMissing
from ops.local.java import ensure_java, find_java, parse_major, parse_version_output


@pytest.mark.parametrize(
    ("version", "major"),
    [
        ("17.0.15", 17),
        ("25", 25),
        ("22-ea", 22),
        ("21.0.2+13-LTS", 21),
        ("1.8.0_392", 8),
        ("1.7", 7),
        (" 11.0.2 ", 11),
        ("", None),
        ("unknown", None),
    ],
)
def test_major_of_a_version(version, major):
    assert parse_major(version) == major


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', "17.0.15"),
        ('java version "1.8.0_392"\nJava(TM) SE', "1.8.0_392"),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx\nopenjdk version "21" 2023-09-19', "21"),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_version_in_what_java_prints(printed, version):
    assert parse_version_output(printed) == version


def fake_java(home: Path, version: str, *, release: bool) -> Path:
    """A command that says a version, with or without the file `release` beside it."""
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return command


@pytest.mark.parametrize("release", [True, False], ids=["release file", "asked"])
def test_java_home_comes_before_path(tmp_path, monkeypatch, release):
    in_home = fake_java(tmp_path / "home", "21.0.2", release=release)
    on_path = fake_java(tmp_path / "path", "17.0.1", release=release)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(on_path.parent))
    java, rejected = find_java(tmp_path / "cache")
    assert java is not None
    assert (java.path, java.version, java.major, rejected) == (in_home.resolve(), "21.0.2", 21, [])


def test_one_that_is_too_old_or_broken_is_passed_over(tmp_path, monkeypatch):
    fake_java(tmp_path / "home", "11.0.2", release=True)
    broken = fake_java(tmp_path / "path", "17", release=False)
    broken.write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(broken.parent))
    java, rejected = find_java(tmp_path / "cache")
    assert java is None
    assert "is Java 11.0.2" in rejected[0]
    assert "does not run" in rejected[1]


def test_without_java_and_without_downloads_it_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaMissing) as caught:
        ensure_java(tmp_path / "cache", ConsoleReporter(), allow_download=False)
    assert "17" in caught.value.reason
    assert "JAVA_HOME" in caught.value.remedy
    assert not (tmp_path / "cache").exists()
