"""Tracing: off it imports nothing, and headers are read as W3C writes them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from streams import tracing
from streams.settings import Settings
from tests.otlp import receiving

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_off_it_imports_nothing_and_gives_no_headers() -> None:
    code = (
        "import sys\n"
        "from streams import tracing\n"
        "from streams.settings import Settings\n"
        "tracing.begin(Settings(), 'vision', None)\n"
        "assert tracing.publish('transcript')[0] is None\n"
        "with tracing.item('vision', None, 'v', 0, 0) as span: span.set_attribute('status', 'ok')\n"
        "tracing.compute('analyse').end()\n"
        "tracing.end()\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("headers", [[("x", b"y"), ("traceparent", VALID.encode())], {"traceparent": VALID.encode()}])
def test_headers_are_pairs_or_a_mapping(headers: object) -> None:
    assert tracing.header_of(headers) == VALID


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-0",
        VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        VALID.replace("00f067aa0ba902b7", "0" * 16),
        VALID.replace("4bf9", "zzzz"),
        "ff" + VALID[2:],
        VALID[:-4],
    ],
)
def test_a_header_that_is_not_valid_counts_as_none(header: str) -> None:
    assert tracing._parsed(header) is None


def test_a_valid_header_says_whether_it_is_sampled() -> None:
    trace_id, span_id, sampled = tracing._parsed(VALID) or (0, 0, False)
    assert (f"{trace_id:032x}", f"{span_id:016x}", sampled) == (VALID[3:35], VALID[36:52], True)
    assert tracing._parsed(VALID[:-2] + "00") == (trace_id, span_id, False)


async def _work(video: str, headers: object = None) -> dict[str, bytes] | None:
    with tracing.item("vision", SimpleNamespace(headers=headers), video, 0, 3) as span:
        tracing.compute("analyse").end()
        outgoing, way = tracing.publish("vision-result")
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tracing.ended_with(way, delivery)
        delivery.set_result(None)
        await delivery
        await asyncio.sleep(0)  # what hears of a delivery is called in the loop's next turn
        span.set_attribute("status", "ok")
    return outgoing


@pytest.mark.parametrize(("share", "traced"), [(1.0, True), (0.0, False)])
async def test_a_share_of_the_videos_is_traced(share: float, traced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("_LAST_WORDS_S", "_EXPORT_LIMIT_S"):  # so that all spans come, however busy the machine is
        monkeypatch.setattr(tracing, limit, 60)
    with receiving() as receiver:
        settings = Settings(tracing="otlp", tracing_endpoint=receiver.url, tracing_share=share)
        tracing.begin(settings, "vision", "1")
        try:
            outgoing = await _work("one")
            other = await _work("other")
            same = await _work("one")
        finally:
            await asyncio.to_thread(tracing.end)
    assert outgoing is not None
    assert same is not None
    assert other is not None
    assert outgoing["traceparent"][3:35] == same["traceparent"][3:35] != other["traceparent"][3:35]
    assert outgoing["traceparent"].endswith(b"-01" if traced else b"-00")
    assert len(receiver.spans) == (9 if traced else 0)


async def test_a_collector_that_is_away_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_EXPORT_LIMIT_S", 60)  # half a minute of tries, which two seconds are far from
    with receiving() as receiver:
        url = receiver.url
    tracing.begin(Settings(tracing="otlp", tracing_endpoint=url), "vision", "1")
    await _work("one")
    await asyncio.to_thread(tracing.end)
    assert "last-spans" in {one.name for one in threading.enumerate()}, "it tries still, and nobody waits for it"
