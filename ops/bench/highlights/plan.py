"""Which passages a constructed talk has, in which order, and who says them.

A talk has 3 to 8 highlights of one subject; where the half has fewer of it, the talk goes over to the neighbouring
subjects of the theme, one after the other. Before, between and behind them are fillers, of the subject and general
ones, so many that the talk is as long as it shall be. No passage is used twice in a talk. Where fillers run out,
earlier ones are gone through once more, as speakers do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from ops.bench.highlights.passages import LANGUAGES, TURN, Passage, Split, of_half

# Of ten talks in turn; seven are English, since that is what there is most of.
_LANGUAGES: Final = ("en", "en", "de", "en", "en", "es", "en", "en", "de", "en", "en", "en", "es", "en", "en", "en",
                     "de", "en", "en", "es")  # fmt: skip
# With the pauses, of the median voice; measured over 80 talks it is 128 to 141 by language.
_WORDS_PER_MINUTE: Final = 135
_SEVERAL_SPEAKERS: Final = 0.5  # share of the talks
_RETOLD: Final = 8  # fillers that are gone through once more, at most
_AGAIN: Final = {
    "en": ("Let me go through that once more.", "I said that before, but I say it again.", "So, as I have said."),
    "de": ("Ich gehe das noch einmal durch.", "Das hatte ich schon gesagt, aber noch einmal.", "Also, wie gesagt."),
    "es": ("Lo voy a repetir otra vez.", "Esto ya lo he dicho, pero lo digo de nuevo.", "Bueno, como decía antes."),
}  # fmt: skip
_OPENING, _CLOSING = "greet", "thanks"
_HANDS_OVER: Final = 0.5  # between passages, where several speak


@dataclass(frozen=True, slots=True)
class Size:
    """How much a talk has.

    Attributes:
        highlights: fewest and most.
        minutes: shortest and longest, by language.
    """

    highlights: tuple[int, int]
    minutes: dict[str, tuple[float, float]]


# German and Spanish halves have some 1,300 words of filler, half an hour of English takes all that there is.
TALK: Final = Size((3, 8), {"en": (8.0, 28.0), "de": (8.0, 14.0), "es": (8.0, 14.0)})


@dataclass(frozen=True, slots=True)
class Said:
    """A passage and who says it.

    Attributes:
        passage: as in its file, or what is told again.
        speakers: numbers from 0 of those who speak, one for each of its turns.
    """

    passage: Passage
    speakers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A talk before it is spoken."""

    language: str
    subject: str
    speakers: int
    said: tuple[Said, ...]


def plan(split: Split, number: int, source: random.Random, size: Size = TALK) -> Plan:
    """Put a talk together.

    Args:
        split: half whose passages it may have.
        number: of the talk from 0; decides its language and theme, so that a few talks have some of each already.
        source: of everything else.
        size: of the talk; languages that it does not have are passed over.
    """
    languages = [language for language in _LANGUAGES if language in size.minutes]
    language = languages[number % len(languages)]
    several = source.random() < _SEVERAL_SPEAKERS
    usable = [passage for passage in of_half(language, split) if several or TURN not in passage.text]
    subjects = _subjects(usable, number, source)
    wanted = source.randint(*size.highlights)
    highlights = _chosen(usable, subjects, wanted, source)
    minutes = source.uniform(*size.minutes[language])
    order = _order(usable, highlights, round(minutes * _WORDS_PER_MINUTE), language, source)
    speakers = source.choice((2, 2, 3)) if several else 1
    return Plan(language, subjects[0], speakers, tuple(_voiced(order, speakers, source)))


def _subjects(usable: list[Passage], number: int, source: random.Random) -> list[str]:
    """The subject of the talk, and its neighbours."""
    themes = sorted({passage.theme for passage in usable if passage.theme})
    theme = themes[number % len(themes)]
    subjects = sorted({passage.subject for passage in usable if passage.subject and passage.theme == theme})
    source.shuffle(subjects)
    return subjects


