from __future__ import annotations

import numpy as np
import pytest

from processors.content.embedding import DIMENSIONS, MAX_PIECES, SentenceEncoder
from processors.content.pieces import Pieces
from processors.errors import ModelUnavailable

SAME = {
    "en": "The cat sits on the mat.",
    "es": "El gato está sentado en la alfombra.",
    "fr": "Le chat est assis sur le tapis.",
    "de": "Die Katze sitzt auf der Matte.",
}
OTHER = {
    "en": "Quarterly revenue rose by twelve percent.",
    "es": "Los ingresos trimestrales subieron un doce por ciento.",
    "fr": "Le chiffre d'affaires trimestriel a augmenté de douze pour cent.",
    "de": "Der Quartalsumsatz stieg um zwölf Prozent.",
}


def test_meaning_and_not_language_decides(encoder):
    vectors = encoder.embed([*SAME.values(), *OTHER.values()])
    cosines = vectors @ vectors.T
    assert cosines[:4, :4].min() > 0.55
    assert cosines[4:, 4:].min() > 0.55
    assert cosines[:4, 4:].max() < 0.3


def test_shapes_lengths_and_types(encoder):
    vectors = encoder.embed(["One.", "", "今天天气很好", "☃☃", "x" * 100_000])
    assert vectors.shape == (5, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert encoder.embed([]).shape == (0, DIMENSIONS)


def test_a_sentence_is_embedded_the_same_among_others(encoder):
    texts = [*SAME.values(), *OTHER.values()] * 12  # several batches
    together = encoder.embed(texts)
    alone = np.vstack([encoder.embed([text]) for text in texts[:8]])
    assert np.abs(together[-8:] - alone).max() < 1e-4  # no neighbour shows through
    assert together.tobytes() == encoder.embed(texts).tobytes()


def test_what_lies_behind_the_limit_is_not_read(encoder):
    long = " ".join(["word"] * (MAX_PIECES + 5))
    assert np.array_equal(encoder.embed([long]), encoder.embed([f"{long} and something quite different"]))


PIECES = [
    ("The cat sits.", ["▁The", "▁cat", "▁sit", "s", "."]),
    ("  two   blanks ", ["▁two", "▁blank", "s"]),
    ("ﬁne", ["▁fine"]),  # the ligature is brought to its letters
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_pieces(encoder, text, expected):
    pieces: Pieces = encoder._pieces
    names = {number: piece for piece, number in pieces._ids.items()}
    assert [names[number] for number in pieces.ids(text)] == expected


def test_common_words_are_known_in_each_language(encoder):
    for common, rare in [("the", "galaxy"), ("und", "Zwiebel"), ("que", "volcán"), ("dans", "sécheresse")]:
        assert encoder.log_probability(common) > -9 > encoder.log_probability(rare)
    assert encoder.log_probability("The") == encoder.log_probability("the")


def test_files_that_are_no_model_are_refused(tmp_path):
    (tmp_path / "sp.model").write_bytes(b"\x0a\xff\xff\xff")
    (tmp_path / "weights.npz").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match="sentencepiece"):
        SentenceEncoder(tmp_path)
