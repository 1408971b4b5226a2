"""Fetching sources: a real web server, and a network that means no good."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from processors.errors import InvalidMedia, InvalidMessage, Retryable
from processors.media import fetch as fetching
from processors.media import hosts, staging, watching
from processors.media.fetch import MAX_REDIRECTS, WebRules
from processors.media.limits import Limits
from processors.media.staging import Staged, key_of, remove, stage, unused
from tests.web import Page, WebServer

FILM = os.urandom(3_000_000)
LOCAL = WebRules(allow_private_hosts=True)
CUT = 1_200_000


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A film with a version, and what else a server may answer."""
    pages = {
        "/film.mp4": Page(FILM, etag='"one"'),
        "/no-version.mp4": Page(FILM),
        "/page.mp4": Page(b"\n<!DOCTYPE html><html><body>Please log in</body></html>"),
        "/forbidden.mp4": Page(b"no", 403),
        "/busy.mp4": Page(b"later", 503),
        "/endless.mp4": Page(b"x" * 100_000, endless=True),
        "/packed.mp4": Page(b"x", headers={"Content-Encoding": "gzip"}),
    }
    with WebServer(pages) as server:
        yield server


@pytest.fixture
def one_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 stands for a public address; all others are judged as they are."""
    real = hosts.is_public
    monkeypatch.setattr(hosts, "is_public", lambda address: address == "127.0.0.1" or real(address))


def rules_with(*answers: list[str], allow_private_hosts: bool = False) -> tuple[WebRules, list[str]]:
    """Rules whose resolver gives one answer after the other, and the names that it was asked for."""
    asked: list[str] = []
    waiting = list(answers)

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return waiting.pop(0)

    return WebRules(allow_private_hosts=allow_private_hosts, resolver=resolver), asked


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock" and path.name != "used"]


# ---------------------------------------------------------------------------------------------- the good path


def test_a_source_is_fetched_once_and_named_by_its_content(web, tmp_path):
    seen: list[tuple[int, int | None]] = []
    first = stage(web.url("/film.mp4"), tmp_path, LOCAL, on_progress=lambda here, total: seen.append((here, total)))
    assert (first.sha256, first.path.name, first.path.read_bytes()) == (sha256(FILM), "film.mp4", FILM)
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL) == first
    assert web.paths() == ["/film.mp4"]
    assert seen[-1] == (len(FILM), len(FILM))
    assert sorted(path.name for path in left_behind(tmp_path)) == ["current.json", "film.mp4"]


def test_many_at_once_fetch_once(web, tmp_path):
    found: list[Staged] = []
    threads = [
        threading.Thread(target=lambda: found.append(stage(web.url("/film.mp4"), tmp_path, LOCAL))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert web.paths() == ["/film.mp4"]


def test_who_waits_for_another_sees_that_it_gets_on(web, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "_LOOK_S", 0.01)
    started, go_on = threading.Event(), threading.Event()

    def first(here: int, total: int | None) -> None:
        started.set()
        assert go_on.wait(20)

    seen: list[int] = []

    def second(here: int, total: int | None) -> None:
        seen.append(here)
        go_on.set()

    fetcher = threading.Thread(target=lambda: stage(web.url("/film.mp4"), tmp_path, LOCAL, on_progress=first))
    fetcher.start()
    assert started.wait(20)
    staged = stage(web.url("/film.mp4"), tmp_path, LOCAL, on_progress=second)
    fetcher.join()
    assert staged.sha256 == sha256(FILM)
    assert seen
    assert web.paths() == ["/film.mp4"]


def test_refresh_asks_and_keeps_both_versions(web, tmp_path):
    url = web.url("/film.mp4")
    first = stage(url, tmp_path, LOCAL)
    assert stage(url, tmp_path, LOCAL, refresh=True) == first
    assert web.asked[-1].headers["If-None-Match"] == '"one"'
    web.pages["/film.mp4"] = Page(FILM[:1000], etag='"two"')
    second = stage(url, tmp_path, LOCAL, refresh=True)
    assert second.sha256 == sha256(FILM[:1000])
    assert first.path.read_bytes() == FILM  # work on it goes on
    assert stage(url, tmp_path, LOCAL, wanted=first.sha256) == first
    assert stage(url, tmp_path, LOCAL) == second
    assert len(web.asked) == 3


def test_proxies_of_the_environment_are_not_used(web, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL).sha256 == sha256(FILM)


# ------------------------------------------------------------------------------------------------- resuming


def test_a_cut_connection_is_resumed(web, tmp_path):
    web.pages["/film.mp4"].cut_at = [CUT, CUT]
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL).sha256 == sha256(FILM)
    assert [asked.headers.get("Range") for asked in web.asked] == [None, f"bytes={CUT}-", f"bytes={2 * CUT}-"]
    assert web.asked[1].headers["If-Range"] == '"one"'


def test_what_is_here_serves_the_next_try(web, tmp_path):
    web.pages["/film.mp4"].cut_at = [500, 0, 0]
    with pytest.raises(Retryable, match=r"ended at 500 of 3,000,000 bytes"):
        stage(web.url("/film.mp4"), tmp_path, LOCAL)
    assert len(web.asked) == 3
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL).sha256 == sha256(FILM)
    assert web.asked[-1].headers["Range"] == "bytes=500-"


def test_a_file_that_changed_in_between_is_fetched_whole(web, tmp_path):
    web.pages["/film.mp4"].cut_at = [500, 0, 0]
    with pytest.raises(Retryable):
        stage(web.url("/film.mp4"), tmp_path, LOCAL)
    other = FILM[::-1]
    web.pages["/film.mp4"] = Page(other, etag='"two"')
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL).sha256 == sha256(other)


def test_without_a_version_it_begins_anew(web, tmp_path):
    web.pages["/no-version.mp4"].cut_at = [CUT]
    assert stage(web.url("/no-version.mp4"), tmp_path, LOCAL).sha256 == sha256(FILM)
    assert [asked.headers.get("Range") for asked in web.asked] == [None, None]


def test_a_crash_behind_the_last_byte_costs_nothing(web, tmp_path):
    place = tmp_path / key_of(web.url("/film.mp4"))
    place.mkdir()
    (place / "part").write_bytes(FILM)
    (place / "part.json").write_text('["\\"one\\"", null]')
    assert stage(web.url("/film.mp4"), tmp_path, LOCAL).sha256 == sha256(FILM)
    assert [asked.headers.get("Range") for asked in web.asked] == [f"bytes={len(FILM)}-"]


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"],
    ids=["status", "header", "to the end", "length", "chunk"],
)  # fmt: skip
def test_a_server_that_drips_is_given_up_wherever_it_does(tmp_path, monkeypatch, start):
    """A byte every 10 ms would keep any time-out of a socket from running out."""
    monkeypatch.setattr(watching, "WINDOW_S", 0.2)
    done = threading.Event()

    def drip(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.sendall(start)
            while not done.wait(0.01):
                client.sendall(b"a")

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve)
        serving.start()
        with pytest.raises(Retryable, match=r"less than 65,536 bytes came in"):
            stage(f"http://127.0.0.1:{server.getsockname()[1]}/film.mp4", tmp_path, LOCAL)
        done.set()
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


# ------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("path", "error", "reason"),
    [
        ("/missing.mp4", InvalidMedia, "answered 404"),
        ("/forbidden.mp4", InvalidMedia, "answered 403"),
        ("/busy.mp4", Retryable, "answered 503"),
        ("/page.mp4", InvalidMedia, "is a web page, not a media file"),
        ("/packed.mp4", InvalidMedia, "comes compressed"),
    ],
)
def test_answers_that_are_no_file(web, tmp_path, path, error, reason):
    with pytest.raises(error, match=reason):
        stage(web.url(path), tmp_path, LOCAL)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("path", ["/film.mp4", "/endless.mp4"], ids=["declared", "not declared"])
def test_no_more_than_the_limit_is_fetched(web, tmp_path, path):
    seen: list[int] = []
    rules = WebRules(allow_private_hosts=True, limits=Limits(max_bytes=1_000_000))
    with pytest.raises(InvalidMedia, match="the limit is 1,000,000"):
        stage(web.url(path), tmp_path, rules, on_progress=lambda here, total: seen.append(here))
    assert seen == [] if path == "/film.mp4" else seen[-1] <= 1_000_000 + fetching.BLOCK_BYTES
    assert left_behind(tmp_path) == []


def test_no_room_is_told_before_the_disk_is_full(web, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_RESERVE_BYTES", 1 << 60)
    with pytest.raises(Retryable, match="no room"):
        stage(web.url("/film.mp4"), tmp_path, LOCAL)


def test_nobody_there(tmp_path):
    with pytest.raises(Retryable, match="cannot be fetched"):
        stage("http://127.0.0.1:1/film.mp4", tmp_path, LOCAL)


def test_private_hosts_are_refused_unless_allowed(web, tmp_path):
    with pytest.raises(InvalidMessage, match=r"is at 127\.0\.0\.1, which is not a public address") as caught:
        stage(web.url("/film.mp4"), tmp_path, WebRules())
    assert "CLIPSTREAM_ALLOW_PRIVATE_HOSTS" in caught.value.remedy
    with pytest.raises(InvalidMessage, match=r"'localhost' is at .*(127\.0\.0\.1|::1)"):
        stage(web.url("/film.mp4", "localhost"), tmp_path, WebRules())
    assert web.asked == []


@pytest.mark.parametrize("answer", [["10.1.2.3"], ["8.8.8.8", "192.168.0.9"], ["::ffff:10.0.0.1"], ["fe80::1"]])
def test_a_name_with_any_private_address_is_refused(web, tmp_path, answer):
    rules, asked = rules_with(answer)
    with pytest.raises(InvalidMessage, match=r"'films\.example' is at"):
        stage(web.url("/film.mp4", "films.example"), tmp_path, rules)
    assert asked == ["films.example"]


def test_a_name_that_changes_its_address_after_the_look_changes_nothing(web, tmp_path, one_is_public):
    """Rebinding: the second answer would be another address of this server, where the request must not arrive."""
    rules, asked = rules_with(["127.0.0.1"], ["127.0.0.2"])
    assert stage(web.url("/film.mp4", "films.example"), tmp_path, rules).sha256 == sha256(FILM)
    assert asked == ["films.example"]
    assert [(one.at, one.headers["Host"]) for one in web.asked] == [("127.0.0.1", f"films.example:{web.port}")]


def test_a_name_that_changes_while_a_cut_file_is_resumed_is_judged_again(web, tmp_path, one_is_public):
    web.pages["/film.mp4"].cut_at = [CUT]
    rules, asked = rules_with(["127.0.0.1"], ["127.0.0.2"])
    with pytest.raises(InvalidMessage, match=r"is at 127\.0\.0\.2"):
        stage(web.url("/film.mp4", "films.example"), tmp_path, rules)
    assert asked == ["films.example"] * 2
    assert {one.at for one in web.asked} == {"127.0.0.1"}


# ------------------------------------------------------------------------------------------------- redirects


def redirect(to: str) -> Page:
    return Page(b"over there", 302, {"Location": to})


def test_redirects_are_followed(web, tmp_path):
    web.pages["/a"] = redirect("/b?x=1")
    web.pages["/b"] = redirect(web.url("/film.mp4"))
    staged = stage(web.url("/a"), tmp_path, LOCAL)
    assert (staged.sha256, staged.path.name) == (sha256(FILM), "a")
    assert web.paths() == ["/a", "/b?x=1", "/film.mp4"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://127.0.0.2:{port}/film.mp4", r"is at 127\.0\.0\.2, which is not"),
        ("http://2130706434:{port}/film.mp4", r"is at 127\.0\.0\.2, which is not"),  # the same as one number
        ("http://[::1]:{port}/film.mp4", "is at ::1, which is not"),
        ("http://[::ffff:127.0.0.2]:{port}/film.mp4", "which is not"),
        ("//169.254.169.254/latest/meta-data", r"is at 169\.254\.169\.254, which is not"),
        ("file:///etc/passwd", "no valid URL"),
        ("ftp://127.0.0.1/film.mp4", "no valid URL"),
        ("http://user@[fe80::1%25eth0]/", "no valid URL"),
    ],
)
def test_redirects_to_where_nobody_may_go(web, tmp_path, one_is_public, to, reason):
    web.pages["/a"] = redirect(to.format(port=web.port))
    with pytest.raises(InvalidMessage, match=reason):
        stage(web.url("/a"), tmp_path, WebRules())
    assert web.paths() == ["/a"]
    assert left_behind(tmp_path) == []


def test_redirects_stay_on_the_list_of_hosts(web, tmp_path):
    web.pages["/a"] = redirect(web.url("/film.mp4", "localhost"))
    rules = WebRules(allow_private_hosts=True, allowed_hosts=frozenset({"127.0.0.1"}))
    with pytest.raises(InvalidMessage, match="from the host 'localhost' are not accepted"):
        stage(web.url("/a"), tmp_path, rules)
    assert stage(web.url("/film.mp4"), tmp_path, rules).sha256 == sha256(FILM)


def test_too_many_redirects(web, tmp_path):
    web.pages["/round"] = redirect("/round")
    with pytest.raises(InvalidMessage, match="more than 5 redirects"):
        stage(web.url("/round"), tmp_path, LOCAL)
    assert len(web.asked) == MAX_REDIRECTS + 1


def test_credentials_go_to_their_own_server_and_into_no_message(web, tmp_path):
    with WebServer({"/film.mp4": Page(FILM), "/b": redirect("/missing.mp4")}) as other:
        web.pages["/a"] = redirect(other.url("/film.mp4"))
        url = web.url("/a").replace("://", "://anna:s3cret%2F@") + "?signature=abc"
        assert stage(url, tmp_path, LOCAL).sha256 == sha256(FILM)
        assert web.asked[0].headers["Authorization"] == "Basic YW5uYTpzM2NyZXQv"
        assert "Authorization" not in other.asked[0].headers
        with pytest.raises(InvalidMedia) as caught:
            stage(other.url("/b").replace("://", "://anna:s3cret@") + "?signature=abc", tmp_path, LOCAL)
    assert "404" in caught.value.reason
    assert "s3cret" not in str(caught.value)
    assert "abc" not in str(caught.value)
    assert not any("s3cret" in str(path) for path in tmp_path.rglob("*"))


# ------------------------------------------------------------------------------------------------------- TLS


def test_the_certificate_is_checked_by_name_although_the_address_is_pinned(tmp_path, monkeypatch):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("films.example").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "authority"))
    rules = WebRules(allow_private_hosts=True, resolver=lambda host, port: ["127.0.0.1"])
    with WebServer({"/film.mp4": Page(FILM), "/down": redirect("http://films.example/film.mp4")}, tls) as web:
        good, other = (web.url("/film.mp4", name) for name in ("films.example", "other.example"))
        with pytest.raises(InvalidMedia, match="cannot be trusted"):
            stage(good, tmp_path / "s", rules)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority"))
        assert stage(good, tmp_path / "s", rules).sha256 == sha256(FILM)
        with pytest.raises(InvalidMedia, match=r"cannot be trusted: .*other\.example"):
            stage(other, tmp_path / "s", rules)
        with pytest.raises(InvalidMessage, match="from https to http"):
            stage(web.url("/down", "films.example"), tmp_path / "s", rules)


# ---------------------------------------------------------------------------------------------------- gc


def test_what_is_not_used_any_more_may_go(web, tmp_path):
    old, used, waiting = (web.url(path) for path in ("/film.mp4", "/no-version.mp4", "/film.mp4?2"))
    for url in (old, used, waiting):
        stage(url, tmp_path, LOCAL)
    for url in (old, waiting):
        os.utime(tmp_path / key_of(url) / "used", (1, 1))
    found = list(unused(tmp_path, {waiting}, 3600))
    assert [place.name for place, _ in found] == [key_of(old)]
    assert found[0][1] > len(FILM)
    remove(found[0][0])
    assert not (tmp_path / key_of(old)).exists()
    assert stage(old, tmp_path, LOCAL).sha256 == sha256(FILM)  # fetched again when it is wanted again