def _chosen(usable: list[Passage], subjects: list[str], wanted: int, source: random.Random) -> list[Passage]:
    """Highlights by subject, in the order in which they come."""
    found: list[Passage] = []
    for subject in subjects:
        own = [passage for passage in usable if passage.role == "highlight" and passage.subject == subject]
        found += source.sample(own, min(len(own), wanted - len(found)))
    return found


def _order(
    usable: list[Passage], highlights: list[Passage], words: int, language: str, source: random.Random
) -> list[Passage]:
    """Highlights with fillers around them: never two highlights side by side, none at either end."""
    kinds = {kind: [one for one in usable if one.kind == kind] for kind in (_OPENING, _CLOSING)}
    # a talk without either begins or ends in the middle of something, as excerpts do
    opening, closing = (source.sample(kinds[kind], min(1, len(kinds[kind]))) for kind in (_OPENING, _CLOSING))
    subjects = {highlight.subject for highlight in highlights}
    fillers = [
        passage
        for passage in usable
        if passage.role == "filler"
        and passage.kind not in kinds
        and (passage.subject is None or passage.subject in subjects)
    ]
    source.shuffle(fillers)
    left = words - sum(_length(one) for one in (*opening, *closing, *highlights))
    taken: list[Passage] = []
    while (left > 0 or len(taken) < len(highlights) + 1) and fillers:
        taken.append(fillers.pop())
        left -= _length(taken[-1])
    retold = source.sample(taken, min(len(taken), _RETOLD))
    while left > 0 and retold:
        again = _again(retold.pop(), language, source)
        taken.append(again)
        left -= _length(again)
    # gaps between highlights, each with a filler at least; the others fall where they will
    gaps: list[list[Passage]] = [[] for _ in range(len(highlights) + 1)]
    for at, passage in enumerate(taken):
        gaps[at if at < len(gaps) else source.randrange(len(gaps))].append(passage)
    found = [*opening, *gaps[0]]
    for highlight, gap in zip(highlights, gaps[1:], strict=True):
        found += [highlight, *gap]
    return _after_first([*found, *closing])


def _after_first(order: list[Passage]) -> list[Passage]:
    """Nothing is gone through once more before it was said: such a passage changes places with its first telling."""
    found = list(order)
    at = {passage.id: index for index, passage in enumerate(found)}
    for again in [passage for passage in order if passage.kind == "again"]:
        first, second = at[again.id.removesuffix("-again")], at[again.id]
        if second < first:
            found[first], found[second] = found[second], found[first]
    return found


def _again(passage: Passage, language: str, source: random.Random) -> Passage:
    """Some sentences of a filler once more, in their order."""
    sentences = [" ".join(sentence.words) for turn in passage.turns for sentence in turn]
    kept = sorted(source.sample(range(len(sentences)), min(len(sentences), source.randint(3, 6))))
    text = " ".join([source.choice(_AGAIN[language]), *(sentences[at] for at in kept)])
    return passage.model_copy(update={"id": f"{passage.id}-again", "kind": "again", "text": text})


def _voiced(order: list[Passage], speakers: int, source: random.Random) -> list[Said]:
    """Who speaks: one goes on for some passages; within a passage of several turns two alternate."""
    found: list[Said] = []
    now = 0
    for passage in order:
        if speakers > 1 and source.random() < _HANDS_OVER:
            now = source.choice([other for other in range(speakers) if other != now])
        turns = len(passage.turns)
        other = source.choice([other for other in range(speakers) if other != now]) if turns > 1 else now
        # the one who speaks goes on to ask; the answer, and what follows, is the other one's
        found.append(Said(passage, tuple((now, other)[turn % 2] for turn in range(turns))))
        now = found[-1].speakers[-1]
    return found


def _length(passage: Passage) -> int:
    return len(passage.spoken.split())


if not set(_AGAIN) == set(TALK.minutes) == set(LANGUAGES):
    raise AssertionError("each language needs its lengths and its words for going through something again")

__all__ = ["TALK", "Plan", "Said", "Size", "plan"]
