"""Key phrases in four languages; the function words of the texts are listed here, and known to no code."""

from __future__ import annotations

import json

import pytest

from processors.content.phrases import MAX_PHRASES, key_phrases, passage_phrases, subjects, words_of
from processors.content.segmentation import topic_starts
from tests.unit.content.helpers import COOKING, SPACE, sentences

# language, text, words of which at least three must be in the phrases
TEXTS = {
    "en": (
        "Coral reefs are bleaching because the ocean is getting warmer. When the water stays hot for weeks, the corals "
        "lose the algae that feed them. Scientists in Australia are breeding corals that tolerate heat. They plant the "
        "young corals on damaged reefs with small robots. Fishing villages depend on healthy reefs for food and for "
        "tourism.",
        {"reefs", "corals", "coral", "algae", "ocean"},
    ),
    "es": (
        "El volcán de La Palma entró en erupción en septiembre y la lava destruyó cientos de casas. Según los "
        "geólogos, la lava avanzaba muy despacio mientras los vecinos recogían sus muebles. Aunque el volcán se apagó "
        "en diciembre, muchos agricultores todavía no han vuelto a sus plataneras. Había ceniza sobre los tejados y "
        "sobre las carreteras. El gobierno prometió ayudas para reconstruir las viviendas.",
        {"volcán", "lava", "ceniza", "agricultores", "geólogos", "viviendas"},
    ),
    "fr": (
        "Le changement climatique menace les récoltes de blé dans le sud de la France. Pendant que les agriculteurs "
        "cherchent des solutions, le gouvernement propose une aide financière. Cette année la sécheresse a commencé "
        "très tôt et les rivières sont presque vides. Depuis deux mois il n'a pas plu dans la vallée du Rhône. Les "
        "syndicats disent que l'irrigation coûte trop cher quand l'électricité augmente, et que la "
        "sécheresse va durer.",
        {"sécheresse", "agriculteurs", "irrigation", "rivières", "récoltes", "blé"},
    ),
    "de": (
        "Die Feuerwehr übt im alten Bahnhof das Löschen von brennenden Waggons. Während die Pumpen laufen, legen die "
        "Helfer zwischen den Gleisen neue Schläuche. Nachdem der Rauch abgezogen ist, suchen sie mit einer "
        "Wärmebildkamera nach Verletzten. Für die Feuerwehr ist der Bahnhof ein guter Ort, weil dort niemand wohnt. Am "
        "Ende werden die Schläuche gereinigt und die Pumpen geprüft.",
        {"Feuerwehr", "Pumpen", "Schläuche", "Bahnhof", "Waggons"},
    ),
}
# Articles, pronouns, prepositions, conjunctions, auxiliaries and the like of the four languages; known only here.
_LISTED = """
    a an the and or but if because when while that which who this these those they them their it its he she his
    her we us our you your i me my in on at of for with from to into over under between about through by as than
    then there is are was were be been being has have had do does did will would can could should may might must
    not no so very also just some any all each every such only more most what how where why after before until
    during really going know el la los las un una unos unas y o pero si porque cuando mientras que cual quien esto
    esta este estos estas ese esa ellos ellas su sus se le les lo me te nos yo tú en de del al a con sin sobre
    entre hasta desde para por según aunque también todavía muy más menos ya no había hay es son era fue ha han
    puede pueden cada muchos le la les un une des et ou mais si parce quand pendant que qui dont ce cet cette ces
    ils elles il elle on nous vous je tu son sa ses leur leurs se en de du au aux avec sans sur sous entre dans
    par pour depuis très trop plus moins ne pas est sont était a ont va presque deux tout tous der die das den dem
    des ein eine einen einem einer und oder aber wenn weil während nachdem dass ob als wie wo dort da er sie es
    wir ihr ich du sein seine ihre ihren ihres im in an am auf aus bei mit nach von vor zu zum zur über unter
    zwischen durch für ohne um ist sind war wird werden wurde wurden hat haben hatte kann können nicht kein keine
    auch noch nur sehr schon niemand alle am
"""
FUNCTION = set(_LISTED.split())


def phrases_of(encoder, said, starts=None) -> list[list[str]]:
    vectors = encoder.embed([" ".join(token.text for token in sentence) for sentence in said])
    starts = starts or topic_starts(vectors, [words_of(sentence) for sentence in said])
    return key_phrases(said, starts, vectors, encoder)


def edges(phrases: list[list[str]]) -> set[str]:
    return {word.lower() for topic in phrases for phrase in topic for word in (phrase.split()[0], phrase.split()[-1])}


