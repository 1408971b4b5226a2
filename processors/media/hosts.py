"""Which hosts a source may be fetched from, and connections that go to the very address that was checked.

A name is resolved once. Each of its addresses is judged, and the connection is made to one of them by number: a name
that resolves to another address a moment later (DNS rebinding) changes nothing. TLS still checks the name.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from processors.errors import InvalidMessage, Retryable

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 30.0  # silence of a server that is still at work: busy ones were seen to take 10 s
# Addresses in front of which another one stands: IPv4 by translation (RFC 6052), local translation (RFC 8215).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")

Resolver = Callable[[str, int], Sequence[str]]


def lookup(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, in the order in which the system prefers them.

    Raises:
        OSError: it has none, or nobody can be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_host(host: str, allowed_hosts: frozenset[str]) -> None:
    """Refuse a host that is not on the list.

    Args:
        host: lower case, as in the URL.
        allowed_hosts: names or addresses; `*.example.org` is every name below `example.org`. Empty: all.

    Raises:
        InvalidMessage: it is not on the list.
    """
    if not allowed_hosts:
        return
    for allowed in (entry.lower() for entry in allowed_hosts):
        if host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:])):
            return
    raise InvalidMessage(
        f"Sources from the host '{host}' are not accepted.", "CLIPSTREAM_ALLOWED_HOSTS lists those that are."
    )


def checked_addresses(host: str, port: int, *, allow_private: bool, resolver: Resolver) -> Sequence[str]:
    """Resolve a host and judge every address of it.

    Args:
        host: a name or an address.
        port: for the resolver.
        allow_private: take addresses that are not public as well.
        resolver: how names become addresses.

    Returns:
        Addresses, at least one, all of which may be connected to.

    Raises:
        InvalidMessage: one of them is not public.
        Retryable: the name cannot be resolved.
    """
    try:
        addresses = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise Retryable(f"The host '{host}' cannot be resolved: {error}.", "Check the name and the network.") from error
    if not addresses:
        raise Retryable(f"The host '{host}' has no address.", "Check the name.")
    for address in addresses:
        if not (allow_private or is_public(address)):
            raise InvalidMessage(
                f"The host '{host}' is at {address}, which is not a public address.",
                "Set CLIPSTREAM_ALLOW_PRIVATE_HOSTS=true to fetch from hosts of your own network.",
            )
    return addresses


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet: not private, loopback, link-local, multicast or reserved.

    IPv6 addresses that stand for an IPv4 one (mapped, 6to4, translated) are judged by both.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None or ip.is_site_local or ip in _NAT64_LOCAL:
            return False
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (
        ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    )


class PinnedConnection(http.client.HTTPConnection):
    """An HTTP connection to given addresses under a host's name. Knows no proxies and follows nothing by itself.

    Args:
        host: name for the Host header and for TLS.
        port: of the server.
        addresses: from `checked_addresses`; tried in order.
        context: for TLS, checks the certificate by `host`; None is plain HTTP.
    """

    def __init__(self, host: str, port: int, addresses: Sequence[str], context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=READ_TIMEOUT_S)
        self.default_port = http.client.HTTP_PORT if context is None else http.client.HTTPS_PORT
        self._addresses = addresses
        self._context = context
        self._open: socket.socket | None = None  # `sock` is given up while the last answer is still read

    def connect(self) -> None:
        """Connect to the first address that answers.

        Raises:
            OSError: none does, or the certificate is not one of the host's (`ssl.SSLCertVerificationError`).
        """
        self.sock = self._open = self._first_open()
        self._open.settimeout(READ_TIMEOUT_S)
        if self._context is not None:
            # the handshake apart, so that it can be cut as well
            tls = self._context.wrap_socket(self._open, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self._open = tls
            tls.do_handshake()

    def cut(self) -> None:
        """End whatever waits for the server, from another thread."""
        if self._open is not None:
            with suppress(OSError):  # it has ended by itself
                # not TLS's own, which would go on in plain text
                socket.socket.shutdown(self._open, socket.SHUT_RDWR)

    def _first_open(self) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in self._addresses:
            try:
                return socket.create_connection((address, self.port), CONNECT_TIMEOUT_S)
            except OSError as error:
                failure = error
        raise failure


__all__ = ["PinnedConnection", "Resolver", "check_host", "checked_addresses", "is_public", "lookup"]
