"""Attempts on the gateway and its answers: the table in docs/gateway.md, asked of real gateways byte by byte."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from streams.admin import create_topics
from streams.gateway.keys import KeyRing, create_key, keys_path
from streams.gateway.sessions import COOKIE, make_session
from streams.settings import Settings
from tests.gateways import SECRET, GatewayProcess

pytestmark = [pytest.mark.stream, pytest.mark.timeout(500)]
JSON = {"Content-Type": "application/json"}
TUS = {"Tus-Resumable": "1.0.0"}
BURST = 250


@dataclass(frozen=True)
class Guarded:
    """A gateway with keys, an open one, and what they must never tell or touch."""

    keyed: GatewayProcess
    open: GatewayProcess
    tokens: dict[str, str]
    inner: socket.socket  # a server of the inside that nobody may reach

    @property
    def inside(self) -> str:
        return f"127.0.0.1:{self.inner.getsockname()[1]}"


@pytest.fixture(scope="module")
def guarded(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    settings = cluster_settings.model_copy(
        update={
            "topic_prefix": "attacks-",
            "data_dir": folder,
            "allow_private_hosts": False,
            "allowed_hosts": frozenset(),
            "allowed_folders": frozenset({folder / "media"}),
            "gateway_requests_per_minute": 60.0,
            "gateway_request_burst": BURST,
            "gateway_upload_max_bytes": 1_000,
            "gateway_webhook_secret": SecretStr(SECRET),
        }
    )
    (folder / "media").mkdir()
    (folder / "secret.mp4").write_bytes(b"secret")
    (folder / "media" / "link.mp4").symlink_to(folder / "secret.mp4")
    asyncio.run(create_topics(settings))
    keyed = settings.model_copy(update={"gateway_keys_file": folder / "keys.json"})
    tokens = {
        name: create_key(keys_path(keyed), name, scopes, 0)  # type: ignore[arg-type]
        for name, scopes in {
            "reader": ("read",), "writer": ("write",), "other": ("write",), "boss": ("admin",), "hasty": ("read",)
        }.items()
    }  # fmt: skip
    with (
        socket.create_server(("127.0.0.1", 0)) as inner,
        GatewayProcess(keyed, folder / "keyed.log") as one,
        GatewayProcess(settings, folder / "open.log", gateway_requests_per_minute=0.0) as other,
    ):
        inner.settimeout(0.2)
        yield Guarded(one, other, tokens, inner)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The document of an error; every error has one."""
        assert self.headers["content-type"] == "application/problem+json", self.body[:200]
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        assert found["detail"]
        return found


