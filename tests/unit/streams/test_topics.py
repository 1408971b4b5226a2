"""The catalogue and where records go."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams import topics


def test_video_partition_is_kafkas_default():
    # hashes from the unit tests of the Java client (org.apache.kafka.common.utils.Utils.murmur2)
    java = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107}
    for key, value in java.items():
        assert topics.video_partition(key, 8) == (value & 0x7FFFFFFF) % 8


@given(st.text(min_size=1, max_size=20), st.integers(1, 64))
def test_items_of_one_video_go_round_all_partitions(video_id, partitions):
    where = Counter(topics.item_partition(video_id, index, partitions) for index in range(partitions * 3))
    assert where == dict.fromkeys(range(partitions), 3)


def test_what_the_joiner_reads_is_co_partitioned():
    from streams.join.parts import JOINED_TOPICS

    assert {spec.partitions for spec in JOINED_TOPICS} == {topics.VIDEO_PARTITIONS}
    assert all(spec.keyed_by_video for spec in JOINED_TOPICS)
