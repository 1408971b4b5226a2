"""What waits of a topic is bounded by not fetching; other topics go on."""

from __future__ import annotations

from types import SimpleNamespace

from streams.intake import Intake


class Consumer:
    """The part of Faust's that stops and goes on with partitions."""

    def __init__(self, *partitions: SimpleNamespace) -> None:
        self.assigned = set(partitions)
        self._buffered_partitions: set[SimpleNamespace] = set()

    def assignment(self) -> set[SimpleNamespace]:
        return set(self.assigned)

    def on_buffer_full(self, partition: SimpleNamespace) -> None:
        self._buffered_partitions.add(partition)

    def on_buffer_drop(self, partition: SimpleNamespace) -> None:
        self._buffered_partitions.discard(partition)


class Partition(SimpleNamespace):
    def __hash__(self) -> int:
        return hash((self.topic, self.partition))


LOW, HIGH = [Partition(topic="items", partition=n) for n in range(2)], Partition(topic="items-high", partition=0)


def test_a_full_topic_is_not_fetched_until_half_of_it_has_begun():
    consumer = Consumer(*LOW, HIGH)
    intake = Intake(SimpleNamespace(consumer=consumer), most=4)  # type: ignore[arg-type]
    for _ in range(3):
        intake.arrived(LOW[0])
    assert consumer._buffered_partitions == set()
    intake.arrived(LOW[1])
    assert consumer._buffered_partitions == set(LOW), "all of the topic, and nothing else"
    assert (intake.is_full(LOW[0]), intake.is_full(HIGH)) == (True, False)
    consumer.on_buffer_drop(LOW[0])  # Faust goes on by itself, and what comes stops it again
    intake.arrived(LOW[0])
    assert consumer._buffered_partitions == set(LOW)
    for _ in range(2):
        intake.begun(LOW[0])
    assert intake.is_full(LOW[0])
    intake.begun(LOW[0])
    assert consumer._buffered_partitions == set()
    assert not intake.is_full(LOW[0])


def test_partitions_that_are_taken_away_stay_away():
    consumer = Consumer(*LOW, HIGH)
    intake = Intake(SimpleNamespace(consumer=consumer), most=1)  # type: ignore[arg-type]
    intake.arrived(LOW[0])
    intake.arrived(HIGH)
    consumer.assigned = {HIGH}
    intake.begun(LOW[0])
    assert consumer._buffered_partitions == {*LOW, HIGH}, "what is not ours is not fetched from"
    intake.forget()
    assert consumer._buffered_partitions <= set(LOW)
    assert not intake.is_full(HIGH)
