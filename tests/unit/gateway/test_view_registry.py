"""A record by a foreign schema: the view waits for the registry, and not on the event loop."""

from __future__ import annotations

import asyncio
import io
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fastavro
import orjson
import pytest

from schemas import bundled
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.gateway.view import Submitted, View, decoded
from streams.settings import Settings

FOREIGN = 7
SPEC = topics.VIDEO_INGESTED


class Record:
    """As the consumer gives it."""

    def __init__(self) -> None:
        body = io.BytesIO()
        fastavro.schemaless_writer(body, bundled(SPEC.schema).parsed, {"uri": "/v.mp4", "video_id": "foreign"})
        self.value = struct.pack(">bI", 0, FOREIGN) + body.getvalue()


@pytest.fixture
def registry() -> Iterator[tuple[str, list[int], threading.Event]]:
    """A registry that first is away for a while, and then answers when it is let."""
    answers: list[int] = []
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = 503 if not answers else 200
            answers.append(status)
            if status == 200:
                released.wait(30)
            content = orjson.dumps({"schema": bundled(SPEC.schema).text})
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers, released
    released.set()
    server.shutdown()
    server.server_close()
    thread.join()
    codec.use_registry("")


async def test_a_record_waits_for_the_registry_and_nobody_else_does(
    tmp_path: Path, registry: tuple[str, list[int], threading.Event]
) -> None:
    url, answers, released = registry
    codec.use_registry(url)
    view = View(Settings(data_dir=tmp_path, registry_url=url, retry_base_s=0.01), SYSTEM_CLOCK)
    record = Record()
    learning = asyncio.create_task(view._learn(SPEC, record.value))
    while answers != [503, 200]:  # this loop goes on meanwhile
        await asyncio.sleep(0.01)
    assert not learning.done()
    released.set()
    await learning
    found = decoded(SPEC, record)
    assert isinstance(found, Submitted)
    assert found.video_id == "foreign"
