"""Key phrases of topics: the words that tell what a topic is about, in their own spelling, in any language.

There is no list of stop words. Function words are known by how common they are: in the video (what occurs in a third
of all sentences is none of a topic's own) and in text at large, for which the vocabulary of the sentence encoder
serves, since it holds the probabilities of 128,000 pieces of words over 16 languages. A candidate is a word, or a run
of two or three of which first and last are no function words and which comes again or is a name. It is worth its
frequency in the topic against that in the video (c-TF-IDF, Grootendorst 2022), times its rarity at large, times how
near its own embedding lies to the topic's (as in KeyBERT); of candidates that share a word the best is kept.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from processors.content.cohesion import PARTS, STEM_LETTERS, spread_worth
from processors.languages import UNSPACED
from processors.segments.lexicon import EDGE_PUNCTUATION
from processors.segments.sentences import clause_ends
from processors.segments.words import Token, text_of

MAX_PHRASES: Final = 5
MAX_WORDS: Final = 3
# How many of a topic's best candidates by frequency are embedded.
SHORTLIST: Final = 30
# Of a passage's: it has a tenth of a topic's words, and ten passages are embedded where a video has a few topics.
PASSAGE_SHORTLIST: Final = 10
# A word as common at large as this is a function word, or tells as little ("people", "time"). The vocabulary's texts
# are English by a third, so words of other languages are rarer in it: the bound is one below the median of the video's
# words (-8.2 to -8.4 in English, -10.6 to -11.1 in German, Spanish and French), within these.
COMMON_AT_MOST: Final = -9.4
COMMON_AT_LEAST: Final = -10.4
BELOW_MEDIAN: Final = 1.0
# Rarity counts in full from here on: a name or a word that is cut into several pieces tells enough.
RARE: Final = 2.0
# In so many of its sentences a word must be to belong to the whole video; only where there are enough to tell.
EVERYWHERE: Final = 0.3
ENOUGH_SENTENCES: Final = 12
# A filler ("yeah", "okay", "genau") is often all that is said: more than this share of its times in sentences of at
# most two words.
ALONE: Final = 0.2
ALONE_WORDS: Final = 2
LEAST_OWN: Final = 0.3  # of a word that occurs in all parts of the video
MOST_CLITIC: Final = 2  # letters of what English hangs on: n't, 're, 've, 'll
MOST_ENDING: Final = 2
MAX_WEIGHT: Final = 30  # words of a sentence, for the topic's embedding
MIN_LETTERS: Final = 3
# A video's subject is in one sentence of twenty, at least three times, and half way to rare; more than two are topics.
SUBJECT: Final = 0.05
SUBJECT_TIMES: Final = 3
SUBJECT_RARE: Final = 0.5
MAX_SUBJECTS: Final = 2
# What each further word of a phrase adds: "climate change" says more than "climate".
LONGER: Final = 0.5


class Language(Protocol):
    """What is asked of `embedding.SentenceEncoder`."""

    def embed(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1."""
        ...

    def log_probability(self, word: str) -> float:
        """How common a word is at large, <= 0."""
        ...


@dataclass(frozen=True, slots=True)
class _Word:
    text: str  # without what hangs on it
    stem: str
    opens: bool  # first of its sentence: its capital says nothing
    rarity: float  # 0 function word .. 1 rare at large
    joined: str  # what is between it and the word before: "" or " "


Key = tuple[str, ...]  # stems of a candidate


def key_phrases(
    sentences: Sequence[Sequence[Token]], starts: Sequence[int], vectors: NDArray[np.float32], language: Language
) -> list[list[str]]:
    """The key phrases of each topic.

    Args:
        sentences: their tokens, in order.
        starts: positions of the sentences with which topics start, the first of them 0.
        vectors: float32 of shape (sentences, dimensions), the embedding of each sentence.
        language: the encoder that made them.

    Returns:
        For each topic at most `MAX_PHRASES` phrases, the most telling first; none where no word tells anything.
    """
    runs = _runs(sentences, language)
    bounds = list(pairwise([*starts, len(sentences)]))
    topics = [_candidates(runs[start:end]) for start, end in bounds]
    total: Counter[Key] = Counter()
    for topic in topics:
        total.update({key: len(seen) for key, seen in topic.items()})
    mean_size = total.total() / max(1, len(topics))
    return [
        _telling(topic, total, mean_size, sentences[start:end], vectors[start:end], language)
        for topic, (start, end) in zip(topics, bounds, strict=True)
    ]


