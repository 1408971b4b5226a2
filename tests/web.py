"""A small real web server for tests, which counts what is asked of it and cuts connections where it is told."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Final

from ops.bench.serving import Listener, Serving

BLOCK: Final = 1 << 16


@dataclass
class Page:
    """What the server answers under a path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    cut_at: list[int] = field(default_factory=list)  # one number for each answer: bytes after which it hangs up
    endless: bool = False  # sends `body` in chunks for ever


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    at: str  # the server's own address that the client connected to


class WebServer(Serving):
    """Serves pages on all loopback addresses at a free port; use as a context manager."""

    def __init__(self, pages: dict[str, Page], tls: ssl.SSLContext | None = None) -> None:
        self.pages = pages
        self.asked: list[Asked] = []
        super().__init__(Listener(("0.0.0.0", 0), self._handler()))
        self._tls = tls
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(Asked(self.path, dict(self.headers), self.connection.getsockname()[0]))
                page = server.pages.get(self.path.split("?")[0], Page(b"not here", 404))
                try:
                    self._answer(page)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def _answer(self, page: Page) -> None:
                start, status = 0, page.status
                if page.etag is not None and self.headers.get("If-None-Match") == page.etag:
                    self._head(page, 304, 0)
                    return
                wanted = self.headers.get("Range")
                if wanted is not None and page.etag is not None and self.headers.get("If-Range") == page.etag:
                    start, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
                    if start >= len(page.body):
                        self.send_response(416)
                        self.send_header("Content-Range", f"bytes */{len(page.body)}")
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                if page.endless:
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    while True:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(page.body), page.body))
                body = page.body[start:]
                if status == 206:
                    span = f"bytes {start}-{len(page.body) - 1}/{len(page.body)}"
                    self._head(page, status, len(body), {"Content-Range": span})
                else:
                    self._head(page, status, len(body))
                end = page.cut_at.pop(0) if page.cut_at else len(body)
                for at in range(0, min(end, len(body)), BLOCK):
                    self.wfile.write(body[at : min(at + BLOCK, end)])
                self.close_connection = end < len(body)

            def _head(self, page: Page, status: int, length: int, more: dict[str, str] | None = None) -> None:
                self.send_response(status)
                tag = {} if page.etag is None else {"ETag": page.etag}
                for name, value in ({"Content-Length": str(length)} | tag | page.headers | (more or {})).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
