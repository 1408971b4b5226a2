"""A Kafka that goes away ends what waits for it, with the reason, whatever its clients raise at their end."""

from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, NodeNotReadyError

from ops.local.info import CLUSTER_FILE, LOCK_FILE, ClusterInfo, write_json
from ops.local.owner_lock import OwnerLock
from processors.errors import ClipstreamError, StorageFull
from streams import connection
from streams.cli.presence import died, explained, of_another, while_there
from streams.settings import Settings

GONE = ClipstreamError("The Kafka was stopped.")
Usage = namedtuple("Usage", "total used free")


class Client:
    """An aiokafka client of which `stop` does not come through."""

    def __init__(self, at_stop: BaseException | None) -> None:
        self._client = self
        self.at_stop = at_stop
        self.closed = False

    async def stop(self) -> None:
        if self.at_stop is None:
            await asyncio.get_running_loop().create_future()
        else:
            raise self.at_stop

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("at_stop", [asyncio.CancelledError(), NodeNotReadyError("node 1"), OSError("reset"), None])
async def test_the_end_of_a_client_does_not_replace_the_error_before_it(monkeypatch, at_stop):
    monkeypatch.setattr(connection, "_STOP_LIMIT_S", 0.05)
    client = Client(at_stop)

    async def body() -> None:
        try:
            raise GONE
        finally:
            await connection.stop(client)

    with pytest.raises(ClipstreamError, match="stopped"):
        await body()
    assert client.closed


async def test_whoever_is_cancelled_while_a_client_stops_ends():
    stopping = asyncio.create_task(connection.stop(Client(None)))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping


async def test_a_body_that_waits_for_a_kafka_that_is_gone_ends_with_the_reason():
    answers = iter([None, GONE])
    client = Client(asyncio.CancelledError())

    async def body() -> None:
        async with asyncio.timeout(10), while_there(lambda: next(answers)):
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await connection.stop(client)

    with pytest.raises(ClipstreamError, match="stopped"):
        await body()
    assert client.closed
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_an_error_of_the_client_becomes_the_reason_where_kafka_is_gone():
    async def body(gone: ClipstreamError | None) -> None:
        states: list[ClipstreamError | None] = [None]
        async with while_there(lambda: states[0]):
            states[0] = gone
            raise KafkaConnectionError("no nodes")

    with pytest.raises(ClipstreamError, match="stopped"):
        await body(GONE)
    with pytest.raises(KafkaConnectionError):
        await body(None)


async def test_the_user_can_interrupt_what_waits():
    async def body() -> None:
        async with while_there(lambda: None):
            await asyncio.get_running_loop().create_future()

    waiting = asyncio.create_task(body())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def noted(folder: Path, port: int) -> str:
    url = f"kafka://127.0.0.1:{port}"
    write_json(folder / CLUSTER_FILE, ClusterInfo(url, "redis://127.0.0.1:2/0", None, {}, 0, "0").to_dict())
    return url


def test_an_embedded_kafka_is_gone_with_its_note_with_its_owner_and_with_its_address(tmp_path):
    lock = OwnerLock(tmp_path / LOCK_FILE)
    assert lock.acquire()
    why_gone = of_another(Settings(data_dir=tmp_path, broker_url=noted(tmp_path, 1)))
    assert why_gone() is None
    noted(tmp_path, 2)  # the next cluster
    assert "stopped" in str(why_gone())
    noted(tmp_path, 1)
    assert why_gone() is None
    lock.release()  # its owner was killed
    assert "stopped" in str(why_gone())
    assert lock.acquire()
    (tmp_path / CLUSTER_FILE).unlink()  # `down` begins
    assert "stopped" in str(why_gone())
    lock.release()


def test_a_broker_that_is_not_embedded_may_come_back(tmp_path):
    noted(tmp_path, 1)
    assert of_another(Settings(data_dir=tmp_path, broker_url="kafka://broker:9092"))() is None


def test_a_kafka_that_ended_on_a_full_disk_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path))
    assert "logs" in died(tmp_path).reason
    assert "No Kafka broker answers any more" in explained(NodeNotReadyError("node 1")).reason
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(60_000_000, 60_000_000, 0))
    for error in (died(tmp_path), explained(NodeNotReadyError("node 1"))):
        assert isinstance(error, StorageFull)
        assert "No room left on the disk" in error.reason
    monkeypatch.setenv("CLIPSTREAM_BROKER_URL", "kafka://broker:9092")  # whose disk is another one
    assert "No Kafka broker answers any more" in explained(NodeNotReadyError("node 1")).reason


def test_what_kafka_refuses_is_not_called_an_absent_broker():
    assert "refuses" in explained(MessageSizeTooLargeError()).reason
