from __future__ import annotations

import pytest

from processors.segments.lexicon import KINDS, bare_word, lexicon

LANGUAGES = ["en", "de", "es", "fr", "it", "pt", "nl", "pl", "ru", "zh", "ja"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_is_there_and_in_its_plain_form(language: str) -> None:
    words = lexicon(language)
    assert words.known
    for kind in KINDS:
        assert words.words[kind], kind
        for word in words.words[kind]:
            assert word == bare_word(word), f"{kind}: {word!r} would never match"
            assert " " not in word, f"{kind}: {word!r} is more than one word"
    assert all(entry == entry.lower() and not entry.endswith(".") for entry in words.never | words.maybe)


def test_an_unknown_language_has_only_what_counts_for_all() -> None:
    words = lexicon("xx")
    assert not words.known
    assert not any(words.words.values())
    assert "dr" in words.never


@pytest.mark.parametrize(
    ("language", "kind", "word", "found"),
    [
        ("en", "address", "“You’re", True),
        ("en", "address", "yours", False),
        ("es", "question", "¿Qué", True),
        ("zh", "contrast", "但是我", True),
        ("de", "dangling", "Und", True),
    ],
)
def test_has(language: str, kind: str, word: str, found: bool) -> None:
    assert lexicon(language).has(kind, word) is found
