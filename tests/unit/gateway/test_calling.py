"""Callbacks keep to the rules for sources at each try: a name that leads elsewhere by now is not followed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from processors.media import hosts
from streams.clock import SYSTEM_CLOCK
from streams.gateway.calling import call
from streams.settings import Settings
from tests.gateways import Receiver

_PATIENCE_S = 60.0  # of receivers that hold a call; a call without a limit is found out by it
_LATE_S = 5.0  # after the limit of a call nobody connects any more, however slow the machine


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


@contextmanager
def _receiver(does: Callable[[socket.socket], None], limit_s: float) -> Iterator[tuple[int, list[bool]]]:
    """A server that does something with one connection in a thread; the port, and whether we hung up in time.

    The list is empty where nobody connected: a call of so long may be over before it came to that.
    """
    hung_up: list[bool] = []

    def serve() -> None:
        try:
            taken, _ = server.accept()
        except TimeoutError:
            return
        with taken:
            taken.settimeout(_PATIENCE_S)
            try:
                does(taken)
            except TimeoutError:
                hung_up.append(False)
            except OSError:
                hung_up.append(True)
            else:
                hung_up.append(False)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(limit_s + _LATE_S)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], hung_up
        finally:
            thread.join()


def _drip(taken: socket.socket) -> None:
    taken.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    end_s = SYSTEM_CLOCK.monotonic_s() + _PATIENCE_S
    pause = threading.Event()
    while SYSTEM_CLOCK.monotonic_s() < end_s:
        taken.sendall(b"x")
        pause.wait(0.05)


def _say_nothing(taken: socket.socket) -> None:
    while taken.recv(1 << 16):
        pass
    raise ConnectionError("it hung up")


@pytest.mark.parametrize(("scheme", "does"), [("http", _drip), ("http", _say_nothing), ("https", _say_nothing)])
def test_the_whole_call_has_a_limit(scheme: str, does: Callable[[socket.socket], None]):
    """Also where a byte comes now and then, and where TLS never begins."""
    for limit_s in (0.5, 5.0, 20.0):  # a machine that stands still for longer has not connected: it has more time
        settings = Settings(allow_private_hosts=True, gateway_webhook_timeout_s=limit_s)
        with _receiver(does, limit_s) as (port, hung_up):
            answer = call(f"{scheme}://127.0.0.1:{port}/hook", b"{}", {}, settings)
        assert (answer.taken, answer.again) == (False, True)
        if hung_up:
            break
    assert hung_up == [True]


def test_addresses_that_do_not_answer_share_the_limit():
    settings = Settings(allow_private_hosts=True, gateway_webhook_timeout_s=0.5)
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # nobody takes them, so that the next ones are not answered
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        begun_s = SYSTEM_CLOCK.monotonic_s()
        port = server.getsockname()[1]
        answer = call(f"http://silent.example.org:{port}/", b"{}", {}, settings, lambda *_: ["127.0.0.1"] * 3)
        took_s = SYSTEM_CLOCK.monotonic_s() - begun_s
    assert (answer.taken, answer.again) == (False, True)
    assert took_s < 3 * hosts.CONNECT_TIMEOUT_S, "not ten seconds for each"


def test_the_next_address_is_called():
    settings = Settings(allow_private_hosts=True)
    with Receiver(200) as receiver:
        url = f"http://some.example.org:{receiver.port}/hook"
        answer = call(url, b"{}", {}, settings, lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert (answer.taken, answer.why) == (True, "200")
    assert len(receiver.got) == 1
