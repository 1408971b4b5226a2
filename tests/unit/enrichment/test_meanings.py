"""Answers found by meaning, with the real sentence encoder; the index is bounded and survives what is not of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.cache import DiskTier, MemoryTier, ResultCache
from processors.content.embedding import SentenceEncoder, encoder
from processors.enrichment.meanings import MOST, Meanings
from processors.models.store import ModelStore
from processors.tools import Tools
from streams.settings import Settings

SCOPE = ("model", "clips-1", "en")
SAME = 0.88
ONE = "The moon pulls the ocean towards it, and on the far side of the earth a second bulge is left behind."
NEARLY = "So the moon pulls the ocean towards it and on the far side of the earth a second bulge is left."
OTHER = "My grandmother kept bees on the roof of the post office, and nobody ever complained about them."


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    folder = tmp_path_factory.mktemp("tools")
    return encoder(Tools(BlobStore(str(folder)), ModelStore(None, Settings().cache_dir), 1, None, folder))


def cache() -> ResultCache:
    return ResultCache([MemoryTier(9)], lambda: 0.0)


def test_nearly_the_same_words_are_found_and_others_are_not(language: SentenceEncoder) -> None:
    meanings = Meanings(cache(), language, SCOPE, SAME)
    one, nearly, other = meanings.vectors([ONE, NEARLY, OTHER])
    assert meanings.near(nearly) == []
    meanings.add([("first", one), ("second", other)])
    assert meanings.near(nearly) == ["first"]
    assert meanings.near(one) == ["first"]
    assert meanings.near(other) == ["second"]


def test_the_nearest_comes_first_and_the_smaller_digest_at_a_tie(language: SentenceEncoder) -> None:
    meanings = Meanings(cache(), language, SCOPE, 0.5)
    one, nearly = meanings.vectors([ONE, NEARLY])
    meanings.add([("z", one), ("b", nearly), ("a", one)])
    assert meanings.near(one) == ["a", "z", "b"]


def test_indexes_of_other_models_are_others(language: SentenceEncoder) -> None:
    shared = cache()
    meanings = Meanings(shared, language, SCOPE, SAME)
    (one,) = meanings.vectors([ONE])
    meanings.add([("first", one)])
    assert Meanings(shared, language, SCOPE, SAME).near(one) == ["first"]
    assert Meanings(shared, language, (*SCOPE[:2], "de"), SAME).near(one) == []


def test_it_is_bounded_and_the_oldest_go(language: SentenceEncoder) -> None:
    shared = cache()
    meanings = Meanings(shared, language, SCOPE, SAME)
    source = np.random.default_rng(0)
    drawn = source.normal(size=(MOST + 3, 512)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    meanings.add([(str(at), vector) for at, vector in enumerate(drawn)])
    assert [meanings.near(drawn[at]) for at in (0, 2, 3, MOST + 2)] == [[], [], ["3"], [str(MOST + 2)]]
    meanings.add([("again", drawn[0])])
    assert (meanings.near(drawn[0]), meanings.near(drawn[3])) == (["again"], [])


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b'[["a", "%%%"]]', b'[["a", "AAA="]]', b'[["a", "AAA="], ["b", "AAAAAA=="]]', b"null", b"x"]
)
def test_what_is_no_index_is_none(language: SentenceEncoder, tmp_path: Path, body: bytes) -> None:
    disk = ResultCache([DiskTier(tmp_path)], lambda: 0.0)
    meanings = Meanings(disk, language, SCOPE, SAME)
    disk.put("meanings", meanings._key, [body])
    (one,) = meanings.vectors([ONE])
    assert meanings.near(one) == []
    meanings.add([("first", one)])
    assert meanings.near(one) == ["first"]
