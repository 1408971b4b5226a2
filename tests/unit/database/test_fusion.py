"""Reciprocal rank fusion, with the sums done by hand."""

from __future__ import annotations

import pytest

from streams.database.fusion import fused
from streams.database.search import Hit, together


def test_an_item_in_both_lists_is_before_those_that_lead_one():
    found = fused({"words": ["a", "b", "c"], "meaning": ["d", "b"]})
    assert [item for item, _, _ in found] == ["b", "a", "d", "c"]
    assert found[0][1] == pytest.approx(1 / 62 + 1 / 62)
    assert found[0][2] == {"words": 2, "meaning": 2}
    assert found[1][1] == pytest.approx(1 / 61)


def test_nothing_gives_nothing_and_one_list_keeps_its_order():
    assert fused({}) == []
    assert [item for item, _, _ in fused({"words": ["b", "a", "b"]})] == ["b", "a"]


def hit(kind, key, headline="", likeness=None):
    return Hit(kind, "v", key, 0, 1, "", "", None, "en", "text", headline, likeness=likeness)


def test_a_hit_found_both_ways_has_its_headline_and_its_likeness():
    lists = {
        "words": [[hit("segment", "a", "h")], [hit("utterance", "0", "u")]],
        "meaning": [[hit("segment", "b", likeness=0.9), hit("segment", "a", likeness=0.8)], []],
    }
    found = together(lists, 10)
    assert [(one.kind, one.key, one.headline, one.likeness) for one in found] == [
        ("segment", "a", "h", 0.8),
        ("segment", "b", "", 0.9),
        ("utterance", "0", "u", None),
    ]
    assert found[0].ranks == {"words": 1, "meaning": 2}
    assert len(together(lists, 1)) == 1