def ask(
    gateway: GatewayProcess, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request, as it stands: no client that tidies addresses and headers up."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"127.0.0.1:{gateway.port}", **(headers or {})}
        if body is not None and "Content-Length" not in given and "Transfer-Encoding" not in given:
            given["Content-Length"] = str(len(body))
        for name, value in given.items():
            connection.putheader(name, value.encode("latin-1"))
        with suppress(BrokenPipeError, ConnectionResetError):  # the answer may come before all is sent
            connection.endheaders(body)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def _bearer(guarded: Guarded, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {guarded.tokens[who]}"}


# who asks (empty: nobody), method, target, more headers, body, the answer
KEYED = {
    "nobody": ("", "GET", "/v1/videos", {}, None, 401),
    "nobody, of a route that is none": ("", "GET", "/v1/nothing", {}, None, 401),
    "a wrong key": ("", "GET", "/v1/videos", {"Authorization": "Bearer clip_" + "A" * 43}, None, 401),
    "another scheme": ("", "GET", "/v1/videos", {"Authorization": "Basic YTpi"}, None, 401),
    "a key in the address": ("", "GET", "/v1/videos?api_key={reader}", {}, None, 401),
    "a forged cookie": ("", "GET", "/v1/videos", {"Cookie": "clipstream_session=boss~9999999999~00"}, None, 401),
    "metrics by nobody": ("", "GET", "/metrics", {}, None, 401),
    "writing with a key that reads": ("reader", "POST", "/v1/videos", JSON, b'{"uri": "http://a.example/"}', 403),
    "cancelling with a key that reads": ("reader", "DELETE", "/v1/videos/a", {}, None, 403),
    "uploading with a key that reads": ("reader", "POST", "/v1/uploads", {**TUS, "Upload-Length": "1"}, b"", 403),
    "administering with a key that writes": (
        "writer",
        "POST",
        "/v1/dead-letters/requeue",
        JSON,
        b'{"ids": ["a"]}',
        403,
    ),
    "a file of the machine": ("writer", "POST", "/v1/videos", JSON, b'{"uri": "/etc/passwd"}', 422),
    "the same as a URI": ("writer", "POST", "/v1/videos", JSON, b'{"uri": "file:///etc/passwd"}', 422),
    "another scheme of a source": ("writer", "POST", "/v1/videos", JSON, b'{"uri": "gopher://a.example/"}', 422),
    "a blob by its digest": ("writer", "POST", "/v1/videos", JSON, b'{"uri": "blob:' + b"0" * 64 + b'"}', 422),
    "a body that says it is large": (
        "writer",
        "POST",
        "/v1/videos",
        {**JSON, "Content-Length": "99999999999"},
        b"",
        413,
    ),
    "a body that is large": ("writer", "POST", "/v1/videos", JSON, b'"' + b"a" * 1_048_576 + b'"', 413),
    "an upload that is too large": ("writer", "POST", "/v1/uploads", {**TUS, "Upload-Length": "1001"}, b"", 413),
    "an upload of no length": ("writer", "POST", "/v1/uploads", {**TUS, "Upload-Length": "-1"}, b"", 400),
    "another protocol": ("writer", "POST", "/v1/uploads", {"Upload-Length": "1"}, b"", 412),
}
OPEN = {
    "the name of another host": ("GET", "/v1/videos", {"Host": "evil.example"}, None, 421),
    "a name that begins alike": ("GET", "/v1/videos", {"Host": "127.0.0.1.evil.example"}, None, 421),
    "no host": ("GET", "/v1/videos", {"Host": ""}, None, 421),
    "a page of another site": ("POST", "/v1/videos", {**JSON, "Origin": "https://evil.example"}, b"{}", 403),
    "a page that hides where it is": ("POST", "/v1/videos", {**JSON, "Origin": "null"}, b"{}", 403),
    "a page of another port": ("GET", "/v1/videos", {"Origin": "http://127.0.0.1:1"}, None, 403),
    "asking before (CORS)": (
        "OPTIONS", "/v1/videos", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, None, 403,
    ),
    "a form of another site": ("POST", "/v1/videos", {"Content-Type": "text/plain"}, b'{"uri": "/a"}', 415),
    "a method that is none": ("BREW", "/v1/videos", {}, None, 405),
    "tracing": ("TRACE", "/v1/videos", {}, None, 405),
    "a path out of the store": ("GET", "/v1/blobs/../../secret.mp4", {}, None, 404),
    "the same, hidden": ("GET", "/v1/blobs/%2e%2e%2f%2e%2e%2fsecret.mp4", {}, None, 404),
    "a digest that is none": ("GET", "/v1/blobs/" + "A" * 64, {}, None, 422),
    "a path out of the page": ("GET", "/../app.py", {}, None, 404),
    "the same, hidden twice": ("GET", "/%2e%2e/%2e%2e%2fapp.py", {}, None, 404),
    "a path out of the uploads": ("HEAD", "/v1/uploads/..%2f..%2fkeys", TUS, None, 404),
    "a file beside the allowed folder": ("POST", "/v1/videos", JSON, b'{"uri": "{folder}/secret.mp4"}', 422),
    "a path out of the allowed folder": ("POST", "/v1/videos", JSON, b'{"uri": "{folder}/media/../secret.mp4"}', 422),
    "a link out of the allowed folder": ("POST", "/v1/videos", JSON, b'{"uri": "{folder}/media/link.mp4"}', 422),
    "a device": ("POST", "/v1/videos", JSON, b'{"uri": "/dev/zero"}', 422),
    "a relative path": ("POST", "/v1/videos", JSON, b'{"uri": "../secret.mp4"}', 422),
    "a zero byte in a source": ("POST", "/v1/videos", JSON, b'{"uri": "/a\\u0000.mp4"}', 422),
    "a zero byte in a path": ("GET", "/v1/videos/%00", {}, None, 422),
    "a zero byte in words": (
        "POST", "/v1/videos", JSON, b'{"uri": "http://a.example/", "metadata": {"title": "\\u0000"}}', 422,
    ),
    "half a character": ("POST", "/v1/videos", JSON, b'{"uri": "\\ud800"}', 400),
    "no JSON": ("POST", "/v1/videos", JSON, b"{", 400),
    "no UTF-8": ("POST", "/v1/videos", JSON, b'{"uri": "\xff"}', 400),
    "deep JSON": ("POST", "/v1/videos", JSON, b"[" * 100_000 + b"]" * 100_000, 400),
    "a number that is none": ("POST", "/v1/videos", JSON, b'{"uri": "/a", "options": {"budget_usd": NaN}}', 400),
    "a number beyond all": ("POST", "/v1/videos", JSON, b'{"uri": "/a", "priority": 1e999}', 400),
    "a number with many digits": ("POST", "/v1/videos", JSON, b'{"uri": "/a", "priority": ' + b"9" * 9_999 + b"}", 400),
    "another type": ("POST", "/v1/videos", JSON, b'{"uri": ["/a"]}', 422),
    "unknown fields": ("POST", "/v1/videos", JSON, b'{"uri": "/a", "generation": 5}', 422),
    "no source": ("POST", "/v1/videos", JSON, b"{}", 422),
    "an id that is a path": ("POST", "/v1/videos", JSON, b'{"uri": "/a", "video_id": "../a"}', 422),
    "a long address": ("GET", "/v1/videos?q=" + "a" * 9_000, {}, None, 414),
    "long headers": ("GET", "/v1/videos", {"X-Long": "a" * 40_000}, None, 431),
    "a forged cursor": ("GET", "/v1/videos?cursor=WyJuZXdlc3QiLCJhIiwxXQ", {}, None, 400),
    "a forged event": ("GET", "/v1/events", {"Last-Event-ID": "AQID"}, None, 400),
    "a page without end": ("GET", "/v1/videos?limit=1000000", {}, None, 422),
    "a callback with a password": (
        "POST", "/v1/videos", JSON, b'{"uri": "http://a.example/", "callback_url": "http://u:p@a.example/"}', 422,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYED)
def test_with_keys(guarded: Guarded, name: str):
    who, method, target, headers, body, status = KEYED[name]
    given = {**headers, **(_bearer(guarded, who) if who else {})}
    answer = ask(guarded.keyed, method, target.format_map(guarded.tokens), given, body)
    assert answer.status == status, answer.body
    assert answer.problem["remedy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", OPEN)
def test_without_keys(guarded: Guarded, name: str):
    method, target, headers, body, status = OPEN[name]
    folder = str(guarded.open.settings.data_dir).encode()
    filled = None if body is None else body.replace(b"{folder}", folder)
    answer = ask(guarded.open, method, target, headers, filled)
    assert answer.status == status, answer.body
    if method != "HEAD":
        assert answer.problem["type"].startswith("urn:clipstream:problem:")
    assert b"Traceback" not in answer.body


INNER = (
    "http://{inside}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://0.0.0.0:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://user@{inside}/",
)  # fmt: skip


@pytest.mark.parametrize("where", ["uri", "callback_url"])
@pytest.mark.parametrize("address", INNER)
def test_addresses_of_the_inside(guarded: Guarded, where: str, address: str):
    url = address.format(inside=guarded.inside, port=guarded.inside.rpartition(":")[2])
    body = {"uri": "http://media.example.org/talk.mp4", where: url}
    answer = ask(guarded.keyed, "POST", "/v1/videos", {**JSON, **_bearer(guarded, "writer")}, json.dumps(body).encode())
    assert answer.status == 422, answer.body
    assert answer.problem["detail"]
    with pytest.raises(TimeoutError):  # nobody came
        guarded.inner.accept()


def test_more_than_is_allowed(guarded: Guarded):
    who = _bearer(guarded, "hasty")
    answers = []
    # what takes a token and asks no broker: they come back at one a second, which a slow machine does not outrun else
    while not answers or (answers[-1].status == 404 and len(answers) < 4 * BURST):
        answers.append(ask(guarded.keyed, "GET", "/v1/nothing", who))
    last = answers[-1]
    assert last.status == 429
    assert int(last.headers["retry-after"]) >= 1
    assert "r=0;" in last.headers["ratelimit"]
    assert last.headers["ratelimit-policy"] == f'"default";q={BURST};w={BURST}'
    assert last.problem["remedy"].startswith("Wait for")
    assert ask(guarded.keyed, "GET", "/v1/videos", _bearer(guarded, "reader")).status == 200, "others have their own"


def test_a_body_that_never_said_how_long_it_is(guarded: Guarded):
    pieces = b"".join(b"10000\r\n" + b"a" * 0x10000 + b"\r\n" for _ in range(20)) + b"0\r\n\r\n"
    head = (
        f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {guarded.tokens['writer']}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", guarded.keyed.port), 30) as connection:
        with suppress(OSError):  # it hangs up before it has all
            connection.sendall(head.encode() + pieces)
        connection.settimeout(30)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 413 ")


def _begun(guarded: Guarded, length: int, name: str) -> str:
    label = base64.b64encode(name.encode()).decode()
    headers = {
        **TUS,
        **_bearer(guarded, "writer"),
        "Upload-Length": str(length),
        "Upload-Metadata": f"filename {label}",
    }
    answer = ask(guarded.keyed, "POST", "/v1/uploads", headers, b"")
    assert answer.status == 201, answer.body
    return answer.headers["location"]


def _sent(guarded: Guarded, where: str, body: bytes, who: str = "writer", offset: str = "0") -> Answer:
    headers = {
        **TUS, **_bearer(guarded, who), "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream"
    }  # fmt: skip
    return ask(guarded.keyed, "PATCH", where, headers, body)


def test_uploads_of_others_and_more_than_was_said(guarded: Guarded):
    where = _begun(guarded, 5, "a.mp4")
    assert _sent(guarded, where, b"abc", who="other").status == 404
    assert ask(guarded.keyed, "DELETE", where, {**TUS, **_bearer(guarded, "other")}).status == 404
    assert _sent(guarded, where, b"abcdef").status == 413
    assert _sent(guarded, where, b"abc", offset="3").status == 409
    assert _sent(guarded, where, b"abc", offset="-1").status == 400
    assert _sent(guarded, where, b"abcde").status == 204
    upload = where.rpartition("/")[2]
    body = json.dumps({"upload": upload}).encode()
    stolen = ask(guarded.keyed, "POST", "/v1/videos", {**JSON, **_bearer(guarded, "other")}, body)
    assert stolen.status == 404
    assert ask(guarded.keyed, "DELETE", where, {**TUS, **_bearer(guarded, "boss")}).status == 204


def test_headers_in_a_name(guarded: Guarded):
    """A file's name goes into a header: it cannot begin another one, nor leave its folder."""
    where = _begun(guarded, 4, '../../a"\r\nSet-Cookie: a=b; é.mp4')
    assert _sent(guarded, where, b"abcd").status == 204
    body = json.dumps({"upload": where.rpartition("/")[2]}).encode()
    taken = ask(guarded.keyed, "POST", "/v1/videos", {**JSON, **_bearer(guarded, "writer")}, body)
    assert taken.status == 202, taken.body
    media = ask(guarded.keyed, "GET", taken.headers["location"] + "/media", _bearer(guarded, "reader"))
    assert (media.status, media.body) == (200, b"abcd")
    assert "set-cookie" not in media.headers
    assert re.fullmatch(r"inline; filename\*=UTF-8''[A-Za-z0-9%._~-]+", media.headers["content-disposition"])


def test_cookies_serve_reads_alone(guarded: Guarded):
    begun = ask(guarded.keyed, "POST", "/v1/session", _bearer(guarded, "writer"), b"")
    assert begun.status == 204
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    given = {"Cookie": cookie.partition(";")[0]}
    assert ask(guarded.keyed, "GET", "/v1/videos", given).status == 200
    assert ask(guarded.keyed, "POST", "/v1/videos", {**JSON, **given}, b"{}").status == 401
    assert ask(guarded.keyed, "DELETE", "/v1/videos/a", given).status == 401
    # made with what the file of keys holds, by a clock of 2058
    key = KeyRing(keys_path(guarded.keyed.settings)).by_name("boss")
    assert key is not None
    endless = {"Cookie": f"{COOKIE}={make_session(key, 2_777_777_777_000)}"}
    assert ask(guarded.keyed, "GET", "/v1/videos", endless).status == 401


def test_a_key_that_was_revoked(guarded: Guarded):
    path = keys_path(guarded.keyed.settings)
    token = create_key(path, "brief", ("read",), 0)
    given = {"Authorization": f"Bearer {token}"}
    assert ask(guarded.keyed, "GET", "/v1/videos", given).status == 200
    from streams.gateway.keys import revoke_key

    revoke_key(path, "brief")
    assert ask(guarded.keyed, "GET", "/v1/videos", given).status == 401


def test_ids_of_requests_are_words(guarded: Guarded):
    answer = ask(guarded.open, "GET", "/healthz", {"X-Request-ID": 'a b"<script>'})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert ask(guarded.open, "GET", "/healthz", {"X-Request-ID": "my-id.1"}).headers["x-request-id"] == "my-id.1"


def test_the_page_loads_nothing_from_elsewhere(guarded: Guarded):
    answer = ask(guarded.open, "GET", "/")
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"


def test_logs_hold_no_secrets(guarded: Guarded):
    secret = "super-secret-of-a-source"
    body = json.dumps({"uri": f"https://u:{secret}@media.example.org/a.mp4?sig={secret}"}).encode()
    taken = ask(guarded.keyed, "POST", "/v1/videos", {**JSON, **_bearer(guarded, "writer")}, body)
    assert taken.status == 202, taken.body
    assert json.loads(taken.body)["uri"] == "https://media.example.org/a.mp4"
    ask(guarded.keyed, "GET", f"/v1/videos?q={secret}", _bearer(guarded, "reader"))
    for gateway in (guarded.keyed, guarded.open):
        text = Path(gateway.log).read_text()
        assert "/v1/videos" in text
        for word in (*guarded.tokens.values(), SECRET, secret):
            assert word not in text
