"""Callbacks keep to the rules for sources at each try: a name that leads elsewhere by now is not followed."""

from __future__ import annotations

import socket

import pytest

from streams.gateway.calling import call
from streams.settings import Settings


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def _untouched(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]]
)
def test_a_name_that_leads_here_by_now(listening: socket.socket, addresses: list[str]):
    port = listening.getsockname()[1]
    answer = call(f"http://rebound.example.org:{port}/", b"{}", {}, Settings(), lambda *_: addresses)
    assert (answer.taken, answer.again) == (False, False)
    assert "not a public address" in answer.why
    assert _untouched(listening)


@pytest.mark.parametrize(
    "url", ["gopher://example.org/", "http://", "http://a b/", "http://exa\nmple.org/", "file:///etc/passwd"]
)
def test_what_is_no_address(url: str):
    answer = call(url, b"{}", {}, Settings(), lambda *_: ["93.184.216.34"])
    assert (answer.taken, answer.again) == (False, False)


def test_nobody_there_is_tried_again():
    settings = Settings(allow_private_hosts=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = call(f"http://127.0.0.1:{port}/hook?token=secret", b"{}", {}, settings)
    assert (answer.taken, answer.again) == (False, True)
    assert "secret" not in answer.why
