"""Loopback ports: free ones from the operating system, and a clear word about those that are taken."""

from __future__ import annotations

import socket
from typing import Final

from ops.local.errors import PortTaken

LOOPBACK: Final = "127.0.0.1"


def choose_port(wanted: int | None, what: str) -> int:
    """The wanted port if it is free, or any free one.

    Args:
        wanted: TCP port; None for one that the operating system chooses.
        what: what will listen there, for the message ("Kafka").

    Raises:
        PortTaken: the wanted port is in use.
    """
    if wanted is None:
        return _free_port()
    if not is_free(wanted):
        raise PortTaken(
            f"Port {wanted} on {LOOPBACK}, wanted for {what}, is taken{by_whom(wanted)}.",
            "End what listens there, or ask for another port; without one a free port is chosen.",
            port=wanted,
        )
    return wanted


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        # As servers do: connections of the last run in TIME_WAIT do not count.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    """A free port from the operating system; another program may still be quicker to bind it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


def by_whom(port: int) -> str:
    """' by NAME (process PID)' where the operating system tells, else nothing."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            listens_there = connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,)
            if listens_there and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""


__all__ = ["LOOPBACK", "by_whom", "choose_port", "is_free"]
