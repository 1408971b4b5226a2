"""What metrics and traces cost by the item: `python -m ops.bench.observe_cost`. Processor time, so load matters little.

An item is what a stage does for one: its span, one job, one record; and one transcript of 70 words told to the metrics.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, Final

from ops.bench.stub_child import CHUNK_MS, transcript
from processors.options import Options
from schemas.messages import Header, TranscriptMessage
from streams import topics, tracing
from streams.metrics.observed import observe
from streams.settings import Settings

ROUNDS: Final = 5
ITEMS: Final = 2_000  # below what the exporter queues (2,048), so that none is dropped within a round


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


def processor_us(work: Callable[[], object]) -> float:
    """Processor time of this thread for one call, the least of five rounds, in microseconds."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.thread_time_ns()
        for _ in range(ITEMS // ROUNDS):
            work()
        rounds.append((time.thread_time_ns() - started) / (ITEMS // ROUNDS) / 1_000)
    return round(min(rounds), 2)


def run() -> dict[str, float]:
    """Measure."""
    raw = SimpleNamespace(headers=())
    header = Header("v", 0, "transcriber", 0, "ok", None, 1, Options(), None, 600, False)
    message = TranscriptMessage(header, transcript(0, CHUNK_MS), None)

    def item() -> None:
        with tracing.item("transcriber", raw, "v", 0, 3) as span:
            tracing.compute("transcribe").end()
            tracing.publish("transcript")[1].end()
            span.set_attribute("status", "ok")

    told = processor_us(lambda: observe("transcriber", topics.TRANSCRIPT.name, header, message))
    off = processor_us(item)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    tracing.begin(Settings(tracing="otlp", tracing_endpoint=url), "transcriber", None)
    on = processor_us(item)
    tracing.end()
    server.shutdown()
    return {"transcript_told_us": told, "tracing_off_us": off, "tracing_on_us": on}


if __name__ == "__main__":
    json.dump(run(), sys.stdout)
    print()
