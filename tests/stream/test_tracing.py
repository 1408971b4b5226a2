"""One video is one trace, through real workers and a real broker, to a real receiver."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams import agents, topics
from streams.admin import create_topics
from streams.connection import client_options
from streams.settings import Settings
from streams.tracing import HEADER
from streams.worker import living_workers
from tests.otlp import Seen, receiving
from tests.pipeline import Pipeline, request, until
from tests.unit.observe.values import value_in

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass(frozen=True)
class Observed:
    """What was seen of two videos."""

    wanted: set[str]  # agents
    spans: list[Seen]
    segmenter: str  # its scrape


@pytest.fixture(scope="module")
def observed(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Observed]:
    """Workers of their own that trace, and know what is said in one of the videos."""
    folder = tmp_path_factory.mktemp("observed")
    truth = json.loads(sample.with_name("sample.truth.json").read_text(encoding="utf-8"))
    (folder / "traced.txt").write_text(" ".join(one["text"] for one in truth["speech"]), encoding="utf-8")
    with receiving() as receiver:
        settings = cluster_settings.model_copy(
            update={
                "topic_prefix": "traced-",
                "data_dir": folder,
                "truth_dir": folder,
                "tracing": "otlp",
                "tracing_endpoint": receiver.url,
                "cache_url": "",
            }
        )
        asyncio.run(create_topics(settings))
        wanted = set(agents.wanted(settings))
        with Pipeline(settings) as traced:
            (result,) = traced.process(request(sample, "traced", profile="fast"))
            assert result.status == "final"
            asyncio.run(_submit_with_header(settings, sample))
            until(lambda: traced.status("foreign") == "final", "the second one is through", 180)

            def items(video: str) -> set[str]:
                return {span.name for span in receiver.spans if span.attributes.get("video_id") == video}

            until(lambda: items("traced") >= wanted and items("foreign") >= wanted, "spans of all stages arrived", 120)

            def compared() -> str:
                note = next(note for note in living_workers(folder) if note["agent"] == "segmenter")
                with urllib.request.urlopen(f"http://127.0.0.1:{note['port']}/metrics", timeout=60) as answer:
                    text = answer.read().decode()
                return text if value_in(text, "clipstream_word_error_rate_count") else ""

            until(lambda: bool(compared()), "the words were compared with the truth")
            segmenter = compared()
            # spans of the last seconds are sent when the workers end
        yield Observed(wanted, receiver.spans, segmenter)


def test_the_error_rate_is_told_of_the_video_with_a_truth(observed: Observed) -> None:
    assert value_in(observed.segmenter, "clipstream_word_error_rate_count") == 1, "of one of both videos"
    # the smallest model on synthetic speech, which the balanced profile writes down with 1 %; without any words it is 1
    assert 0.0 <= value_in(observed.segmenter, "clipstream_word_error_rate_sum") < 0.35


def test_one_video_is_one_trace_with_spans_of_all_stages(observed: Observed) -> None:
    wanted = observed.wanted
    spans = [span for span in observed.spans if span.attributes.get("video_id") == "traced"]
    (trace_id,) = {span.trace_id for span in spans}
    assert {span.name for span in spans} == wanted
    assert {span.service for span in spans} == {f"clipstream-{name}" for name in wanted}
    assert {span.attributes["status"] for span in spans} == {"ok"}
    assert {span.attributes["generation"] for span in spans} == {0}
    assert all(span.took_ns > 0 for span in spans)

    whole = [span for span in observed.spans if span.trace_id == trace_id]
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

    foreign = {span.trace_id for span in observed.spans if span.attributes.get("video_id") == "foreign"}
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
