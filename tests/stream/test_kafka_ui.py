"""The Kafka UI for real: it is there, and reads what our records say. Slow: its environment is 560 MB."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request

import pytest

from ops.local.cluster import LocalCluster
from ops.local.downloads import ConsoleReporter
from ops.local.kafka_ui import ensure_ui
from schemas.messages import VideoIngested
from streams.admin import create_topics
from streams.client import producing
from streams.settings import Settings

pytestmark = [pytest.mark.stream, pytest.mark.slow, pytest.mark.timeout(600)]

# The reading half of the page, as it stands behind its button.
READ = """
import json, sys
from kafka_viewer.config import build_consumer_config, build_schema_registry_config, load_properties
from kafka_viewer.kafka_client import KafkaClient
properties = load_properties(sys.argv[1])
client = KafkaClient(build_consumer_config(properties)[0], build_schema_registry_config(properties))
found = client.load_messages("video-ingested", "", "beginning", 10)
print(json.dumps([{"value": one.value, "error": one.value_error} for one in found], default=str))
"""


def test_it_shows_our_records_decoded(tmp_path):
    cache = Settings().cache_dir
    with LocalCluster(tmp_path, cache, ui=True) as cluster:
        info = cluster.describe()
        settings = Settings(data_dir=tmp_path).model_copy(update=info.addresses())
        asyncio.run(submitted(settings))
        with urllib.request.urlopen(info.ui_url) as page:
            assert page.status == 200
        python = ensure_ui(cache, ConsoleReporter())
        command = [str(python), "-c", READ, str(tmp_path / "ui" / "viewer.properties")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        (shown,) = json.loads(done.stdout)
    assert shown["error"] is None
    assert "/shown.mp4" in str(shown["value"])


async def submitted(settings: Settings) -> None:
    await create_topics(settings)
    async with producing(settings) as submit:
        await submit(VideoIngested(uri="/shown.mp4", video_id="shown"))
