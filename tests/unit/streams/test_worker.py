"""What a worker does beside its agent."""

from __future__ import annotations

import logging

from streams.worker import Repeats
from tests.unit.streams.test_supervisor import HandClock


def record(name: str, text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "x.py", 1, text, values, None)


def test_the_same_complaint_of_the_kafka_client_is_written_once_in_ten_seconds():
    clock = HandClock()
    repeats = Repeats(clock)
    away = record("aiokafka", "Unable connect to node with id %s: %s", 1, "refused")
    assert [repeats.filter(away) for _ in range(3)] == [True, False, False]
    assert repeats.filter(record("aiokafka", "Unable to update metadata from %s", [1]))
    clock.now_s += 10.1
    assert repeats.filter(away)


def test_our_own_words_are_always_written():
    repeats, own = Repeats(HandClock()), record("clipstream.stage", "v: try %d failed", 1)
    assert all(repeats.filter(own) for _ in range(3))
