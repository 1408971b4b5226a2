"""Real gateways for tests: `clipstream gateway` as processes on free ports, and a reader of server-sent events."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import httpx

from ops.local.child import spawn, stop
from ops.local.ports import choose_port
from streams.gateway.signing import PREFIX
from streams.reading import to_environment
from streams.settings import Settings
from streams.supervisor import clipstream_command
from tests.pipeline import until

SECRET: Final = PREFIX + "c2VjcmV0LW9mLXRoZS10ZXN0cy0xMjM0NTY3ODkw"
_START_S: Final = 150.0  # 4 s on a quiet machine
_STOP_S: Final = 15.0
# By default 2 s; after that a read answers with what the gateway knows so far, in which a test misses what it wrote.
_READ_WAIT_S: Final = 30.0
_ASK_S: Final = 60.0  # above the wait of a read
_QUIET_S: Final = 60.0  # a stream says something every 15 s, and its beginning waits as a read does
_BACK_S: Final = 0.02


class GatewayProcess:
    """One gateway; use as a context manager."""

    def __init__(self, settings: Settings, log: Path, **changes: Any) -> None:
        self.settings = settings.model_copy(update={"gateway_read_wait_s": _READ_WAIT_S} | changes)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.port = self.settings.gateway_port
        if "gateway_port" not in changes:
            self._choose_port()

    def _choose_port(self) -> None:
        self.port = choose_port(None, "a gateway")
        self.settings = self.settings.model_copy(update={"gateway_port": self.port})

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        try:
            try:
                self.wait_ready()
            except AssertionError:
                if not self._port_was_lost():
                    raise
                self._choose_port()
                self.start()
                self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            stop(self.process, _STOP_S)

    def start(self) -> None:
        """Start it; it is not ready then."""
        environment = {**os.environ, **to_environment(self.settings)}
        self.process = spawn([*clipstream_command(), "gateway"], self.log, environment, death_signal=signal.SIGKILL)

    def wait_ready(self) -> None:
        """Wait until it answers."""
        until(self._ready, f"the gateway answers; its log is {self.log}", _START_S)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2_000:]
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    def _port_was_lost(self) -> bool:
        """Whether it ended because another program was quicker to take the port that was free."""
        ended = self.process is not None and self.process.poll() is not None
        return ended and f"Port {self.port} " in self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def client(self, token: str = "", **options: Any) -> httpx.Client:
        """Asks it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=_ASK_S, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, without a key."""
        with self.client() as client:
            return client.request(method, path, **options)


class Receiver:
    """A real HTTP server that answers what it is told, and keeps what it gets."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.broken = threading.Event()  # set: 503, whatever was told
        statuses_left = list(statuses)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = statuses_left.pop(0) if statuses_left else 200
                self.send_response(503 if receiver.broken.is_set() else status)
                self.send_header("Content-Length", "0")
                if self.path == "/moved":
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    kind: str
    data: dict[str, Any]


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Events in the lines of a stream, by the rules of the HTML standard as far as they are used."""
    id_, kind, data = "", "message", ""
    for line in lines:
        name, _, value = line.partition(": ")
        if line == "":
            if data:
                yield Event(id_, kind, json.loads(data))
            kind, data = "message", ""
        elif name == "id":
            id_ = value
        elif name == "event":
            kind = value
        elif name == "data":
            data += value


class Follower:
    """Reads a stream in a thread, and comes back where it was when a gateway goes away, to the next of its gateways."""

    def __init__(self, urls: list[str], path: str, last: str = "", token: str = "") -> None:
        self.urls, self.path, self.last = urls, path, last
        self.seen: list[Event] = []
        self.connections = 0
        self.ready = threading.Event()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._done = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self.ready.wait(_START_S):
            self.__exit__()
            raise AssertionError(f"no stream begins at {self.urls}{self.path}")
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._socket is not None:
            with suppress(OSError):  # closed already
                self._socket.shutdown(socket.SHUT_RDWR)  # else it would wait for the next event
        self._thread.join(_START_S)
        assert not self._thread.is_alive()

    def wait(self, condition: Callable[[list[Event]], bool], what: str, limit_s: float = 60.0) -> None:
        """Wait until what was seen has something."""
        until(lambda: condition(list(self.seen)), what, limit_s)

    def of(self, kind: str) -> list[Event]:
        """Events of a kind so far."""
        return [event for event in self.seen if event.kind == kind]

    def _run(self) -> None:
        while not self._done.is_set():
            url = self.urls[self.connections % len(self.urls)]
            self.connections += 1
            headers = {**self._headers, **({"Last-Event-ID": self.last} if self.last else {})}
            try:
                with httpx.stream("GET", url + self.path, headers=headers, timeout=_QUIET_S) as answer:
                    self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                    if answer.status_code == 200 and not self._done.is_set():
                        self._read(answer)
            except httpx.TransportError:  # gone, or quiet for too long: it comes back in both cases
                pass
            self._done.wait(_BACK_S)

    def _read(self, answer: httpx.Response) -> None:
        for event in events(answer.iter_lines()):
            if event.id:
                self.last = event.id
            if event.kind == "ready":
                self.ready.set()
            self.seen.append(event)
            if self._done.is_set():
                return


__all__ = ["SECRET", "Event", "Follower", "GatewayProcess", "Receiver", "events"]