def passage_phrases(
    sentences: Sequence[Sequence[Token]], passages: Sequence[tuple[int, int]], language: Language
) -> list[list[str]]:
    """The key phrases of passages, against the whole video that they are of.

    Args:
        sentences: of the video, in order.
        passages: each by its sentences, half open; they may overlap, and lie apart.
        language: the encoder; it is asked about the sentences of the passages only.

    Returns:
        As `key_phrases`, for each passage; none for an empty one.
    """
    runs = _runs(sentences, language)
    total = Counter({key: len(seen) for key, seen in _candidates(runs).items()})
    parts = [_candidates(runs[start:end]) for start, end in passages]
    mean_size = sum(len(seen) for part in parts for seen in part.values()) / max(1, len(parts))
    found = []
    for part, (start, end) in zip(parts, passages, strict=True):
        own = sentences[start:end]
        vectors = language.embed([text_of(list(said)) for said in own]) if part else None
        found.append(
            [] if vectors is None else _telling(part, total, mean_size, own, vectors, language, PASSAGE_SHORTLIST)
        )
    return found


def subjects(sentences: Sequence[Sequence[Token]], language: Language) -> list[str]:
    """What a whole video is about: at most `MAX_SUBJECTS` words that are everywhere in it and rare at large.

    These are no key phrases of any topic of it, since they tell none from another.
    """
    bare = [[bare_of(token.text) for token in tokens] for tokens in sentences]
    common, bound = _commonness(bare, language)
    spaced = {token.language not in UNSPACED for tokens in sentences for token in tokens}
    least = MIN_LETTERS if spaced != {False} else 2
    holding: Counter[str] = Counter()
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for said in bare:
        stems = {word.lower()[:STEM_LETTERS] for word in said if len(word) >= least and word.replace("-", "").isalpha()}
        holding.update(stems)
        for word in said:
            ways[word.lower()[:STEM_LETTERS]][word] += 1
    alone = Counter(word.lower()[:STEM_LETTERS] for said in bare if len(said) <= ALONE_WORDS for word in said if word)
    found = []
    for stem, count in holding.items():
        word = min(ways[stem], key=lambda way: (-ways[stem][way], way))
        rare = min(1.0, max(0.0, bound - common[word]) / RARE)
        if (
            count >= max(SUBJECT_TIMES, SUBJECT * len(sentences))
            and rare >= SUBJECT_RARE
            and alone[stem] <= ALONE * count
        ):
            found.append((count * rare, stem, word))
    return [word for _, _, word in sorted(found, key=lambda one: (-round(one[0], 6), one[1]))[:MAX_SUBJECTS]]


def _telling(
    topic: dict[Key, list[list[_Word]]],
    total: Counter[Key],
    mean_size: float,
    sentences: Sequence[Sequence[Token]],
    vectors: NDArray[np.float32],
    language: Language,
    shortlist: int = SHORTLIST,
) -> list[str]:
    """The best candidates of a topic: by frequency here against all, rarity, length, and nearness to its sentences."""
    worth = {
        key: (1 + math.log(len(seen)))
        # one that is kept here only because it comes twice may be counted less often in all
        * math.log(1 + mean_size / max(total[key], len(seen)))
        * _rarity(seen)
        * (1 + LONGER * (len(key) - 1))
        for key, seen in topic.items()
    }
    short = sorted(worth, key=lambda key: (-round(worth[key], 9), key))[:shortlist]
    spelt = [_spelling(topic[key]) for key in short]
    weights = np.array([min(len(said), MAX_WEIGHT) for said in sentences], dtype=np.float32)
    near = np.maximum(language.embed(spelt) @ (weights @ vectors), 0.0).tolist()
    score = {key: worth[key] * close for key, close in zip(short, near, strict=True)}
    return _best(score, dict(zip(short, spelt, strict=True)))


def words_of(tokens: Sequence[Token]) -> list[str]:
    """The words of a sentence in lower case, without punctuation and what hangs on by an apostrophe."""
    return [bare.lower() for token in tokens if (bare := bare_of(token.text))]


def bare_of(text: str) -> str:
    """A word without what hangs on it: "l'eau," is "eau", "Peter's" is "Peter"; "don't" is none."""
    before, _, after = text.strip(EDGE_PUNCTUATION).replace("’", "'").rpartition("'")
    if len(before) < len(after):
        return after
    return before if after == "s" or len(after) > MOST_CLITIC else ""


