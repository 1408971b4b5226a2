"""Reading ahead without standing in the way: what a worker has not begun waits here, and full topics are not read on.

Faust has one queue for all partitions of an agent, and hands on what it fetched, up to 500 records, before it fetches
again. With a stage that takes a record only when it has room, a long queue on one topic would keep an urgent record of
another one from being fetched for as long as those 500 take: half an hour of recognition. So a stage takes every record
at once, and what waits is bounded by not fetching: of a topic of which `most` records wait, no more is read until half
of them have gone. Partitions stop and go on by Faust's own means for queues that are full.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import faust

# A record that waits is 2 to 20 kB; what is taken and not begun costs nothing after a crash.
READ_AHEAD: Final = 256
REQUESTS_AHEAD: Final = 100_000


class Intake:
    """Bounds what waits of each topic in one worker.

    Args:
        app: its Faust app.
        most: records of a topic that may wait; those of a fetch that is under way come on top.
    """

    def __init__(self, app: faust.App, most: int = READ_AHEAD) -> None:
        self._app, self._most = app, most
        self._waiting: Counter[str] = Counter()
        self._stopped: dict[str, set[Any]] = {}  # topic -> its partitions that are not fetched from

    def arrived(self, partition: Any) -> None:
        """A record of a partition waits from now on."""
        self._waiting[partition.topic] += 1
        if self._waiting[partition.topic] >= self._most:
            # again at each record: Faust goes on with a partition by itself when its own queue has room
            consumer = self._app.consumer
            stopped = {one for one in consumer.assignment() if one.topic == partition.topic}
            for one in stopped:
                consumer.on_buffer_full(one)
            self._stopped[partition.topic] = stopped

    def begun(self, partition: Any) -> None:
        """One of its records waits no longer."""
        topic = partition.topic
        self._waiting[topic] = max(0, self._waiting[topic] - 1)
        if topic in self._stopped and self._waiting[topic] <= self._most // 2:
            consumer = self._app.consumer
            for one in self._stopped.pop(topic) & consumer.assignment():
                consumer.on_buffer_drop(one)

    def forget(self) -> None:
        """The partitions are taken away, and what waited with them; whoever gets them fetches anew."""
        self._waiting.clear()
        for stopped in self._stopped.values():
            self._app.consumer._buffered_partitions -= stopped
        self._stopped.clear()

    def is_full(self, partition: Any) -> bool:
        """Whether nothing is fetched from a partition, since enough of its topic waits."""
        return partition.topic in self._stopped


__all__ = ["READ_AHEAD", "REQUESTS_AHEAD", "Intake"]
