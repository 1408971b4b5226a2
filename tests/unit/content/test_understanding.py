"""What sentences tell: the same in any company, by any of the two that ask, and true where it can be checked."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from processors.blobs import BlobStore
from processors.content.embedding import DIMENSIONS
from processors.content.known import Known, facts_of, meaning_of
from processors.content.names import names_in
from processors.content.understanding import HOOKS, hooks_in, understand, understand_chunk
from processors.content.vectors import decoded, encoded
from processors.domain import ChunkTranscript, Utterance
from processors.errors import ModelUnavailable
from processors.models.store import ModelStore
from processors.segments.job import rank_parts
from processors.segments.parts import Parts, dump_json
from processors.segments.sentences import Sentence, split_sentences
from processors.segments.signals.hook import WORTH
from processors.segments.words import tokens_of
from processors.tools import Tools
from streams.settings import Settings
from tests.unit.content.helpers import COOKING, SPACE, spoken
from tests.unit.segments.builders import chunk, frame, parts, shots_at, utterance

TEXTS = (COOKING, SPACE, "Wie geht es dir heute? Das ist ja wunderbar!", "Yeah.", "Okay, and then?")


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(BlobStore(str(tmp_path)), ModelStore(None, Settings().cache_dir), 1, None, tmp_path)


@pytest.fixture
def without_models(tmp_path: Path) -> Tools:
    models = ModelStore(tmp_path / "none", tmp_path / "cache", allow_download=False)
    return Tools(BlobStore(str(tmp_path)), models, 1, None, tmp_path)


def sentences(said: list[Utterance]) -> list[Sentence]:
    return split_sentences(tokens_of(said))


def test_a_sentence_has_the_same_facts_in_any_company(encoder):
    wanted = sentences(spoken(*TEXTS))
    assert len(wanted) > 20
    whole = understand(wanted, encoder)
    assert [(one.text, one.start_ms, one.end_ms) for one in whole] == [(s.text, s.start_ms, s.end_ms) for s in wanted]
    assert [understand([sentence], encoder)[0] for sentence in wanted] == whole
    mixed = list(range(len(wanted)))
    random.Random(1).shuffle(mixed)
    assert understand([wanted[at] for at in mixed], encoder) == [whole[at] for at in mixed]


def test_all_but_the_times_follows_from_text_and_language(encoder):
    (one,) = sentences([utterance("Stop doing this now, 3 times!", 0)])
    (other,) = sentences([utterance("Stop doing this now, 3 times!", 50_000, word_ms=500)])
    first, second = understand([one], encoder)[0], understand([other], encoder)[0]
    assert first.start_ms != second.start_ms
    assert replace(first, start_ms=second.start_ms, end_ms=second.end_ms) == second


def test_what_is_known_is_not_computed(encoder):
    said = spoken(*TEXTS)
    chunks = [understand(sentences([each]), encoder) for each in said]
    known = Known([understand_of(each, facts) for each, facts in zip(said, chunks, strict=True)])

    def asked():
        pytest.fail("every sentence is known")

    found = facts_of(sentences(said), known, asked)
    assert found == understand(sentences(said), encoder)


def understand_of(said, facts):
    from processors.domain import ChunkContent

    return ChunkContent(said.start_ms, said.end_ms, facts)


def test_a_sentence_that_the_end_of_a_chunk_parts_is_computed_and_the_others_are_found(tools, encoder):
    first, second = spoken(f"{COOKING} And in the end you must", "wash all of the dishes. Then we are done.")
    second = replace(second, start_ms=first.end_ms + 60)
    video = Parts("v", transcripts=[chunk(first), chunk(second)])
    contents = [understand_chunk(each, tools) for each in video.transcripts]
    whole = sentences([first, second])
    assert any("must wash" in sentence.text for sentence in whole)
    known = Known(contents)
    absent = [sentence.text for sentence in whole if known.find(sentence) is None]
    assert absent == ["And in the end you must wash all of the dishes."]
    assert meaning_of(replace(video, contents=contents), whole, tools) == understand(whole, encoder)
    assert meaning_of(video, whole, tools) == understand(whole, encoder)


@pytest.mark.parametrize("lost", [(), (0,), (1,), (0, 1)])
def test_a_result_is_the_same_to_the_byte_whatever_content_is_lost(tools, lost):
    said = spoken(COOKING, SPACE)
    end_ms = said[-1].end_ms + 500
    video = parts(end_ms, [chunk(each) for each in said], [frame(1_000)], shots_at(0, end_ms))
    plain = rank_parts(tools.blobs.put(dump_json(video)), None, tools)
    contents = [understand_chunk(chunk(each), tools) for number, each in enumerate(said) if number not in lost]
    assert sum(len(part.sentences) for part in contents) == 10 * len(contents)
    with_content = rank_parts(tools.blobs.put(dump_json(replace(video, contents=contents))), None, tools)
    assert dump_json(with_content) == dump_json(plain)


def test_a_chunk_without_words_has_no_sentences_and_needs_no_model(without_models):
    silent = ChunkTranscript(1_000, 9_000, 0, None, None, [], [], "none")
    assert understand_chunk(silent, without_models).sentences == []
    with pytest.raises(ModelUnavailable):
        understand_chunk(chunk(utterance("Hello there.")), without_models)


def test_hooks_are_those_of_the_signal():
    assert set(HOOKS) == set(WORTH)


@pytest.mark.parametrize(
    ("text", "language", "hooks"),
    [
        ("Have you ever seen this?", "en", ["question", "address"]),
        ("You said so.", "en", ["address"]),
        ("what happens now", "en", ["question"]),
        ("What a day that was.", "en", []),
        ("But it went on.", "en", []),
        ("It was late, but it went on.", "en", ["contrast"]),
        ("There were 3 of them.", "en", ["number"]),
        ("Das ist nie passiert.", "de", ["strong"]),
        ("", "en", []),
    ],
)
def test_hooks(text, language, hooks):
    assert hooks_in(text.split(), language) == hooks


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("Then Angela Merkel met Obama in Berlin.", "en", ["Angela Merkel", "Obama", "Berlin"]),
        ("Obama came.", "en", []),  # whether it is a name cannot be seen at the start
        ("So I think that I may go.", "en", []),
        ("We went to Rome, Athens and Rome.", "en", ["Rome", "Athens"]),
        ("Dann traf der Hund die Katze.", "de", []),
        ("Dann traf Angela Merkel die Katze.", "de", ["Angela Merkel"]),
        ("это Москва", "ru", ["Москва"]),
        ("これは東京です。", "ja", []),
    ],
)
def test_names(encoder, text, language, names):
    assert names_in(text.split(), language, encoder) == names


def test_names_of_a_shouted_text_are_bounded(encoder):
    words = [f"X{chr(65 + at % 26)}{chr(65 + at // 26)}q" for at in range(600)]
    assert names_in(words, "en", encoder) == []  # one run without end is no name
    assert len(names_in([f"{word}," for word in words], "en", encoder)) == 10


def test_sentiment_has_its_sign_and_is_none_of_a_language_without_ratings(encoder):
    good, bad, plain, other = understand(
        [
            *sentences([utterance("This is a wonderful and happy day!")]),
            *sentences([utterance("This is a horrible and sad day.")]),
            *sentences([utterance("This is a table.")]),
            *sentences([utterance("To jest okropne.", language="pl")]),
        ],
        encoder,
    )
    assert good.sentiment > 0.5 > -0.5 > bad.sentiment
    assert plain.sentiment == other.sentiment == 0.0


def test_vectors_as_bytes_keep_the_angles(encoder):
    vectors = encoder.embed([sentence.text for sentence in sentences(spoken(*TEXTS))])
    read = decoded([encoded(vector) for vector in vectors], DIMENSIONS)
    assert np.abs(read @ read.T - vectors @ vectors.T).max() < 0.003
    assert np.allclose(np.linalg.norm(read, axis=1), 1.0, atol=1e-5)
    assert [encoded(vector) for vector in read] == [encoded(vector) for vector in vectors]


def test_vectors_of_another_size_and_of_nothing_are_zeros():
    assert not decoded([encoded(np.ones(3, dtype=np.float32))], DIMENSIONS).any()
    assert not decoded([encoded(np.zeros(DIMENSIONS, dtype=np.float32))], DIMENSIONS).any()
