"""Traces of videos through all stages, by OpenTelemetry; off unless the settings say so, and then nothing is imported.

One video is one trace. Who sends a request may give it a W3C `traceparent` in the record's headers; most do not, and
three agents read a request, so without one the trace id follows from the video and its generation: all stages come to
the same one, without asking each other. Each record carries on the context of what published it.

::

    <stage>            an item: stage, video_id, generation, index, status
    |-- compute        its job in a child, the wait for a free child included; cached when the result cache answered
    `-- publish <topic>    until the broker has the record; the parent of whatever the next stage does with it

Progress and tables have no spans.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Protocol, cast

from processors.errors import Fatal
from streams.settings import Settings

HEADER: Final = "traceparent"
# A collector that is away must not keep a worker from stopping; the exporter alone tried for 16 s.
_LAST_WORDS_S: Final = 2.0
_EXPORT_LIMIT_S: Final = 5  # for a batch, its tries again included
Headers = dict[str, bytes]


class Span(Protocol):
    """What callers do with a span."""

    def set_attribute(self, key: str, value: Any) -> object:
        """Note something about it."""
        ...

    def end(self) -> object:
        """It is over."""
        ...


class _Nothing:
    """A span that is not there."""

    def set_attribute(self, key: str, value: Any) -> None:
        return

    def end(self) -> None:
        return


_NOTHING: Final = _Nothing()
_NO_ITEM: Final = nullcontext(_NOTHING)


class _Active:
    """Tracing that is on: a tracer and the modules that it needs."""

    def __init__(self, settings: Settings, stage: str, instance: str | None) -> None:
        try:
            from opentelemetry import context, trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, TraceIdRatioBased
        except ImportError as error:
            raise Fatal(
                f"Tracing needs a package that is not here: {error.name}.",
                "pip install 'clipstream[tracing]', or CLIPSTREAM_TRACING=off.",
            ) from error
        self.context, self.trace = context, trace
        about = {"service.name": f"clipstream-{stage}", "service.instance.id": instance or "main"}
        self._share = TraceIdRatioBased(settings.tracing_share)
        # every span has a parent, whose flag says whether the video is traced
        self.provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=Resource.create(about))
        exporter = OTLPSpanExporter(endpoint=settings.tracing_endpoint, timeout=_EXPORT_LIMIT_S)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("clipstream")

    def parent(self, raw_headers: Any, video_id: str, generation: int) -> Any:
        """The context that a record came with, else the one that follows from its video."""
        found = _parsed(header_of(raw_headers))
        if found is None:
            digest = hashlib.sha256(f"{video_id}|{generation}".encode()).digest()
            trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
            found = (trace_id, span_id, self._sampled(trace_id))
        trace_id, span_id, sampled = found
        flags = self.trace.TraceFlags(self.trace.TraceFlags.SAMPLED if sampled else 0)
        of = self.trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
        return self.trace.set_span_in_context(self.trace.NonRecordingSpan(of))

    def _sampled(self, trace_id: int) -> bool:
        decision = self._share.should_sample(None, trace_id, "").decision
        return bool(decision.is_sampled())  # type: ignore[no-untyped-call]


_active: _Active | None = None


def begin(settings: Settings, stage: str, instance: str | None) -> None:
    """Switch tracing on in this process, where the settings say so.

    Raises:
        Fatal: a package is missing.
    """
    global _active  # noqa: PLW0603 - one process is one worker
    if settings.tracing == "otlp":
        _active = _Active(settings, stage, instance)


def end() -> None:
    """Send what is not sent yet, and switch it off."""
    global _active
    active, _active = _active, None
    if active is not None:
        sending = threading.Thread(target=active.provider.shutdown, name="last-spans", daemon=True)
        sending.start()
        sending.join(_LAST_WORDS_S)


def item(stage: str, raw: Any, video_id: str, generation: int | None, index: int) -> AbstractContextManager[Span]:
    """The span of an item, which is the parent of all that its task begins meanwhile.

    Args:
        stage: that works on it.
        raw: the record, for its headers.
        video_id: of the item.
        generation: of the item; None counts as 0.
        index: of the item; -1 for an end record.
    """
    if _active is None:
        return _NO_ITEM
    return _item(_active, stage, raw, video_id, generation or 0, index)


def compute(job: str) -> Span:
    """The span of a job; the caller ends it."""
    if _active is None:
        return _NOTHING
    return cast(Span, _active.tracer.start_span("compute", attributes={"job": job}))


def publish(topic: str) -> tuple[Headers | None, Span]:
    """The headers of a record that goes out and the span of its way; see `ended_with`."""
    if _active is None:
        return None, _NOTHING
    kind = _active.trace.SpanKind.PRODUCER
    span = _active.tracer.start_span(f"publish {topic}", kind=kind, attributes={"topic": topic})
    of = span.get_span_context()
    if not of.is_valid:  # outside an item: a timer of the watchdog
        return None, cast(Span, span)
    return {HEADER: f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}".encode()}, cast(Span, span)


def ended_with(span: Span, delivery: Awaitable[Any]) -> None:
    """End a span when a delivery has ended, well or not."""
    if span is not _NOTHING:
        cast(Any, delivery).add_done_callback(lambda _: span.end())


def header_of(headers: Any) -> str:
    """`traceparent` of a record's headers, which the client gives as pairs or as a mapping; empty without one."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    for name, value in pairs:
        if name == HEADER and isinstance(value, bytes):
            return value.decode("ascii", errors="replace")
    return ""


@contextmanager
def _item(active: _Active, stage: str, raw: Any, video_id: str, generation: int, index: int) -> Iterator[Span]:
    span = active.tracer.start_span(
        stage,
        context=active.parent(raw.headers, video_id, generation),
        kind=active.trace.SpanKind.CONSUMER,
        attributes={"stage": stage, "video_id": video_id, "generation": generation, "index": index},
    )
    token = active.context.attach(active.trace.set_span_in_context(span))
    try:
        yield cast(Span, span)
    finally:
        active.context.detach(token)
        span.end()


def _parsed(header: str) -> tuple[int, int, bool] | None:
    """Trace id, span id and whether it is sampled (W3C Trace Context, version 00); None for what is not valid."""
    parts = header.split("-")
    if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:4])
    except ValueError:
        return None
    return (trace_id, span_id, bool(flags & 1)) if trace_id and span_id else None


__all__ = ["HEADER", "Span", "begin", "compute", "end", "ended_with", "header_of", "item", "publish"]
