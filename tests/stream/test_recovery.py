"""After a restart with a table to rebuild, every record that was not acked is handed to the stage: faust issue 596."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from streams import topics
from streams.admin import connect, create_topics
from streams.connection import client_options
from streams.settings import Settings
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(180)]
BEFORE, AFTER = 4, 40  # records before the worker is killed, and those that come while it is away


async def send(settings: Settings, topic: str, values: list[str], partitions: range) -> None:
    async with AIOKafkaProducer(**client_options(settings), acks="all") as producer:
        for number, value in enumerate(values):
            await producer.send_and_wait(topic, value.encode(), partition=partitions[number % len(partitions)])


@contextmanager
def worker(settings: Settings, topic: str, handed: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    with handed.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stream.restart_worker", topic, handed, settings.model_dump_json(), *flags],
            stderr=log,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def restarted(settings: Settings, folder: Path, *flags: str) -> set[str]:
    """Values of records that no worker was handed, after one was killed, lost its table, and came back."""
    settings = settings.model_copy(update={"topic_prefix": f"{folder.name}-", "data_dir": folder})
    topic, handed = settings.topic("numbers"), folder / "handed"
    folder.mkdir()
    handed.touch()

    async def prepare() -> None:
        await create_topics(settings)
        admin = await connect(settings)
        await admin.create_topics([NewTopic(topic, topics.VIDEO_PARTITIONS, 1)])
        await admin.close()
        # half of the partitions: the others have no committed offset when the worker comes back
        await send(settings, topic, before, range(topics.VIDEO_PARTITIONS // 2))

    def got() -> set[str]:
        return set(handed.read_text().split())

    def handed_last() -> bool:
        for partition, value in enumerate(last):
            if value not in got():
                asyncio.run(send(settings, topic, [value], range(partition, partition + 1)))
        return got() >= set(last)

    before = [f"before-{number}" for number in range(BEFORE)]
    after = [f"after-{number}" for number in range(AFTER)]
    last = [f"last-{number}" for number in range(topics.VIDEO_PARTITIONS)]
    asyncio.run(prepare())
    with worker(settings, topic, handed, *flags):
        until(lambda: got() == set(before), "the worker is handed what is there")
    shutil.rmtree(settings.data_dir / "tables")
    asyncio.run(send(settings, topic, after, range(topics.VIDEO_PARTITIONS)))
    # Each partition is read in order: with a last record of all here, nothing before it still comes. Faust's own
    # recovery may leave out all that is there by its end, this record as well, or hand out nothing ever again.
    with worker(settings, topic, handed, *flags), suppress(AssertionError):
        until(handed_last, "the worker is handed what comes last")
    return {*after, *last} - got()


def test_no_record_is_left_out_after_a_restart_with_a_table_to_rebuild(cluster_settings, tmp_path):
    assert restarted(cluster_settings, tmp_path / "ours") == set()


def test_with_fausts_own_recovery_records_are_left_out(cluster_settings, tmp_path):
    assert restarted(cluster_settings, tmp_path / "stock", "--stock")
