"""Sources: URIs, digests, and files that change."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from processors.errors import InvalidMedia, InvalidMessage
from processors.media import source
from processors.media.source import check_unchanged, fingerprint, resolve, source_digest

FILE = frozenset({"file"})
OLD_NS = 1_600_000_000_000_000_000


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A file that was written long ago."""
    path = tmp_path / "a film.mp4"
    path.write_bytes(b"film" * 1000)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read through for a digest."""
    paths: list[Path] = []
    real = source._hash

    def spy(path: Path) -> str:
        paths.append(path)
        return real(path)

    monkeypatch.setattr(source, "_hash", spy)
    return paths


# ------------------------------------------------------------------------------------------------- resolve


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/media/a.mp4", "/media/a.mp4"),
        ("  /media/a.mp4\n", "/media/a.mp4"),
        ("/media/a b%20c#d?.mp4", "/media/a b%20c#d?.mp4"),
        ("/media/12:30.mp4", "/media/12:30.mp4"),
        ("file:///media/a.mp4", "/media/a.mp4"),
        ("FILE:///media/a.mp4", "/media/a.mp4"),
        ("file:/media/a.mp4", "/media/a.mp4"),
        ("file://localhost/media/a.mp4", "/media/a.mp4"),
        ("file:///media/a%20b%23c%3F.mp4", "/media/a b#c?.mp4"),
        ("file:///media/%E5%8B%95%E7%94%BB.mp4", "/media/動画.mp4"),
        ("/media/動画.mp4", "/media/動画.mp4"),
        ("file:///media/%ff.mp4", os.fsdecode(b"/media/\xff.mp4")),
    ],
)
def test_resolve(uri: str, path: str):
    assert resolve(uri, FILE) == Path(path)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://example.org/a.mp4", "'http:' are not accepted; allowed: file"),
        ("rtmp://example.org/a", "'rtmp:'"),
        ("concat:/a|/b", "'concat:'"),
        ("data:text/plain,a", "'data:'"),
        ("subfile,,start,0,end,9,,:/media/a", "is no absolute path"),
        ("file://server/media/a.mp4", "on another host"),
        ("media/a.mp4", "is no absolute path"),
        ("file:media/a.mp4", "is no absolute path"),
        ("", "is no absolute path"),
        ("file://", "is no absolute path"),
        ("file:///a%00b", "zero byte"),
        ("/a\0b", "zero byte"),
    ],
)
def test_resolve_refuses(uri: str, reason: str):
    with pytest.raises(InvalidMessage, match=reason):
        resolve(uri, FILE)


@pytest.mark.parametrize("uri", ["/media/a.mp4", "file:///media/a.mp4"])
def test_local_files_can_be_forbidden(uri: str):
    with pytest.raises(InvalidMessage, match="allowed: none"):
        resolve(uri, frozenset())


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """`in/` is allowed; `out/` and `in-not/` are not."""
    for name in ("in", "in/sub", "out", "in-not"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.mp4").write_bytes(b"film")
    (tmp_path / "in" / "inner.mp4").symlink_to("sub/a.mp4")
    (tmp_path / "in" / "outer.mp4").symlink_to("../out/a.mp4")
    (tmp_path / "in" / "door").symlink_to("../out")
    (tmp_path / "in" / "circle").symlink_to("circle")
    (tmp_path / "way-in").symlink_to("in")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("in/a.mp4", "in/a.mp4"),
        ("in/sub/a.mp4", "in/sub/a.mp4"),
        ("in/inner.mp4", "in/sub/a.mp4"),
        ("way-in/a.mp4", "in/a.mp4"),
        ("in/missing.mp4", "in/missing.mp4"),
        ("in/sub/../a.mp4", "in/a.mp4"),
        ("out/a.mp4", None),
        ("in-not/a.mp4", None),
        ("in/../out/a.mp4", None),
        ("in/outer.mp4", None),
        ("in/door/a.mp4", None),
        ("in/door/../in/a.mp4", "in/a.mp4"),
        ("in/circle", None),
    ],
)
def test_only_files_in_folders_that_are_allowed(folders: Path, name: str, real: str | None):
    for allowed in (folders / "in", folders / "way-in"):
        for uri in (f"{folders}/{name}", f"file://{folders}/{name}"):
            if real is not None:
                assert resolve(uri, FILE, frozenset({allowed, Path("/nowhere")})) == folders / real
            else:
                with pytest.raises(InvalidMessage, match=r"not in a folder that is accepted|cannot be followed"):
                    resolve(uri, FILE, frozenset({allowed, Path("/nowhere")}))


def test_as_uri_and_back(media: Path):
    assert resolve(media.as_uri(), FILE) == media


# -------------------------------------------------------------------------------------------------- digest


def test_digest_is_sha256_of_the_content(media: Path, tmp_path: Path):
    assert source_digest(media, tmp_path / "state") == hashlib.sha256(media.read_bytes()).hexdigest()


def test_digest_is_computed_once(media: Path, tmp_path: Path, hashed: list[Path]):
    digests = {source_digest(media, tmp_path / "state") for _ in range(3)}
    assert len(digests) == 1
    assert hashed == [media]


def test_digest_follows_the_content(media: Path, tmp_path: Path):
    before = source_digest(media, tmp_path / "state")
    media.write_bytes(b"another film of another length")
    assert source_digest(media, tmp_path / "state") == hashlib.sha256(media.read_bytes()).hexdigest() != before


def test_digest_notices_a_replaced_file_of_the_same_size_and_time(media: Path, tmp_path: Path):
    before = source_digest(media, tmp_path / "state")
    other = tmp_path / "other"
    other.write_bytes(b"mlif" * 1000)
    os.utime(other, ns=(OLD_NS, OLD_NS))
    other.replace(media)
    assert source_digest(media, tmp_path / "state") != before


def test_a_file_that_was_just_written_is_not_trusted(media: Path, tmp_path: Path, hashed: list[Path]):
    # another write within the step of the file system's clock would leave no trace; a minute ahead, so that no pause of
    # the machine makes it old
    soon_ns = time.time_ns() + 60 * 10**9
    os.utime(media, ns=(soon_ns, soon_ns))
    source_digest(media, tmp_path / "state")
    source_digest(media, tmp_path / "state")
    assert len(hashed) == 2


def test_two_at_once_hash_once(media: Path, tmp_path: Path, hashed: list[Path]):
    threads = [threading.Thread(target=source_digest, args=(media, tmp_path / "state")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hashed == [media]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"fingerprint": 3}', json.dumps({"fingerprint": [1, 2, 3]})])
def test_a_broken_note_is_made_again(media: Path, tmp_path: Path, content: str):
    expected = source_digest(media, tmp_path / "state")
    (note,) = (tmp_path / "state").glob("*.json")
    note.write_text(content, encoding="utf-8")
    assert source_digest(media, tmp_path / "state") == expected


def test_change_while_hashing(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def grow(path: Path) -> str:
        path.write_bytes(b"grown")
        return "0" * 64

    monkeypatch.setattr(source, "_hash", grow)
    with pytest.raises(InvalidMedia, match="The file changed while it was being processed"):
        source_digest(media, tmp_path / "state")
    assert not list((tmp_path / "state").glob("*.json"))


def test_missing(tmp_path: Path):
    with pytest.raises(InvalidMedia, match="does not exist"):
        source_digest(tmp_path / "missing.mp4", tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_folder(tmp_path: Path):
    with pytest.raises(InvalidMedia, match="is a folder"):
        source_digest(tmp_path, tmp_path / "state")


def test_pipe(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InvalidMedia, match="not a regular file"):
        source_digest(tmp_path / "pipe.mp4", tmp_path / "state")


# ------------------------------------------------------------------------------------------------- changes


def test_unchanged(media: Path):
    check_unchanged(media, fingerprint(media))


@pytest.mark.parametrize("change", ["grow", "touch", "replace", "remove"])
def test_changed(media: Path, change: str):
    before = fingerprint(media)
    if change == "grow":
        with media.open("ab") as file:
            file.write(b"more")
    elif change == "touch":
        os.utime(media)
    elif change == "replace":
        content = media.read_bytes()
        other = media.with_suffix(".new")
        other.write_bytes(content)
        os.utime(other, ns=(OLD_NS, OLD_NS))
        other.replace(media)
    else:
        media.unlink()
    with pytest.raises(InvalidMedia, match=r"The file (changed|was removed) while it was being processed"):
        check_unchanged(media, before)
