"""Limits on dead letters, and what a dead letter carries."""

from __future__ import annotations

import pytest

from processors.errors import InvalidMedia, InvalidMessage
from streams import codec, topics
from streams.dead_letters import MAX_RAW_BYTES, RATIO_WINDOW, DeadLetterLimit, FailureMeter, letter


def test_consecutive_limit_is_inclusive_and_a_success_resets_it():
    meter = FailureMeter(2, 1.0)
    for _ in range(3):
        meter.failure()
        meter.failure()
        meter.success()
    meter.failure()
    meter.failure()
    with pytest.raises(DeadLetterLimit, match="3 valid items"):
        meter.failure()


def test_ratio_counts_only_over_a_full_window():
    meter = FailureMeter(10**6, 0.5)
    for _ in range(RATIO_WINDOW // 2):
        meter.failure()
    for _ in range(RATIO_WINDOW // 2 - 1):
        meter.success()
    meter.success()
    meter.success()
    meter.failure()  # 100 of 200: at the limit
    for _ in range(50):
        meter.success()
    for _ in range(50):
        meter.failure()  # they push out as many of the oldest failures: still 100 of 200
    with pytest.raises(DeadLetterLimit, match="101 of the last 200"):
        _fail(meter, RATIO_WINDOW)


def _fail(meter: FailureMeter, times: int) -> None:
    for _ in range(times):
        meter.failure()


def test_a_letter_has_the_trace_of_unforeseen_errors_and_only_of_those():
    common = {"stage": "vision", "topic": "t", "partition": 0, "offset": 1, "key": b"k", "video_id": "v",
              "attempts": 4, "at_ms": 5}  # fmt: skip
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError as error:
        unforeseen = letter(value=b"x" * (MAX_RAW_BYTES + 9), error=error, **common)
    assert "ZeroDivisionError: oops" in unforeseen.trace
    assert len(unforeseen.value or b"") == MAX_RAW_BYTES
    expected = letter(value=b"x", error=InvalidMedia("The file is empty."), **common)
    assert (expected.trace, expected.reason, expected.error_class) == ("", "The file is empty.", "InvalidMedia")


def test_a_letter_fits_into_a_record_whatever_it_is_about():
    """One that did not would stop the stage at the same message for ever."""
    error = InvalidMessage("ä" * 900_000)
    made = letter(
        stage="metadata", topic="video-ingested", partition=0, offset=0, key=b"k" * 120_000, value=b"v" * 950_000,
        video_id=None, error=error, attempts=1, at_ms=0,
    )  # fmt: skip
    encoded = codec.encode(topics.DEAD_LETTER, made)
    assert len(encoded) + len(made.key or b"") < 950_000
