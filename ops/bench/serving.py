"""Real HTTP servers on loopback for benches and tests: each serves in a thread while its `with` block lasts."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import Self


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


__all__ = ["Listener", "Serving"]
