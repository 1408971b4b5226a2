"""Real HTTP servers on loopback for benches and tests: each serves in a thread while its `with` block lasts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Listener(ThreadingHTTPServer):
    """A server whose clients may hang up."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what tests are about."""


class Serving:
    """Serves in a thread while its `with` block lasts."""

    def __init__(self, http: Listener) -> None:
        self._http = http
        self._thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class JsonService(Serving):
    """Answers each POST with a JSON document, on loopback; use as a context manager.

    Args:
        answer: gives the document for the body of a request.
    """

    def __init__(self, answer: Callable[[bytes], Any]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.dumps(answer(self.rfile.read(int(self.headers["Content-Length"])))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Listener(("127.0.0.1", 0), Handler))

    @property
    def base_url(self) -> str:
        """Up to and with its version."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"


__all__ = ["JsonService", "Listener", "Serving"]
