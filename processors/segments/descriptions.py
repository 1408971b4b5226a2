"""Descriptions: one or two whole sentences of what is said, else what is seen; never invented.

A sentence is worth the words of the topic in it per square root of its length, as a title is. The one that the title
was made from says nothing new beside it and comes last; one that refers back, or is cut off, is worth less. The second
is the one that adds most words which the first has not; both stand in the order in which they are said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from processors.languages import UNSPACED
from processors.segments.lexicon import bare_word, lexicon
from processors.segments.passage import Passage, Video
from processors.segments.sentences import Sentence
from processors.segments.titles import polished
from processors.segments.wording import disfluency, fluent
from processors.segments.words import shortened
from processors.vision.words import MEASURED

# Two sentences of talk; what X takes beside hashtags, and what the others show before "more" is above or near it.
MAX_CHARACTERS: Final = 240
# One sentence is enough from here on.
ENOUGH_CHARACTERS: Final = 140
# Below this a sentence says nothing ("Yeah, okay.").
FEW_WORDS: Final = 4
FEW_CHARACTERS: Final = 10  # in scripts without blanks
# Parts of a sentence's worth; one word of the topic is 1 before the root of the length is taken.
DANGLING: Final = -0.6
CUT: Final = -0.8  # begins or ends inside a sentence
QUESTION: Final = -0.3  # asks for what a description should tell
TITLE: Final = -3.0
# A sentence shares this part of its words with the title: it is what the title was made from.
SAME: Final = 0.6
DISFLUENT: Final = -4.0  # times the share of words that are hesitation, said twice or cut off
FUSED: Final = -1.0  # the recogniser took two turns for one sentence
_WITHIN: Final = re.compile(r"[?!.]\s+[a-zA-Z]")
_MARKS: Final = ("?", "？", "؟")


def description_of(passage: Passage, video: Video, title: str) -> str:
    """At most `MAX_CHARACTERS` characters; empty where nothing is said and nothing is known of the picture.

    Args:
        passage: the segment.
        video: that it is of.
        title: of the segment, not to be said again.
    """
    return _said(passage, video, title) or _seen(passage)


def _said(passage: Passage, video: Video, title: str) -> str:
    telling = [each for each in passage.sentences if _tells(each) and polished(each.text) != title]
    if not telling:
        return ""
    named = _words(title.split() if " " in title else list(title))
    worth = {sentence.first: _worth(sentence, video, named, set()) for sentence in telling}
    first = max(telling, key=lambda sentence: (worth[sentence.first], -sentence.first))
    tokens = video.material.tokens
    read = {each.first: fluent(tokens[each.first : each.last + 1]) for each in telling}
    if len(read[first.first]) >= ENOUGH_CHARACTERS:
        return shortened(read[first.first], MAX_CHARACTERS)
    room = MAX_CHARACTERS - len(read[first.first]) - 1
    told = {bare_word(token.text) for token in tokens[first.first : first.last + 1]}
    others = [each for each in telling if each is not first and len(read[each.first]) <= room]
    added = {each.first: _worth(each, video, named, told) for each in others}
    second = max(others, key=lambda sentence: (added[sentence.first], -sentence.first), default=None)
    if second is None or added[second.first] <= 0:
        return read[first.first]
    blank = "" if first.language in UNSPACED and second.language in UNSPACED else " "
    return blank.join(read[each.first] for each in sorted((first, second), key=lambda each: each.first))


def _tells(sentence: Sentence) -> bool:
    if sentence.language in UNSPACED:
        return len(sentence.text) >= FEW_CHARACTERS
    return sentence.last - sentence.first + 1 >= FEW_WORDS


def _worth(sentence: Sentence, video: Video, named: set[str], told: set[str]) -> float:
    tokens = video.material.tokens[sentence.first : sentence.last + 1]
    words = [bare_word(token.text) for token in tokens]
    new = sum(video.worth[sentence.first + at] for at, word in enumerate(words) if word not in told)
    worth = new / math.sqrt(len(tokens)) if sentence.language not in UNSPACED else new / math.sqrt(len(sentence.text))
    worth += DANGLING * lexicon(tokens[0].language).has("dangling", tokens[0].text)
    worth += CUT * (not sentence.opens) + CUT * (not sentence.closes)
    worth += QUESTION * sentence.text.rstrip("\"'”»)").endswith(_MARKS)
    worth += DISFLUENT * disfluency(tokens)
    worth += FUSED * bool(_WITHIN.search(sentence.text))
    own = _words(list("".join(words))) if sentence.language in UNSPACED else _words(words)
    if own and len(own & named) >= SAME * min(len(own), max(1, len(named))):
        worth += TITLE
    return round(worth, 9)


def _words(texts: Sequence[str]) -> set[str]:
    return {bare for text in texts if (bare := bare_word(text))}


def _seen(passage: Passage) -> str:
    """What a service says of the shots, else what was measured in them, else what is written in them."""
    told = list(dict.fromkeys(scene.description.strip() for scene in passage.scenes if scene.description.strip()))
    sentences = [text for text in told if text.endswith((".", "!", "。"))]
    if sentences:
        kept: list[str] = []
        for text in sentences:
            if len(" ".join([*kept, text])) <= MAX_CHARACTERS:
                kept.append(text)
        return " ".join(kept[:2]) or shortened(sentences[0], MAX_CHARACTERS)
    names = [name for name in dict.fromkeys(name for text in told for name in text.split(", ")) if name not in MEASURED]
    written = list(dict.fromkeys(line for scene in passage.scenes for line in scene.text))
    parts = [f"In the picture: {', '.join(names)}."] * bool(names)
    parts += [f"On screen: {' · '.join(written)}"] * bool(written)
    return shortened(" ".join(parts), MAX_CHARACTERS) if parts else ""


__all__ = ["MAX_CHARACTERS", "description_of"]
