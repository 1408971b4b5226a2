"""API keys: only hashes are kept, in a file that nobody else reads; a broken file opens nothing."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest

from processors.errors import ClipstreamError, Fatal, InvalidMessage
from streams.gateway.keys import KeyRing, create_key, revoke_key
from streams.gateway.sessions import LIFE_S, make_session, open_session


def test_made_found_and_revoked(tmp_path: Path):
    path = tmp_path / "keys" / "keys.json"
    ring = KeyRing(path)
    assert ring.keys() == []
    token = create_key(path, "editors", ("write", "read"), 1_000)
    assert token.startswith("clip_")
    assert len(token) > 45
    assert token not in path.read_text()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    found = ring.find(token)
    assert found is not None
    assert (found.name, found.scopes, found.created_at_ms) == ("editors", ("read", "write"), 1_000)
    assert ring.find(token + "x") is None
    assert ring.find("\udcff") is None
    revoke_key(path, "editors")
    assert ring.find(token) is None


@pytest.mark.parametrize(
    ("scopes", "may"),
    [(("read",), {"read"}), (("write",), {"read", "write"}), (("admin",), {"read", "write", "admin"})],
)
def test_scopes(tmp_path: Path, scopes: tuple, may: set[str]):
    path = tmp_path / "keys.json"
    key = KeyRing(path).find(create_key(path, "a", scopes, 0))
    assert key is not None
    assert {scope for scope in ("read", "write", "admin") if key.may(scope)} == may  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "../x", "a b", ".a", "x" * 65, "a\n"])
def test_names_that_are_none(tmp_path: Path, name: str):
    with pytest.raises(InvalidMessage):
        create_key(tmp_path / "keys.json", name, ("read",), 0)


def test_a_name_that_is_taken_and_one_that_is_not(tmp_path: Path):
    path = tmp_path / "keys.json"
    create_key(path, "a", ("read",), 0)
    with pytest.raises(InvalidMessage, match="already"):
        create_key(path, "a", ("read",), 0)
    with pytest.raises(ClipstreamError, match="no key 'b'"):
        revoke_key(path, "b")
    kept = KeyRing(path).keys()
    assert [key.name for key in kept] == ["a"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"keys": [{"name": "a"}]}', "\xff"])
def test_a_broken_file_is_no_empty_one(tmp_path: Path, content: str):
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(Fatal):
        KeyRing(path).keys()


def test_sessions(tmp_path: Path):
    path = tmp_path / "keys.json"
    ring = KeyRing(path)
    key = ring.find(create_key(path, "a", ("read",), 0))
    assert key is not None
    value = make_session(key, 5_000_000)
    assert open_session(value, ring, 5_000_000) == key
    assert open_session(value, ring, 5_000_000 + LIFE_S * 1_000) is None
    name, ends, mac = value.split("~")
    for forged in (
        "",
        "a",
        "a~~",
        f"{name}~{int(ends) + 9}~{mac}",
        f"b~{ends}~{mac}",
        f"{name}~{ends}~{mac[:-1]}é",
        "a~x~y",
    ):
        assert open_session(forged, ring, 5_000_000) is None
    revoke_key(path, "a")
    assert open_session(value, ring, 5_000_000) is None


def test_a_session_without_end(tmp_path: Path):
    """Who reads the file of keys has all that a MAC takes."""
    path = tmp_path / "keys.json"
    ring = KeyRing(path)
    key = ring.find(create_key(path, "a", ("read",), 0))
    assert key is not None

    def forged(ends_s: int) -> str:
        mac = hmac.new(key.sha256.encode(), f"session a {ends_s}".encode(), hashlib.sha256)
        return f"a~{ends_s}~{mac.hexdigest()}"

    assert forged(5_000 + LIFE_S) == make_session(key, 5_000_000)
    for ends_s in (2_777_777_777, 5_000 + 2 * LIFE_S):
        assert open_session(forged(ends_s), ring, 5_000_000) is None
    assert open_session(make_session(key, 5_030_000), ring, 5_000_000) == key, "made by a gateway whose clock is ahead"
