"""A worker's own port, on loopback by default: `/healthz` for supervisors of any kind, `/metrics` for Prometheus.

Served by a thread: it answers when the event loop does not, and says so. 200 while the loop turns and work gets on,
else 503; the body says why. Waiting for a broker or a database is no illness: a restart would not help. What is waited
for stands in `waits_for`.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

from streams.clock import Clock

HEALTH_PATH: Final = "/healthz"
# Fifteen beats; a rebalance or a start on a busy machine keeps the loop for seconds at most.
LOOPBACK: Final = "127.0.0.1"
LOOP_LIMIT_S: Final = 30.0
BEAT_EACH_S: Final = 2.0
Answer = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What the event loop saw when it last looked at its partitions; it looks at none while tables are recovered."""

    broker: bool = False  # whether it answered
    partitions: int = 0  # assigned
    lag: int = 0  # records behind the committed offsets
    still_s: float = 0.0  # nothing moved for so long although there is work
    problem: str = ""


class Health:
    """What a worker tells of itself.

    Args:
        agent: its name.
        clock: monotonic time.
    """

    def __init__(self, agent: str, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock
        self.warm = False
        self.waits_for = ""  # what is away, for people; empty when nothing is
        self._beaten_s = clock.monotonic_s()
        self.look = Look()  # replaced whole: the thread that serves sees the old or the new one

    def beat(self) -> None:
        """The event loop turns."""
        self._beaten_s = self._clock.monotonic_s()

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let this event loop beat from its start on, whatever else it waits for."""

        def again() -> None:
            self.beat()
            loop.call_later(BEAT_EACH_S, again)

        loop.call_soon(again)

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether the worker is well, and what there is to know."""
        look = self.look
        silent_s = self._clock.monotonic_s() - self._beaten_s
        problem = look.problem
        if silent_s > LOOP_LIMIT_S:
            problem = f"the event loop has not answered for {silent_s:.0f} s"
        facts = {name: value for name, value in asdict(look).items() if name != "problem"}
        told = {"agent": self._agent, "ok": not problem, "warm": self.warm, **facts}
        return not problem, {**told, "waits_for": self.waits_for, "problem": problem}


def serve(health: Health, registry: CollectorRegistry = REGISTRY, port: int = 0, host: str = LOOPBACK) -> int:
    """Serve health and metrics in a thread for as long as the process lives; returns the port.

    Args:
        health: told on `/healthz`.
        registry: of the metrics.
        port: to listen on; 0 for a free one.
        host: the address.

    Raises:
        OSError: the port is taken.
    """
    metrics: Answer = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != HEALTH_PATH:
            body: Iterable[bytes] = metrics(environ, start_response)
            return body
        well, document = health.report()
        start_response("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps(document).encode()]

    server = make_server(host, port, answer, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_port)


def health_of(host: str, port: int, limit_s: float) -> dict[str, Any] | None:
    """What a worker or the gateway says of itself; None where nobody answers, or it is not well.

    Asked directly, whatever proxy the user's environment names, and under a name that is always its own.
    """
    asked = http.client.HTTPConnection(host, port, timeout=limit_s)
    try:
        asked.request("GET", HEALTH_PATH, headers={"Host": "localhost"})
        answer = asked.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        return told if answer.status == http.HTTPStatus.OK else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        asked.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


__all__ = ["HEALTH_PATH", "LOOP_LIMIT_S", "Health", "Look", "health_of", "serve"]
