"""Runs the gateway as a process: what it may bind, uvicorn, its end."""

from __future__ import annotations

import gc
import logging
import socket
from types import FrameType
from typing import Final

import uvicorn
from starlette.datastructures import State

from ops.local.ports import by_whom
from processors.errors import ClipstreamError, Fatal
from streams.addresses import is_loopback
from streams.clock import SYSTEM_CLOCK
from streams.gateway.app import create_app, guarded
from streams.gateway.keys import KeyRing, keys_path
from streams.logs import set_up
from streams.settings import Settings

_END_S: Final = 10  # for answers that are under way
_BACKLOG: Final = 2_048
_CONNECTIONS: Final = 4_096


class _Server(uvicorn.Server):
    """Tells event streams to end before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        gateway = getattr(self._state, "gateway", None)
        if gateway is not None:
            gateway.stopping.set()
        super().handle_exit(sig, frame)


def run_gateway(settings: Settings) -> None:
    """Serve until a signal.

    Raises:
        ClipstreamError: the address may not be bound, or the port is taken.
    """
    set_up(settings, "gateway", None, SYSTEM_CLOCK)
    for quiet in ("aiokafka", "kafka", "uvicorn.error", "asyncio"):
        logging.getLogger(quiet).setLevel(logging.DEBUG if settings.log_level == "DEBUG" else logging.WARNING)
    check_binding(settings)
    listening = bound(settings.gateway_host, settings.gateway_port)
    host, port = listening.getsockname()[:2]
    logging.getLogger("clipstream.gateway").info(
        "Listening at http://%s:%d", f"[{host}]" if ":" in host else host, port
    )
    app = create_app(settings, SYSTEM_CLOCK)
    config = uvicorn.Config(
        guarded(app, settings, SYSTEM_CLOCK),
        lifespan="on",
        http="h11",  # httptools takes 0.1 ms less, and answers a method that it does not know in plain text
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_END_S,
        limit_concurrency=_CONNECTIONS,
        backlog=_BACKLOG,
        ws="none",
    )
    # what is loaded by now stays: a full collection looks at it again for 0.2 s, in the middle of a burst
    gc.collect()
    gc.freeze()
    server = _Server(config, app.state)
    server.run(sockets=[listening])
    if not server.started:
        raise Fatal("The gateway did not start; its log says why.")


def check_binding(settings: Settings) -> None:
    """Refuse an address beyond loopback as long as there are no API keys.

    Raises:
        ClipstreamError: everybody in the network could use it.
    """
    if is_loopback(settings.gateway_host) or KeyRing(keys_path(settings)).keys():
        return
    raise ClipstreamError(
        f"Without API keys the gateway listens on loopback only, and not at {settings.gateway_host}.",
        "Make a key first: `clipstream keys create NAME --scope write`.",
    )


def bound(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ClipstreamError: the port is taken, or the address is none of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
    except OSError as error:
        raise ClipstreamError(f"'{host}' is no address of this machine.", "Set CLIPSTREAM_GATEWAY_HOST.") from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(found[4])
    except OSError as error:
        listening.close()
        raise ClipstreamError(
            f"Port {port} at {host}, wanted for the gateway, cannot be had: {error.strerror}{by_whom(port)}.",
            "End what listens there, or set CLIPSTREAM_GATEWAY_PORT (0 takes any that is free).",
        ) from error
    return listening


__all__ = ["bound", "check_binding", "run_gateway"]