def _runs(sentences: Sequence[Sequence[Token]], language: Language) -> list[list[list[_Word]]]:
    """Of each sentence its clauses, whose words no comma divides: what a phrase may lie in."""
    bare = [[bare_of(token.text) for token in tokens] for tokens in sentences]
    common, bound = _commonness(bare, language)
    own = _own_words([[word.lower()[:STEM_LETTERS] for word in said if word] for said in bare])
    found = []
    for tokens, said in zip(sentences, bare, strict=True):
        runs: list[list[_Word]] = [[]]
        for position, (token, word) in enumerate(zip(tokens, said, strict=True)):
            stem = word.lower()[:STEM_LETTERS]
            spaced = token.language not in UNSPACED
            tells = word.replace("-", "").isalpha() and len(word) >= (MIN_LETTERS if spaced else 1)
            rarity = own[stem] * min(1.0, max(0.0, bound - common[word]) / RARE) if tells else 0.0
            runs[-1].append(_Word(word, stem, position == 0, rarity, " " if spaced else ""))
            if clause_ends(token.text):
                runs.append([])
        found.append(runs)
    return found


def _commonness(bare: Sequence[Sequence[str]], language: Language) -> tuple[dict[str, float], float]:
    """How common each word is at large, and from where on one is a function word; see `COMMON_AT_MOST`."""
    common = {word: language.log_probability(word) for word in sorted({word for said in bare for word in said if word})}
    spoken = [common[word] for said in bare for word in said if word]
    bound = max(COMMON_AT_LEAST, min(COMMON_AT_MOST, median(spoken) - BELOW_MEDIAN)) if spoken else COMMON_AT_MOST
    return common, bound


def _own_words(sentences: list[list[str]]) -> dict[str, float]:
    """How far each stem belongs to some part of the video, 0..1: fillers and what is everywhere do not."""
    counts = Counter(stem for said in sentences for stem in said)
    alone = Counter(stem for said in sentences if len(said) <= ALONE_WORDS for stem in said)
    holding = Counter(stem for said in sentences for stem in set(said))
    if len(sentences) < ENOUGH_SENTENCES:
        return dict.fromkeys(counts, 1.0)
    spread = spread_worth(sentences)
    most = math.log(min(PARTS, len(sentences)))
    return {
        stem: 0.0
        if holding[stem] > EVERYWHERE * len(sentences) or (count > 1 and alone[stem] > ALONE * count)
        else 1.0
        if count == 1
        else LEAST_OWN + (1 - LEAST_OWN) * spread[stem] / most
        for stem, count in counts.items()
    }


def _candidates(sentences: Sequence[list[list[_Word]]]) -> dict[Key, list[list[_Word]]]:
    """Where each candidate is said: runs of words that start and end with one that tells something."""
    seen: dict[Key, list[list[_Word]]] = defaultdict(list)
    for run in (run for runs in sentences for run in runs):
        for first in range(len(run)):
            for last in range(first, min(first + MAX_WORDS, len(run))):
                words = run[first : last + 1]
                if words[0].rarity and words[-1].rarity and all(word.stem for word in words):
                    seen[tuple(word.stem for word in words)].append(words)
    return {key: said for key, said in seen.items() if len(key) == 1 or len(said) > 1 or _is_name(said[0])}


def _is_name(words: list[_Word]) -> bool:
    return all(word.text[0].isupper() and not word.opens for word in words)


def _rarity(seen: list[list[_Word]]) -> float:
    """Of the words that tell something; those in between count as nothing."""
    return sum(word.rarity for word in seen[0]) / len(seen[0])


def _spelling(seen: list[list[_Word]]) -> str:
    """As it is written most often; a capital at the start of a sentence counts only where there is no other."""
    ways = Counter[tuple[bool, str]]()
    for words in seen:
        text = "".join((word.joined if position else "") + word.text for position, word in enumerate(words))
        ways[words[0].opens, text] += 1
    return min(ways, key=lambda way: (way[0], -ways[way], way[1]))[1]


def _alike(stem: str, other: str) -> bool:
    """Whether two stems are forms of one word, as far as letters tell: "coral" and "corals"."""
    short, long = sorted((stem, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= MOST_ENDING


def _best(score: dict[Key, float], spelt: dict[Key, str]) -> list[str]:
    """The best candidates of which no two share a word."""
    chosen: list[str] = []
    used: set[str] = set()
    for key in sorted(score, key=lambda key: (-round(score[key], 6), key)):
        known = any(_alike(stem, other) for stem in key for other in used)
        if len(chosen) < MAX_PHRASES and score[key] > 0 and not known:
            chosen.append(spelt[key])
            used.update(key)
    return chosen


__all__ = [
    "COMMON_AT_MOST",
    "MAX_PHRASES",
    "MIN_LETTERS",
    "Language",
    "bare_of",
    "key_phrases",
    "passage_phrases",
    "subjects",
    "words_of",
]
