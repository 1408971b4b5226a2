"""A long file whose every process is killed when half of it is recognised: what is done twice after the restart?

`python -m tests.chaos.halfway --video long.mp4` starts a cluster and all agents, submits the file, kills the workers,
their children, the broker and Valkey with SIGKILL when half of the sound is through, starts everything again on the
same folder, and counts. One JSON document; exit code 1 when the result is not final.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from ops.local.cluster import LocalCluster
from processors.media.probe import probe
from processors.options import Options
from streams import topics
from streams.admin import create_topics
from streams.clock import SYSTEM_CLOCK
from streams.settings import Settings
from tests.pipeline import Pipeline, request, until

LIMIT_S = 3_600.0
VIDEO = "halfway"


def run(video: Path, folder: Path) -> dict[str, Any]:
    """Kill half-way, start again, count."""
    base = Settings(data_dir=folder)
    duration_ms = probe(video, Options(), "").duration_ms
    first = LocalCluster(folder, base.cache_dir)
    settings = _connected(base, first)
    began_s = SYSTEM_CLOCK.monotonic_s()
    with Pipeline(settings) as pipeline:
        asyncio.run(pipeline.submit(request(video, VIDEO)))
        until(lambda: _recognised_ms(pipeline) >= duration_ms / 2, "half of the sound is recognised", LIMIT_S)
        half_s = SYSTEM_CLOCK.monotonic_s() - began_s
        done = _told(pipeline)
        pipeline.stop_watching()
        for pid in [pipeline.pid(child.agent) for child in pipeline.supervisor.children]:
            os.kill(pid, signal.SIGKILL)
        for name in ("kafka", "valkey"):
            os.kill(first.describe().pids[name], signal.SIGKILL)
    first.stop()
    again = LocalCluster(folder, base.cache_dir)
    settings = _connected(base, again)
    began_s = SYSTEM_CLOCK.monotonic_s()
    with Pipeline(settings) as pipeline:
        until(lambda: pipeline.status(VIDEO) == "final", "it is final", LIMIT_S)
        rest_s = SYSTEM_CLOCK.monotonic_s() - began_s
        told = pipeline.read(topics.TRANSCRIPT) + pipeline.read(topics.VISION_RESULT)
        result = pipeline.latest()[VIDEO]
    again.stop()
    computed = Counter((m.header.stage, m.header.index) for m in told if not m.header.cached and not m.header.is_end)
    answered = Counter((m.header.stage, m.header.index) for m in told if m.header.cached and not m.header.is_end)
    return {
        "minutes": round(duration_ms / 60_000, 1),
        "status": result.status,
        "seconds until half": round(half_s),
        "seconds after the restart": round(rest_s),
        "items told before the kill": sum(done.values()),
        "items": len(set(computed) | set(answered)),
        "told again": sum((computed + answered).values()) - len(set(computed) | set(answered)),
        "computed twice": sum(count - 1 for count in computed.values()),
        "again from the result cache": sum(answered.values()),
    }


def _connected(settings: Settings, cluster: LocalCluster) -> Settings:
    info = cluster.start()
    connected = settings.model_copy(update={"broker_url": info.broker_url, "cache_url": info.cache_url})
    asyncio.run(create_topics(connected))
    return connected


def _recognised_ms(pipeline: Pipeline) -> int:
    return max((m.item.end_ms for m in pipeline.read(topics.TRANSCRIPT) if m.item is not None), default=0)


def _told(pipeline: Pipeline) -> Counter[str]:
    messages = pipeline.read(topics.TRANSCRIPT) + pipeline.read(topics.VISION_RESULT)
    return Counter(m.header.stage for m in messages if not m.header.is_end)


def main() -> int:
    """As told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.halfway", description=__doc__)
    parser.add_argument("--video", type=Path, required=True)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipstream-halfway-") as folder:
        found = run(chosen.video.absolute(), Path(folder))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if found["status"] == "final" else 1


if __name__ == "__main__":
    sys.exit(main())
