"""The log of events and the queues of readers: what is behind a vector, what is coalesced, what is bounded."""

from __future__ import annotations

import asyncio

import pytest

from streams.gateway.feed import PROGRESS, SEGMENTS, Entry, Feed, Reader, coalesced


def _entries(*wanted: tuple[str, str, int]) -> list[Entry]:
    """Entries of (kind, video, partition), with the offsets that follow."""
    at = [0, 0]
    found = []
    for kind, video, place in wanted:
        at[place] += 1
        found.append(Entry(kind, video, 0, place, at[place] - 1, tuple(at), bytes))
    return found


LOG = _entries(
    (SEGMENTS, "a", 0),
    (PROGRESS, "a", 1),
    (SEGMENTS, "b", 0),
    (PROGRESS, "b", 1),
    (PROGRESS, "a", 1),
    (SEGMENTS, "a", 0),
)


@pytest.mark.parametrize(
    ("since", "video", "expected"),
    [
        ((0, 0), None, [0, 1, 2, 3, 4, 5]),
        ((0, 0), "b", [2, 3]),
        ((1, 1), None, [2, 3, 4, 5]),
        ((0, 3), None, [0, 2, 5]),
        ((3, 0), "a", [1, 4]),
        ((3, 3), None, []),
        ((9, 9), None, []),  # told by another gateway that is ahead
    ],
)
def test_behind_a_vector(since: tuple[int, int], video: str | None, expected: list[int]):
    feed = Feed(2, 100)
    for entry in LOG:
        feed.add(entry)
    assert feed.holds(since)
    assert feed.behind(since, video) == [LOG[number] for number in expected]


def test_what_the_log_holds_no_longer():
    feed = Feed(2, 3)
    for entry in LOG:
        feed.add(entry)
    assert not feed.holds((2, 0))
    assert feed.holds((2, 1))
    assert feed.behind((2, 1), None) == LOG[3:]
    feed.start_at((50, 60))
    assert not feed.holds((50, 59))


def test_progress_is_coalesced_and_nothing_else():
    assert coalesced(LOG) == [LOG[0], LOG[2], LOG[3], LOG[4], LOG[5]]


def test_a_reader_gets_what_it_has_not_seen():
    feed, reader = Feed(2, 100), Reader(None, (1, 2), 100)
    feed.join(reader)
    for entry in LOG:
        feed.add(entry)
    taken = reader.take()
    assert taken == [LOG[2], LOG[4], LOG[5]]
    assert [reader.seen(entry) for entry in taken] == [(2, 2), (2, 3), (3, 3)]
    feed.leave(reader)
    assert len(feed) == 0


def test_a_reader_with_too_much_waiting_is_given_up():
    reader = Reader(None, (0, 0), 5)
    for entry in (*LOG[:5], LOG[4]):
        reader.offer(entry)  # the last one fits, since progress of a is told in one by then
    assert not reader.overrun
    for entry in (LOG[5], LOG[5]):
        reader.offer(entry)
    assert reader.overrun
    assert reader.take() == []


async def test_results_press_and_progress_does_not():
    reader = Reader(None, (0, 0), 10)
    reader.offer(LOG[1])
    await asyncio.wait_for(reader.arrived(), 1)
    assert not reader.urgent()
    waiting = asyncio.create_task(reader.pressing())
    reader.offer(LOG[2])
    await asyncio.wait_for(waiting, 1)
    assert reader.urgent()
