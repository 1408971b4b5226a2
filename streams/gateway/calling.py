"""One delivery to a callback URL: by the rules for sources, to the address that was judged, no redirect followed."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from processors.errors import InvalidMessage, Retryable
from processors.media import hosts, weburl
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings

_GONE: Final = 410
_CUT_AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said.

    Attributes:
        taken: it has it.
        again: whether another try makes sense.
        why: for people.
    """

    taken: bool
    again: bool
    why: str


def call(
    url: str, body: bytes, headers: dict[str, str], settings: Settings, resolver: hosts.Resolver = hosts.lookup
) -> Answer:
    """POST a body. Blocks for `gateway_webhook_timeout_s` at most, once the name is looked up.

    Args:
        url: of the receiver.
        body: JSON.
        headers: signature and the like.
        settings: which hosts may be called.
        resolver: how names become addresses.
    """
    try:
        at = weburl.parse(url)
        if at.scheme not in settings.allowed_schemes:
            raise InvalidMessage(f"Addresses of the kind '{at.scheme}:' are not called.")
        hosts.check_host(at.host, settings.allowed_hosts)
        # each time anew: where a name leads may have changed since it was taken
        addresses = hosts.checked_addresses(
            at.host, at.port, allow_private=settings.allow_private_hosts, resolver=resolver
        )
    except InvalidMessage as error:
        return Answer(False, False, error.reason)
    except Retryable as error:
        return Answer(False, True, error.reason)
    context = ssl.create_default_context() if at.scheme == "https" else None
    limit_s = settings.gateway_webhook_timeout_s
    connection = _Limited(at.host, at.port, addresses, context, limit_s)
    try:
        with _cut_after(connection, limit_s):
            connection.connect()
            connection.sock.settimeout(limit_s)
            own = {"Content-Type": "application/json", "User-Agent": "clipstream", "Connection": "close"}
            connection.request("POST", at.target, body, {**own, **headers})
            status = connection.getresponse().status
        if connection.over.is_set():  # headers that were cut read like headers that ended
            raise TimeoutError
    except (OSError, http.client.HTTPException) as error:
        why = f"no answer within {limit_s:g} s" if connection.over.is_set() else str(error) or type(error).__name__
        return Answer(False, True, f"{weburl.shown(url)}: {why}")
    finally:
        connection.close()
    if 200 <= status < 300:
        return Answer(True, False, str(status))
    # a redirect could lead to where nobody looked
    return Answer(False, status != _GONE, f"{weburl.shown(url)} answered {status}")


class _Limited(hosts.PinnedConnection):
    """A connection whose addresses share the time of a call: a dead one leaves the next one its part."""

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], context: ssl.SSLContext | None, limit_s: float
    ) -> None:
        super().__init__(host, port, addresses, context)
        self._end_s = SYSTEM_CLOCK.monotonic_s() + limit_s
        self.over = threading.Event()  # it was cut

    def _first_open(self) -> socket.socket:
        failure: OSError = TimeoutError("no address answers")
        for number, address in enumerate(self._addresses):
            left_s = (self._end_s - SYSTEM_CLOCK.monotonic_s()) / (len(self._addresses) - number)
            if left_s <= 0:
                break
            try:
                return socket.create_connection((address, self.port), min(left_s, hosts.CONNECT_TIMEOUT_S))
            except OSError as error:
                failure = error
        raise failure


@contextmanager
def _cut_after(connection: _Limited, limit_s: float) -> Iterator[None]:
    """End the connection after so long: a receiver that sends a byte now and then never runs into a time-out."""
    done = threading.Event()

    def watch() -> None:
        wait_s = limit_s
        while not done.wait(wait_s):
            connection.over.set()
            connection.cut()
            wait_s = _CUT_AGAIN_S  # what just opened, or became TLS, was not there to be cut

    watching = threading.Thread(target=watch, name="webhook-limit", daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


__all__ = ["Answer", "call"]
