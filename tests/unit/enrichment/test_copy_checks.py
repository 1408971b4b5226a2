"""What a model answers is held against what was said, and cut to the limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichment.copy_answer import Draft, Version
from processors.enrichment.copy_checks import checked, wrong_with
from processors.enrichment.grounded import foreign
from processors.enrichment.platform_limits import DESCRIPTION_CHARS, HASHTAGS, TITLE_CHARS, limits_of
from processors.segments.platforms import Rules
from tests.unit.segments.test_platforms import OWN

SAID = "The moon pulls the ocean towards it. That was measured in 1,500 harbours, see tides.org for it."

LIMITS = limits_of([])


def rules(**change: Any) -> Rules:
    return Rules.model_validate(OWN | change)


def draft(**changes: Any) -> Draft:
    made = Draft(
        7.0, "The moon pulls the ocean", "", "teach", "Why the sea rises", "What the moon does.", ["Tides"], 0.9
    )
    return replace(made, **changes)


def test_words_that_are_not_said_are_left_out() -> None:
    copy = checked(draft(hook="the MOON pulls the ocean", payoff="It changed my life"), SAID, {})
    assert (copy.hook, copy.payoff) == ("The moon pulls the ocean", "")


def test_texts_are_cut_and_not_trusted() -> None:
    long = draft(title="tide " * 50, description="water " * 200, hashtags=[f"tag{chr(97 + n)}" for n in range(26)])
    copy = checked(long, SAID, LIMITS)
    assert len(copy.title) <= TITLE_CHARS
    assert copy.title.endswith("…")
    assert len(copy.description) <= DESCRIPTION_CHARS
    assert len(copy.hashtags) == HASHTAGS
    for name, limits in LIMITS.items():
        text = copy.platforms[name]
        assert bool(text.title) == (limits.title_chars is not None)
        assert len(text.title) <= (limits.title_chars or 0)
        assert 0 < len(text.description) + sum(len(tag) + 2 for tag in text.hashtags) <= limits.description_chars
        assert len(text.hashtags) <= limits.hashtags.recommended


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        (["#Tides", "The Sea", "tides", "  ", "#", "2024", "sea-level_rise"], ["tides", "thesea", "sealevelrise"]),
        (["<script>", "a#b", "x" * 60, "naïve"], ["script", "ab", "naïve"]),
        (["潮汐", "हिन्दी"], ["潮汐", "हिन्दी"]),
    ],
)
def test_hashtags_are_words(tags: list[str], kept: list[str]) -> None:
    assert checked(draft(hashtags=tags), SAID, {}).hashtags == kept


def test_quotation_marks_around_a_title_go() -> None:
    assert checked(draft(title='"Why the sea rises"'), SAID, {}).title == "Why the sea rises"
    assert checked(draft(title='"'), SAID, {}).title == '"'


def test_a_platform_has_its_own_title_or_the_general_one() -> None:
    limits = {
        "small": rules(title_chars=20, description_chars=1_000, hashtags={"recommended": 2}),
        "other": rules(title_chars=100, description_chars=1_000, hashtags={"recommended": 3}),
    }
    versions = {"small": Version("Sea rises", ["one", "two", "three"])}
    copy = checked(draft(versions=versions, hashtags=["a", "b", "c", "d"]), SAID, limits)
    assert (copy.platforms["small"].title, copy.platforms["small"].hashtags) == ("Sea rises", ["one", "two"])
    assert (copy.platforms["other"].title, copy.platforms["other"].hashtags) == ("Why the sea rises", ["a", "b", "c"])
    too_long = {"small": Version("A title that is far too long for it", [])}
    again = checked(draft(versions=too_long), SAID, limits).platforms["small"]
    assert (again.title, again.hashtags) == ("Why the sea rises", ["tides"]), "the general one fits whole"
    stranger = checked(draft(versions={"nowhere": Version("x", [])}), SAID, limits)
    assert list(stranger.platforms) == ["small", "other"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Three ways to look at it", None),
        ("7 ways to look at it", None),
        ("1500 harbours", None),
        ("What 1.500 harbours say", None),
        ("It was v3.5 of e.g. that", "a figure"),
        ("Win 1,000,000 today", "a figure"),
        ("47 ways", "a figure"),
        ("More on tides.org", None),
        ("Buy at https://evil.example/x", "an address"),
        ("Go to evil-shop.com now", "an address"),
        ("Mail me@evil.example", "an address"),
        ("Follow @evil", "an address"),
        ("Go to EVIL.COM", "an address"),
        ("He said so.The rest left", None),
    ],
)
def test_addresses_and_figures_must_have_been_said(text: str, wrong: str | None) -> None:
    found = foreign(text, SAID)
    assert found == (None if wrong is None else f"{wrong} that nobody names")


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Go to evil.com"},
        {"description": "Write to a@b.example"},
        {"hashtags": ["evil.com"]},
        {"versions": {"reels": Version("Visit www.evil.example", [])}},
        {"versions": {"reels": Version("x", ["www.evil.example"])}},
    ],
)
def test_every_text_is_looked_at(changes: dict[str, Any]) -> None:
    assert wrong_with(draft(), SAID) is None
    assert wrong_with(draft(**changes), SAID) == "an address that nobody names"


@given(st.text(max_size=400), st.text(max_size=900), st.lists(st.text(max_size=60), max_size=20))
def test_nothing_is_longer_than_it_may_be(title: str, description: str, tags: list[str]) -> None:
    copy = checked(draft(title=title, description=description, hashtags=tags), SAID, LIMITS)
    assert len(copy.title) <= TITLE_CHARS
    assert len(copy.description) <= DESCRIPTION_CHARS
    assert len(copy.hashtags) <= HASHTAGS
    assert all(tag and not tag.startswith("#") and not any(map(str.isspace, tag)) for tag in copy.hashtags)
    for name, text in copy.platforms.items():
        assert len(text.title) <= (LIMITS[name].title_chars or 0)
        assert len(text.description) + sum(len(tag) + 2 for tag in text.hashtags) <= LIMITS[name].description_chars
