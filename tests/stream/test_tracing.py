"""One video is one trace, through real workers and a real broker, to a real receiver."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams import agents, topics
from streams.admin import create_topics
from streams.connection import client_options
from streams.settings import Settings
from streams.tracing import HEADER
from tests.otlp import receiving
from tests.pipeline import Pipeline, request, until

pytestmark = pytest.mark.stream
FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.timeout(300)
def test_one_video_is_one_trace_with_spans_of_all_stages(
    cluster_settings: Settings, tmp_path: Path, sample: Path
) -> None:
    with receiving() as receiver:
        settings = cluster_settings.model_copy(
            update={
                "topic_prefix": "traced-",
                "data_dir": tmp_path,
                "tracing": "otlp",
                "tracing_endpoint": receiver.url,
                "cache_url": "",
            }
        )
        asyncio.run(create_topics(settings))
        with Pipeline(settings) as traced:
            (result,) = traced.process(request(sample, "traced", profile="fast"))
            assert result.status == "final"
            asyncio.run(_submit_with_header(settings, sample))
            until(lambda: traced.status("foreign") == "final", "the second one is through")
            wanted = set(agents.wanted(settings))

            def items(video: str) -> set[str]:
                return {span.name for span in receiver.spans if span.attributes.get("video_id") == video}

            until(lambda: items("traced") >= wanted and items("foreign") >= wanted, "spans of all stages arrived")
            # those of the last second are sent when the workers end
    spans = [span for span in receiver.spans if span.attributes.get("video_id") == "traced"]
    (trace_id,) = {span.trace_id for span in spans}
    assert {span.name for span in spans} == wanted
    assert {span.service for span in spans} == {f"clipstream-{name}" for name in wanted}
    assert {span.attributes["status"] for span in spans} == {"ok"}
    assert {span.attributes["generation"] for span in spans} == {0}
    assert all(span.took_ns > 0 for span in spans)

    whole = [span for span in receiver.spans if span.trace_id == trace_id]
    by_id = {span.span_id: span for span in whole}
    # every item but those of the request itself has the publishing of its record as parent
    for span in spans:
        if span.name not in ("metadata", "audio-extractor", "frame-extractor"):
            assert by_id[span.parent_id].name.startswith("publish "), span
    for span in whole:
        if span.name == "compute" or span.name.startswith("publish "):
            assert by_id[span.parent_id].attributes["video_id"] == "traced", span
    names = Counter(span.name for span in whole)
    assert names["compute"] >= len(wanted) - 1, "the joiner computes nothing in a child"
    assert names["publish audio-chunk"] == names["transcriber"]
    published = {f"publish {spec.name}" for spec in (topics.TRANSCRIPT, topics.VIDEO_JOINED, topics.SEGMENTS)}
    assert published <= set(names)

    foreign = {span.trace_id for span in receiver.spans if span.attributes.get("video_id") == "foreign"}
    assert foreign == {FOREIGN}, "a request that brings its trace keeps it"


async def _submit_with_header(settings: Settings, sample: Path) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    try:
        value = b'{"uri": "%s", "video_id": "foreign", "options": {"profile": "fast"}}' % str(sample).encode()
        header = (HEADER, f"00-{FOREIGN}-00f067aa0ba902b7-01".encode())
        await producer.send_and_wait(settings.topic(topics.VIDEO_INGESTED.name), value, headers=[header])
    finally:
        await producer.stop()
