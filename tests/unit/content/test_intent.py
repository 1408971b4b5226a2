"""What a sentence is for, and how that was learned."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import numpy as np
import orjson
import pytest

from ops.models import train_intent
from ops.models.train_intent import FOLDS, Examples, Sentence, examples, figures, fit, sentences, splits, stored
from processors.content.embedding import DIMENSIONS, SentenceEncoder
from processors.content.intent import NAMES, OTHER, Weights, intents, probabilities
from processors.models.store import ModelStore
from streams.settings import Settings


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder(ModelStore(None, Settings().cache_dir).path("use-multilingual"))


@pytest.fixture(scope="module")
def known(encoder):
    return examples(encoder)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Why did you leave the band?", "ask"),
        ("Warum haben Sie die Band verlassen?", "ask"),
        ("Never buy a used car without driving it first.", "advise"),
        ("Compra siempre el billete con antelación.", "advise"),
        ("I think that this law is a disgrace.", "opinion"),
        ("Je trouve que cette loi est une honte.", "opinion"),
        ("On my first day at school I ran away and hid in the church.", "story"),
        ("The workshop starts on Saturday at ten in room five.", "announce"),
        ("Light travels faster in air than it does in glass.", "teach"),
        ("Okay, hm, right, so.", "other"),
    ],
)
def test_sentences_that_were_not_learned(encoder, text, intent):
    assert text not in {sentence.text for sentence in sentences()}
    ((found, probability),) = intents(encoder.embed([text]))
    assert found == intent
    assert 0.3 < probability <= 1.0


def test_each_sentence_has_its_own_answer_whatever_lies_beside_it(encoder):
    vectors = encoder.embed(["Who are you?", "Shut the door.", "Who are you?"])
    together = intents(vectors)
    assert together[0] == together[2]
    assert together == [intents(vectors[at : at + 1])[0] for at in range(3)]


def test_no_sentence_and_a_vector_that_says_nothing():
    assert intents(np.zeros((0, DIMENSIONS), np.float32)) == []
    assert intents(np.zeros((1, DIMENSIONS), np.float32)) == [(OTHER, 1.0)]


@pytest.mark.parametrize("shape", [(2, 3), (DIMENSIONS,)])
def test_vectors_of_another_encoder_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        intents(np.zeros(shape, np.float32))


def test_there_are_enough_sentences_of_each_intent_and_language():
    counts = Counter((sentence.intent, sentence.language) for sentence in sentences())
    assert {intent for intent, _ in counts} == set(NAMES)
    for name in NAMES:
        assert sum(count for (intent, _), count in counts.items() if intent == name) >= 60
        for language in ("en", "de", "es", "fr"):
            assert counts[name, language] >= 15
    texts = [sentence.text for sentence in sentences()]
    assert len(texts) == len(set(texts))


def test_translations_of_a_sentence_are_never_learned_from_when_it_is_tested(known):
    meanings = np.array([sentence.meaning for sentence in known.sentences])
    for language in (None, "de"):
        asked: list[int] = []
        for learned, tested in splits(known, language):
            assert not set(meanings[learned]) & set(meanings[tested])
            if language is not None:
                assert language not in set(known.languages[learned])
                assert set(known.languages[tested]) == {language}
            else:
                assert set(known.intents[tested]) == set(range(len(NAMES)))
            asked += tested.tolist()
        # everything once
        wanted = np.flatnonzero(known.languages == language) if language else np.arange(len(known.sentences))
        assert sorted(asked) == wanted.tolist()


def test_sentences_with_one_meaning_have_one_intent():
    of: dict[int, set[str]] = {}
    for sentence in sentences():
        of.setdefault(sentence.meaning, set()).add(sentence.intent)
    assert all(len(found) == 1 for found in of.values())


def test_one_fold_is_learned_well_from_the_others(known):
    """The figure of docs/quality.md is of all folds; one of them, with a margin, is what a test has time for."""
    learned, asked = next(splits(known, None))
    weights = fit(known.vectors[learned], known.intents[learned])
    found = figures(known, asked, probabilities(known.vectors[asked], weights))
    assert found["right"] > 0.75
    assert min(one["f1"] for one in found["by_intent"].values()) > 0.6


def test_a_language_that_was_not_learned_is_understood(known):
    learned, asked = next(splits(known, "fr"))
    weights = fit(known.vectors[learned], known.intents[learned])
    assert figures(known, asked, probabilities(known.vectors[asked], weights))["right"] > 0.65


def test_the_stored_weights_are_those_of_the_sentences(known):
    """Whoever changes the sentences trains anew: other processors differ by the last digits at most."""
    package = orjson.loads(files("processors.content").joinpath("data/intent.json").read_bytes())
    made = orjson.loads(stored(fit(known.vectors, known.intents)))
    assert package.keys() == made.keys()
    for name in NAMES:
        assert np.allclose(package["weights"][name], made["weights"][name], atol=0.01)
        assert package["bias"][name] == pytest.approx(made["bias"][name], abs=0.01)


def test_the_weights_are_small():
    assert len(files("processors.content").joinpath("data/intent.json").read_bytes()) < 200_000


def test_a_regression_that_can_be_told_by_hand():
    """Two intents that lie on two axes; the others have no examples, so nothing is ever taken for them."""
    vectors = np.zeros((4, DIMENSIONS), np.float32)
    vectors[:2, 0] = vectors[2:, 1] = 1.0
    weights = fit(vectors, np.array([0, 0, 1, 1]), penalty=0.01)
    assert probabilities(vectors, weights).argmax(axis=1).tolist() == [0, 0, 1, 1]
    assert probabilities(vectors, weights).sum(axis=1) == pytest.approx(1.0)
    between = np.zeros((1, DIMENSIONS), np.float32)
    between[0, :2] = 0.5
    both = probabilities(between, weights)[0]
    assert both[0] == pytest.approx(both[1], abs=1e-6)


def test_figures_of_a_case_by_hand():
    made = [Sentence(intent=name, language="en", meaning=at, text=str(at)) for at, name in enumerate(NAMES)]
    known = Examples(made, np.zeros((len(made), DIMENSIONS), np.float32))
    probable = np.full((len(NAMES), len(NAMES)), 0.02)
    np.fill_diagonal(probable, 0.86)
    probable[[0, 1]] = probable[[1, 0]]  # the first two are taken for each other
    found = figures(known, np.arange(len(NAMES)), probable)
    assert found["right"] == pytest.approx(6 / 8)
    assert found["macro_f1"] == pytest.approx(6 / 8)
    assert found["log_loss"] == pytest.approx(-(6 * np.log(0.86) + 2 * np.log(0.02)) / 8)
    assert found["by_intent"][NAMES[2]] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_folds_are_of_equal_size(known):
    sizes = Counter(known.folds.tolist())
    assert len(sizes) == FOLDS
    assert max(sizes.values()) < 2 * min(sizes.values())


def test_weights_of_nothing_are_no_weights():
    empty = Weights(np.zeros((len(NAMES), DIMENSIONS)), np.zeros(len(NAMES)))
    assert probabilities(np.ones((1, DIMENSIONS), np.float32), empty)[0] == pytest.approx(1 / len(NAMES))
    assert train_intent.DATA.is_file()
