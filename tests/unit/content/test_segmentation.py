from __future__ import annotations

import random
import time

import numpy as np
import pytest

from processors.content.boundaries import pk
from processors.content.phrases import words_of
from processors.content.segmentation import MAX_STEPS, MIN_SENTENCES, topic_starts
from tests.unit.content.helpers import COOKING, SPACE, sentences


def starts_of(encoder, *texts: str) -> list[int]:
    said = [sentence for text in texts for sentence in sentences(text)]
    vectors = encoder.embed([" ".join(token.text for token in sentence) for sentence in said])
    return topic_starts(vectors, [words_of(sentence) for sentence in said])


def test_a_talk_about_one_thing_stays_whole(encoder):
    assert starts_of(encoder, COOKING) == [0]
    assert starts_of(encoder, SPACE) == [0]


def test_two_things_are_told_apart(encoder):
    assert starts_of(encoder, COOKING, SPACE) == [0, 10]
    assert starts_of(encoder, SPACE, COOKING) == [0, 10]


@pytest.mark.parametrize("count", [1, 2, MIN_SENTENCES, 2 * MIN_SENTENCES - 1])
def test_few_sentences_are_one_topic(encoder, count):
    said = sentences(COOKING)[: count // 2] + sentences(SPACE)[: count - count // 2]
    vectors = encoder.embed([" ".join(token.text for token in sentence) for sentence in said])
    assert topic_starts(vectors, [words_of(sentence) for sentence in said]) == [0]


def test_nothing_and_what_does_not_fit():
    assert topic_starts(np.zeros((0, 4), np.float32), []) == []
    with pytest.raises(ValueError, match="2 sentences"):
        topic_starts(np.zeros((3, 4), np.float32), [["a"], ["b"]])


def test_sentences_without_meaning_and_words_are_one_topic():
    assert topic_starts(np.zeros((50, 8), np.float32), [[] for _ in range(50)]) == [0]


def _made(topics: int, length: int, seed: int = 0) -> tuple[np.ndarray, list[list[str]]]:
    """Sentences around one random direction for each topic, with words of it and words of all."""
    source = np.random.default_rng(seed)
    vectors, words = [], []
    for topic in range(topics):
        centre = source.normal(size=32)
        for _ in range(length):
            vector = centre + 1.5 * source.normal(size=32)
            vectors.append(vector / np.linalg.norm(vector))
            words.append([f"topic{topic}x{source.integers(9)}", f"all{source.integers(40)}", "and", "so", "on"])
    return np.array(vectors, dtype=np.float32), words


def test_six_hours_are_cut_to_the_sentence_within_seconds():
    vectors, words = _made(30, 200)
    assert len(words) > MAX_STEPS
    began = time.process_time()
    starts = topic_starts(vectors, words)
    assert time.process_time() - began < 20  # some 0.5 s; the limit is for machines under load
    true = list(range(200, 6_000, 200))
    assert len(starts) == 30
    assert pk(true, starts[1:], 6_000) < 0.02
    assert starts == topic_starts(vectors, words)


@pytest.mark.data
def test_meetings_are_cut_better_than_by_the_simple_ways(encoder, test_data, tmp_path):
    from ops.bench.meetings import read_meetings
    from ops.bench.texttiling import text_tiling
    from ops.bench.topics import at_random, even, ours

    lines = (test_data / "text" / "qmsum_val" / "val.jsonl").read_text(encoding="utf-8").splitlines()
    # the shortest of the meetings on which nothing was tuned; `clipstream bench topics` takes all
    chosen = sorted(lines[1::2], key=len)[:4]
    (tmp_path / "few.jsonl").write_text("\n".join(chosen), encoding="utf-8")
    meetings = read_meetings(tmp_path)
    assert len(meetings) == 4

    def mean(way) -> float:
        return float(np.mean([pk(each.starts, way(each), len(each.sentences)) for each in meetings]))

    source = random.Random(0)
    chance = np.mean([mean(lambda each: at_random(each, source)) for _ in range(20)])
    found = mean(lambda each: ours(each, encoder))
    assert found < mean(lambda each: even(each, source))
    assert found < chance
    assert found < mean(lambda each: text_tiling(each.sentences, each.turns))