@pytest.mark.parametrize("language", TEXTS)
def test_phrases_tell_what_it_is_about(encoder, language):
    text, telling = TEXTS[language]
    said = sentences(text, language)
    (phrases,) = phrases_of(encoder, said, [0])
    assert 3 <= len(phrases) <= MAX_PHRASES
    assert not edges([phrases]) & FUNCTION
    assert len(telling & {word for phrase in phrases for word in phrase.split()}) >= 3, phrases
    assert all(phrase in text for phrase in phrases)  # original spelling


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "language"),
    [
        ("speech_fleurs_en", "en"),
        ("speech_fleurs_de", "de"),
        ("speech_fleurs_es", "es"),
        ("speech_custom_de-DE", "de"),
        ("speech_custom_es-ES", "es"),
    ],
)
def test_no_phrase_of_real_texts_starts_or_ends_with_a_function_word(encoder, test_data, folder, language):
    truth = json.loads((test_data / folder / "truth.json").read_text(encoding="utf-8"))
    said = [sentence for clip in truth for sentence in sentences(clip["text"], language)]
    phrases = phrases_of(encoder, said)
    assert any(phrases)
    assert not edges(phrases) & FUNCTION


def test_topics_have_phrases_of_their_own(encoder):
    cooking, space = phrases_of(encoder, sentences(COOKING) + sentences(SPACE), [0, 10])
    assert not set(cooking) & set(space)
    assert len({"pasta", "sauce", "onions", "tomato", "garlic", "basil", "cheese"} & set(cooking)) >= 3
    assert len({"galaxies", "telescope", "orbit", "spacecraft", "astronauts", "rocket"} & set(space)) >= 3


def test_what_comes_again_together_is_one_phrase(encoder):
    text = (
        "Solar panels are cheap now. Many villages buy solar panels. A roof with solar panels pays for itself. "
        "The solar panels last for thirty years."
    )
    (phrases,) = phrases_of(encoder, sentences(text), [0])
    assert phrases[0] == "solar panels"  # not as it opens a sentence, and neither word again by itself
    assert not {"solar", "panels", "Solar"} & set(phrases)


def test_fillers_are_no_phrases(encoder):
    text = (
        "Yeah. Okay. The turbine needs a new bearing. Yeah. Hmm. The bearing of the turbine is worn. Okay. Yeah. " * 3
    )
    (phrases,) = phrases_of(encoder, sentences(text), [0])
    assert phrases
    assert not {"yeah", "okay", "hmm"} & {phrase.lower() for phrase in phrases}


BARE = [
    ("l'eau,", ["eau"]),
    ("Peter’s", ["peter"]),
    ("don't", []),
    ("qu'il", []),
    ("...", []),
    ("¿Qué?", ["qué"]),
]


@pytest.mark.parametrize(("text", "expected"), BARE)
def test_words(text, expected):
    assert words_of(sentences(f"{text}")[0]) == expected


def test_without_telling_words_there_are_none(encoder):
    assert phrases_of(encoder, sentences("And so on, and so on."), [0]) == [[]]
    assert phrases_of(encoder, sentences("12 34."), [0]) == [[]]


def test_phrases_of_passages_are_those_of_each_against_the_whole_video(encoder):
    said = [*sentences(SPACE), *sentences(COOKING)]
    middle = len(sentences(SPACE))
    space, cooking, nothing = passage_phrases(said, [(0, middle), (middle, len(said)), (3, 3)], encoder)
    assert nothing == []
    whole = {phrase.lower() for phrase in space}
    assert whole
    assert not whole & {phrase.lower() for phrase in cooking}
    texts = [" ".join(token.text for sentence in part for token in sentence) for part in (said[:middle], said[middle:])]
    assert all(phrase in texts[0] for phrase in space)
    assert all(phrase in texts[1] for phrase in cooking)


def test_passages_may_overlap_and_say_the_same_each_time(encoder):
    said = sentences(SPACE)
    once = passage_phrases(said, [(0, len(said))], encoder)
    assert passage_phrases(said, [(0, len(said)), (0, len(said))], encoder) == once * 2


def test_the_subject_is_what_is_everywhere(encoder):
    text = (
        "The turtle swims home. A turtle never sleeps there. It was the turtle again. She saw it. Turtles like coral."
    )
    assert subjects(sentences(text), encoder) == ["turtle"]
    assert subjects(sentences("It was there. She saw it. They went home. We like this."), encoder) == []
    assert subjects([], encoder) == []
