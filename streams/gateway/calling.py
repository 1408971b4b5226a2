"""One delivery to a callback URL: by the rules for sources, to the address that was judged, no redirect followed."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Final

from processors.errors import InvalidMessage, Retryable
from processors.media import hosts, weburl
from streams.settings import Settings

_GONE: Final = 410


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
    """POST a body. Blocks, for `gateway_webhook_timeout_s` of silence at most.

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
    connection = hosts.PinnedConnection(at.host, at.port, addresses, context)
    try:
        connection.connect()
        connection.sock.settimeout(settings.gateway_webhook_timeout_s)
        own = {"Content-Type": "application/json", "User-Agent": "clipstream", "Connection": "close"}
        connection.request("POST", at.target, body, {**own, **headers})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Answer(False, True, f"{weburl.shown(url)}: {str(error) or type(error).__name__}")
    finally:
        connection.close()
    if 200 <= status < 300:
        return Answer(True, False, str(status))
    # a redirect could lead to where nobody looked
    return Answer(False, status != _GONE, f"{weburl.shown(url)} answered {status}")


__all__ = ["Answer", "call"]
