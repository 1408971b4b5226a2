"""Titles, taken from what is said or shown: never invented.

The best short sentence, or the best run of clauses of one, by how much of the topic it carries; a question is better,
an opening that refers back is worse. Without speech the text in the picture, else the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from processors.domain import FrameAnalysis
from processors.languages import UNSPACED
from processors.segments.lexicon import lexicon
from processors.segments.material import Material
from processors.segments.sentences import Sentence, clause_ends
from processors.segments.signals.screen_text import frame_text
from processors.segments.signals.substance import content_worth
from processors.segments.wording import fluent
from processors.segments.words import TRAILING, shortened
from processors.timeline import clock

# The most that the platforms show of a title without cutting it.
MAX_CHARACTERS: Final = 60
# Below this a title says nothing ("Well, yes").
FEW_CHARACTERS: Final = 12
# What the parts of a title's worth count; one word of the topic is 1.
QUESTION: Final = 1.0
ASKING_WORDS: Final = 4  # fewer ask for nothing alone ("Just the screen?")
WHOLE: Final = 0.5
SENTENCE_START: Final = 0.5
OPEN_END: Final = -0.5  # the sentence goes on behind it ("According to scientists")
DANGLING: Final = -1.0
SHORT: Final = -2.0
CUT: Final = -1.0  # for an ellipsis instead of the end
LATER: Final = -0.05  # per sentence into the window: the beginning says what it is about


@dataclass(frozen=True, slots=True)
class Titles:
    """Makes titles for windows of one video.

    Args:
        material: of the video.
        worth: per token, see `signals.substance.content_worth`.
    """

    material: Material
    worth: list[float]

    @classmethod
    def of(cls, material: Material) -> Titles:
        """Prepare for a video."""
        return cls(material, content_worth(material)[0])

    def title(self, sentences: list[Sentence], frames: list[FrameAnalysis], start_ms: int) -> str:
        """A title of 1 to `MAX_CHARACTERS` characters.

        Args:
            sentences: said in the window, in order.
            frames: seen in it, in order.
            start_ms: of the window.
        """
        options = [
            (self._worth(sentence, first, last, text) + LATER * position, -position, -first, text)
            for position, sentence in enumerate(sentences)
            for first, last, text in self._runs(sentence)
        ]
        if options:
            return max(options)[-1]
        for text in [*(sentence.text for sentence in sentences), *map(frame_text, frames)]:
            if title := polished(shortened(text, MAX_CHARACTERS)):
                return title
        return f"Moment at {clock(start_ms)}"

    def _runs(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        """Runs of whole clauses of a sentence that fit: first word, last word, text."""
        tokens = self.material.tokens
        ends = [at for at in range(sentence.first, sentence.last) if clause_ends(tokens[at].text)] + [sentence.last]
        first = sentence.first
        for position, _ in enumerate(ends):
            for last in ends[position:]:
                text = fluent(tokens[first : last + 1])
                if len(text) > MAX_CHARACTERS + 1:  # a final full stop goes
                    break
                if (title := polished(text)) and len(title) <= MAX_CHARACTERS:
                    yield first, last, title
            first = ends[position] + 1
        if len(sentence.text) > MAX_CHARACTERS + 1:
            read = fluent(tokens[sentence.first : sentence.last + 1])
            yield sentence.first, sentence.last, polished(shortened(read, MAX_CHARACTERS))

    def _worth(self, sentence: Sentence, first: int, last: int, text: str) -> float:
        token = self.material.tokens[first]
        worth = sum(self.worth[first : last + 1]) / math.sqrt(last - first + 1)
        asks = self.material.tokens[last].text.endswith(("?", "？"))
        worth += QUESTION * (asks and (token.language in UNSPACED or last - first + 1 >= ASKING_WORDS))
        worth += CUT if text.endswith("…") else WHOLE * (first == sentence.first and last == sentence.last)
        worth += OPEN_END * (last != sentence.last)
        worth += SENTENCE_START * (first == sentence.first and sentence.opens)
        worth += DANGLING * lexicon(token.language).has("dangling", token.text)
        return round(worth + SHORT * (len(text) < FEW_CHARACTERS), 9)


def polished(text: str) -> str:
    """Without trailing commas and stops, with a capital; empty when no letter or digit is in it."""
    text = text.strip().rstrip(TRAILING)
    if not any(map(str.isalnum, text)):
        return ""
    return text[0].upper() + text[1:] if len(text[0].upper()) == 1 else text


__all__ = ["MAX_CHARACTERS", "Titles", "polished"]
