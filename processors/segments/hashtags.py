"""Hashtags: what a segment is about in one word each, taken from what is said and seen, in its own language.

In this order: its own key phrases, names that are said in it more than once, key phrases of its topics that are said
in it, what is seen in it. Where these make fewer than three, key phrases of the topics around it and the category. A
phrase becomes one word with a capital at each part ("climate change": ClimateChange); a form of a tag that is there
already ("coral", "corals", "CoralReef") is left out, and so is a word that says nothing alone ("roughly", "guys").
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from processors.content.categories import OTHER
from processors.languages import UNSPACED
from processors.segments.lexicon import EDGE_PUNCTUATION, KINDS, bare_word, lexicon
from processors.segments.passage import Passage
from processors.segments.wording import makes_no_tag
from processors.segments.words import text_of
from processors.vision.words import MEASURED

MOST: Final = 8
# Fewer look like none; what lies further off the segment fills up to here.
LEAST: Final = 3
# Longer ones are sentences without blanks: nobody searches for them.
MAX_CHARACTERS: Final = 30
LEAST_LETTERS: Final = 3
LEAST_WIDE: Final = 2  # in scripts without blanks
MAX_WORDS: Final = 3
# A word with a capital in the middle of a sentence that comes so often is what it is about, no slip.
AGAIN: Final = 2
# Languages that write each noun with a capital: there it tells no name.
CAPITAL_NOUNS: Final = frozenset({"de", "lb"})
# What is seen in a picture is named with this certainty, or not at all.
SURE: Final = 0.6
# Labels that say how a picture looks, or that somebody is there: true of half of all videos.
PLAIN: Final = frozenset({"person", "people", "face", "text", "graphic", "title", "other", "black", "close-up"})
# Two words are forms of one when one begins with the other and has so few letters more.
ENDING: Final = 2


def hashtags_of(passage: Passage, phrases: Sequence[str] = (), most: int = MOST) -> list[str]:
    """At most `most` tags without "#", the most telling first; fewer where the segment has no more to tell.

    Args:
        passage: the segment.
        phrases: its own key phrases, see `content.phrases.passage_phrases`.
        most: tags.
    """
    chosen: list[str] = []
    for candidates, wanted in ((_near(passage, phrases), most), (_around(passage, phrases), min(most, LEAST))):
        for phrase in candidates:
            if len(chosen) >= wanted:
                break
            tag = "" if _says_nothing(phrase, passage.language) else tag_of(phrase)
            if tag and not any(_alike(_pieces(tag), _pieces(other)) for other in chosen):
                chosen.append(tag)
    return chosen


def tag_of(phrase: str) -> str:
    """A phrase as one word; empty where it makes no tag: too long, too short, or without letters."""
    parts = _parts(phrase)
    if not parts or len(parts) > MAX_WORDS:
        return ""
    tag = "".join(part if any(map(str.isupper, part[1:])) else part[:1].upper() + part[1:] for part in parts)
    wide = any(unicodedata.category(character) == "Lo" for character in tag)
    least = LEAST_WIDE if wide else LEAST_LETTERS
    return tag if least <= len(tag) <= MAX_CHARACTERS and not tag.isdigit() else ""


def _parts(phrase: str) -> list[str]:
    """The words of a phrase: letters, marks and digits; everything else divides or goes."""
    text = phrase.replace("'", "").replace("’", "")
    kept = "".join(
        character if unicodedata.category(character)[0] in "LMN" or character == "_" else " " for character in text
    )
    return kept.split()


def _near(passage: Passage, phrases: Sequence[str]) -> Iterator[str]:
    yield from (phrase for phrase in phrases if _telling(phrase, passage))
    yield from _names(passage)
    yield from (phrase for phrase in passage.segment.topics if _times_said(phrase, passage))
    yield from _things(passage)


def _around(passage: Passage, phrases: Sequence[str]) -> Iterator[str]:
    yield from phrases
    yield from passage.segment.topics
    yield from _categories(passage)


def _telling(phrase: str, passage: Passage) -> bool:
    """Whether a key phrase is more than a rare word said once: said again, or of several words, or a name."""
    named = phrase[:1].isupper() and passage.language not in CAPITAL_NOUNS
    return len(phrase.split()) > 1 or named or _times_said(phrase, passage) >= AGAIN


def _times_said(phrase: str, passage: Passage) -> int:
    said = text_of(list(passage.tokens)).casefold()
    start = "" if passage.language in UNSPACED else r"\b"  # "reef" is not said in "carefree"
    return len(re.findall(start + re.escape(phrase.casefold()), said))


def _says_nothing(phrase: str, language: str) -> bool:
    """Whether the last word of a phrase makes no tag, or one within is grammar: "really nice", "fuel a voice"."""
    words = phrase.split()
    grammar = any(len(word) < LEAST_LETTERS and word.islower() for word in words[1:-1])
    no_noun = language in CAPITAL_NOUNS and bool(words) and words[-1].islower()
    return not words or grammar or no_noun or makes_no_tag(words[-1], language)


def _names(passage: Passage) -> Iterable[str]:
    """Runs of words with a capital inside sentences, said more than once, the commonest first."""
    if passage.language in UNSPACED | CAPITAL_NOUNS:
        return []
    opening = {sentence.start_ms for sentence in passage.sentences}
    seen: Counter[str] = Counter()
    run: list[str] = []
    for token in passage.tokens:
        bare = token.text.strip(EDGE_PUNCTUATION)
        name = bare[:1].isupper() and len(bare) >= LEAST_LETTERS and token.start_ms not in opening
        if name and not _function(token.language, token.text):
            run.append(bare.removesuffix("'s").removesuffix("’s"))
        ends = not name or token.text[-1:] in EDGE_PUNCTUATION
        if ends and run:
            seen[" ".join(run)] += 1
            run = []
    if run:
        seen[" ".join(run)] += 1
    again = [name for name, count in seen.items() if count >= AGAIN]
    return sorted(again, key=lambda name: (-seen[name], name))


def _function(language: str, word: str) -> bool:
    words = lexicon(language)
    return any(words.has(kind, word) for kind in KINDS) or bare_word(word) in words.never | words.maybe


def _things(passage: Passage) -> list[str]:
    """What is seen, by how many pictures have it; nothing that is only measured ("bright")."""
    counts: Counter[str] = Counter()
    for frame in passage.frames:
        counts.update({label.name for label in frame.labels if label.confidence >= SURE})
    names = [name for name in counts if name not in MEASURED and name not in PLAIN]
    return sorted(names, key=lambda name: (-counts[name], name))


def _categories(passage: Passage) -> list[str]:
    names = (topic.category for topic in passage.topics)
    return list(dict.fromkeys(name for name in names if name and name != OTHER))


def _pieces(tag: str) -> list[str]:
    """The words of a tag again: "CoralReef" is coral and reef, "NASAProbe" nasa and probe."""
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+", tag)
    return [piece.casefold() for piece in found]


def _alike(words: list[str], others: list[str]) -> bool:
    """Whether all words of one tag are in the other, as they are or in another form."""
    few, many = sorted((words, others), key=len)
    return all(any(_form(word, other) for other in many) for word in few)


def _form(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= ENDING


__all__ = ["MAX_CHARACTERS", "MOST", "hashtags_of", "tag_of"]
