"""Texts as the pipeline hands them on."""

from __future__ import annotations

from processors.domain import Utterance
from processors.segments.sentences import split_sentences
from processors.segments.words import Token, tokens_of
from tests.unit.segments.builders import utterance

COOKING = (
    "First chop the onions and the garlic into small pieces. Heat some olive oil in a large pan. "
    "Fry the onions slowly until they are golden and soft. Add the tomatoes, the salt and a little sugar. "
    "Let the sauce simmer for twenty minutes on a low flame. Meanwhile boil the pasta in plenty of salted water. "
    "Drain the pasta and mix it with the tomato sauce. Grate some cheese over the dish before you serve it. "
    "If the sauce is too thick, add a spoon of the pasta water. Fresh basil leaves make the dish taste of summer."
)
SPACE = (
    "The rocket lifted off from the launch pad at dawn. Two minutes later the first stage separated and fell back. "
    "The telescope on board will watch distant galaxies from its orbit. Astronomers hope to measure the age of stars. "
    "Its mirror is made of gold and has to be kept very cold. The spacecraft needs a month to reach its orbit. "
    "Engineers on the ground check the solar panels every day. "
    "The first pictures of a galaxy arrived after half a year. Every planet leaves a tiny shadow on the light of its "
    "star. The astronauts of the space station wished the mission good luck."
)


def spoken(*texts: str, language: str = "en") -> list[Utterance]:
    """Texts one after the other, each an utterance."""
    said: list[Utterance] = []
    for text in texts:
        said.append(utterance(text, said[-1].end_ms + 300 if said else 0, language))
    return said


def sentences(text: str, language: str = "en") -> list[list[Token]]:
    """The tokens of each sentence."""
    tokens = tokens_of(spoken(text, language=language))
    return [tokens[sentence.first : sentence.last + 1] for sentence in split_sentences(tokens)]
