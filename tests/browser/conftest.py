"""A real gateway before the agents of the run, a browser for each test, a source that never ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from playwright.sync_api import Browser, Page, expect, sync_playwright

from streams import topics
from streams.gateway.keys import create_key, keys_path
from streams.letters import letters
from tests.browser.browsing import Watch, axe, chromium
from tests.gateways import GatewayProcess
from tests.pipeline import Pipeline, until

_LIMIT_MS: Final = 30_000
OPTIONS: Final = {"language": "en", "platforms": ["tiktok"], "max_segments": 4}
_DESKTOP: Final = {"width": 1_280, "height": 800}


@pytest.fixture(scope="module")
def gateway_url(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gateway of most tests, without keys."""
    with GatewayProcess(pipeline.settings, tmp_path_factory.mktemp("gateway") / "gateway.log") as running:
        yield running.url


@pytest.fixture(scope="module")
def locked_gateway(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A gateway that asks for a key; yields its address and a key."""
    folder = tmp_path_factory.mktemp("locked")
    changes = {"gateway_keys_file": folder / "keys.json", "gateway_local_sources": "on"}
    locked = GatewayProcess(pipeline.settings, folder / "gateway.log", **changes)
    token = create_key(keys_path(locked.settings), "editors", ("write",), 1)
    with locked as running:
        yield running.url, token


@pytest.fixture(scope="module")
def dead_letter(pipeline: Pipeline) -> str:
    """A message that nobody can read is among the dead letters; what is in it."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.bootstrap_servers())
        await producer.start()
        try:
            await producer.send_and_wait(topics.VIDEO_INGESTED.name, b"this is <b>no</b> request")
        finally:
            await producer.stop()

    async def there() -> bool:
        return any(b"<b>no</b>" in (one.letter.value or b"") for one in await letters(pipeline.settings))

    asyncio.run(send())
    until(lambda: asyncio.run(there()), "it is given up on", 120)  # the page looks once
    return "this is <b>no</b> request"


@pytest.fixture
def finished(gateway_url: str, sample: Path) -> str:
    """A video that is through, with the options that a test of the form fills in."""
    body = {"uri": str(sample), "options": OPTIONS}
    with httpx.Client(base_url=gateway_url, timeout=60) as client:
        video_id: str = client.post("/v1/videos", json=body).raise_for_status().json()["video_id"]
        until(lambda: client.get(f"/v1/videos/{video_id}").json()["status"] == "final", "it is final", 180)
    return video_id


@pytest.fixture(scope="session")
def axe_source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, installed once a run."""
    return axe(tmp_path_factory.mktemp("axe"))


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser of its own for each test: as long as one is open, its thread has a running event loop."""
    program = chromium()
    expect.set_options(timeout=_LIMIT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def watch(browser: Browser, gateway_url: str) -> Iterator[Watch]:
    """A page of the gateway that is watched: nothing may go wrong on it, and it may ask nobody else."""
    context = browser.new_context(base_url=gateway_url, viewport=_DESKTOP, color_scheme="light", locale="en-GB")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=gateway_url)
    watch = Watch(context.new_page(), gateway_url)
    watch.page.set_default_timeout(_LIMIT_MS)
    yield watch
    context.close()
    assert watch.said == [], "the console is clean"
    assert watch.foreign() == [], "nobody but the gateway was asked"


@pytest.fixture
def page(watch: Watch) -> Page:
    """That page."""
    return watch.page


class HeldSource:
    """A source on the web of which the first byte comes, and the rest when it is let go; use as a context manager.

    Args:
        name: of its file.
        body: of which nothing more comes when that is its first byte alone.
    """

    def __init__(self, name: str, body: bytes) -> None:
        self._released = released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(max(len(body), 2)))
                self.end_headers()
                self.wfile.write(body[:1])
                self.wfile.flush()
                released.wait()
                with suppress(ConnectionError):  # who asked had enough of waiting, and asks again
                    self.wfile.write(body[1:])

            def log_message(self, *_: Any) -> None:
                """Not said."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def let_go(self) -> None:
        """Send the rest, to whoever asked and whoever will."""
        self._released.set()


@pytest.fixture
def held_sample(sample: Path) -> Iterator[HeldSource]:
    """The bundled sample on the web: its video is not through before the test wants it."""
    with HeldSource(sample.name, sample.read_bytes()) as source:
        yield source


@pytest.fixture
def never_ending() -> Iterator[str]:
    """The address of a source that is not through before the test is: its video can be cancelled at any time."""
    with HeldSource("endless.mp4", b"\0") as source:
        yield source.url
