"""Constructed talks with known highlights: the passages, the talks, and what betrays a highlight."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from statistics import fmean, pstdev

import orjson
import pytest

from ops.bench.highlights.passages import LANGUAGES, LAUGH, TURN, Passage, of_half, passages
from ops.bench.highlights.talks import Talk, highlights_of, passages_of, talk, transcript_of
from ops.bench.highlights.timing import lines
from ops.bench.highlights.voices import EFFECT, LOUDNESS_DB, of_passage, of_utterance
from ops.bench.segments_files import sources_of
from processors.models.store import ModelStore
from processors.segments.lexicon import lexicon
from streams.settings import Settings

ROOT = Path(__file__).parents[3]
TALKS = 20  # of each half; two rounds of the languages' order would be 40
HALVES = ("train", "test")


@pytest.fixture(scope="module")
def talks() -> list[Talk]:
    return [talk(split, 0, number) for split in HALVES for number in range(TALKS)]


def everything() -> list[Passage]:
    return [passage for language in LANGUAGES for passage in passages(language)]


def of_role(role: str) -> list[Passage]:
    return [passage for passage in everything() if passage.role == role]


def test_there_are_enough_passages_and_most_of_them_are_english():
    assert len(of_role("highlight")) >= 72
    assert len(of_role("filler")) >= 90
    assert len({passage.subject for passage in everything() if passage.subject}) >= 12
    english = [passage for passage in passages("en") if passage.role == "highlight"]
    assert len(english) / len(of_role("highlight")) >= 0.7


def test_highlights_are_as_long_as_what_people_share():
    lengths = [len(passage.spoken.split()) for passage in of_role("highlight")]
    assert min(lengths) >= 40
    assert max(lengths) <= 190


def test_every_passage_has_an_id_of_its_own_and_no_sentence_is_in_both_halves():
    ids = [passage.id for passage in everything()]
    assert len(ids) == len(set(ids))
    sentences: dict[str, set[str]] = {half: set() for half in HALVES}
    for passage in everything():
        said = [" ".join(one.words) for turn in passage.turns for one in turn]
        # short ones such as "Thank you." are said by everybody
        sentences[passage.split] |= {text for text in said if len(text.split()) >= 8}
    assert not sentences["train"] & sentences["test"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_halves_have_all_subjects(language):
    found = {
        half: {passage.subject for passage in of_half(language, half) if passage.role == "highlight"} for half in HALVES
    }
    assert found["train"] == found["test"]
    for role in ("highlight", "filler"):
        counts = [sum(passage.role == role for passage in of_half(language, half)) for half in HALVES]
        assert max(counts) - min(counts) <= 4


def test_counting_keywords_tells_few_highlights():
    """Area under the curve of counting questions, numbers and strong words: 0.5 tells nothing, 1 tells all."""

    def keywords(passage: Passage) -> float:
        words, known = passage.spoken.split(), lexicon(passage.id[:2])
        hits = sum(known.has(kind, word) for word in words for kind in ("question", "number", "strong"))
        return hits / len(words) + passage.spoken.count("?") + passage.spoken.count("!")

    high, low = ([keywords(passage) for passage in of_role(role)] for role in ("highlight", "filler"))
    area = fmean((one > other) + 0.5 * (one == other) for one in high for other in low)
    assert 0.3 < area < 0.65
    assert sum(not re.search(r"[?!\d]", passage.text) for passage in of_role("highlight")) >= 40
    assert sum(bool(re.search(r"[?!]", passage.text)) for passage in of_role("filler")) >= 40


def test_sentences_turns_and_laughter_of_a_passage():
    passage = Passage(
        id="x", split="test", role="filler", kind="k", text=f"One is here. Two? {LAUGH} Yes, three. {TURN} Four."
    )
    first, second = passage.turns
    assert [sentence.words for sentence in first] == [("One", "is", "here."), ("Two?",), ("Yes,", "three.")]
    assert [sentence.laughed for sentence in first] == [False, True, False]
    assert [sentence.words for sentence in second] == [("Four.",)]
    assert passage.spoken == "One is here. Two? Yes, three. Four."


def test_a_talk_is_the_same_for_the_same_seed_whatever_else_is_made(talks):
    assert talk("train", 0, 3) == talks[3]
    assert talk("train", 1, 3).utterances != talks[3].utterances


def test_talks_have_the_length_and_the_highlights_they_should(talks):
    assert all(8 <= one.duration_ms / 60_000 <= 31 for one in talks)
    assert {len(highlights_of(one)) for one in talks} == set(range(3, 9))
    for one in talks:
        for row in highlights_of(one):
            assert 15_000 <= row["end_ms"] - row["start_ms"] <= 90_000


def test_no_passage_is_twice_in_a_talk_and_no_highlights_are_side_by_side(talks):
    for one in talks:
        ids = [said.passage.id for said in one.plan.said]
        assert len(ids) == len(set(ids))
        roles = [said.passage.role for said in one.plan.said]
        assert ("highlight", "highlight") not in set(pairwise(roles))


def test_nothing_is_gone_through_again_before_it_was_said(talks):
    again = 0
    for one in talks:
        order = [said.passage.id for said in one.plan.said]
        for at, name in enumerate(order):
            if name.endswith("-again"):
                again += 1
                assert name.removesuffix("-again") in order[:at]
    assert again > 20


def test_a_talk_has_only_passages_of_its_half_and_language_and_of_one_theme(talks):
    known = {passage.id: passage for passage in everything()}
    for one in talks:
        said = [known[each.passage.id.removesuffix("-again")] for each in one.plan.said]
        assert {passage.split for passage in said} == {one.name.split("-")[0]}
        assert {passage.id[:2] for passage in said} == {one.plan.language}
        assert len({passage.theme for passage in said if passage.theme}) == 1


def test_words_follow_each_other_and_utterances_hold_them_all(talks):
    for one in talks:
        words = [word for utterance in one.utterances for word in utterance.words]
        assert words == [word for line in one.lines for word in line.words]
        assert all(first.end_ms <= second.start_ms for first, second in pairwise(words))
        assert all(word.start_ms < word.end_ms for word in words)
        assert words[-1].end_ms < one.duration_ms
        for utterance in one.utterances:
            assert (utterance.start_ms, utterance.end_ms) == (utterance.words[0].start_ms, utterance.words[-1].end_ms)


def test_long_pauses_are_within_passages_as_well(talks):
    long_within = long_between = 0
    for one in talks:
        for before, line in pairwise(one.lines):
            if line.words[0].start_ms - before.words[-1].end_ms >= 1_200:
                within = before.passage == line.passage
                long_within, long_between = long_within + within, long_between + (not within)
    assert long_within > long_between / 2


def test_a_voice_alone_hardly_tells_a_highlight():
    source = random.Random(1)
    for part in ("loudness", "pitch", "rate", "variation"):
        drawn = {
            kind: [
                getattr(of_utterance(of_passage(kind, source), source), part)
                for _ in range(4_000)
            ]
            for kind in (True, False)
        }  # fmt: skip
        spread = pstdev(drawn[False])
        assert spread == pytest.approx(1.0, abs=0.05)
        assert fmean(drawn[True]) - fmean(drawn[False]) == pytest.approx(EFFECT, abs=0.1)


def test_all_of_a_voice_together_tells_little_more(talks):
    """Area under the curve of the sum of all that differs, over a passage: 0.5 tells nothing."""
    means: dict[str, list[float]] = {"highlight": [], "filler": []}
    source = random.Random(2)
    for one in talks:
        for number, said in enumerate(one.plan.said):
            manner = of_passage(said.passage.role == "highlight", source)
            parts = [of_utterance(manner, source) for line in one.lines if line.passage == number]
            means[said.passage.role].append(
                fmean(part.loudness + part.pitch + part.rate + part.variation for part in parts)
            )
    high, low = means["highlight"], means["filler"]
    assert 0.55 < fmean((mine > other) + 0.5 * (mine == other) for mine in high for other in low) < 0.70


def test_the_difference_is_in_the_files_too(talks):
    differences = []
    for one in talks:
        levels: dict[str, list[float]] = {"highlight": [], "filler": []}
        if one.plan.speakers == 1:  # several have levels of their own
            for line in one.lines:
                levels[one.plan.said[line.passage].passage.role].append(line.sounds.loudness_db)
            differences.append((fmean(levels["highlight"]) - fmean(levels["filler"])) / LOUDNESS_DB)
    assert fmean(differences) == pytest.approx(EFFECT, abs=0.2)


def test_jokes_are_laughed_at_mostly_and_other_things_sometimes(talks):
    laughed = {True: 0, False: 0}
    jokes = 0
    for one in talks:
        for line in one.lines:
            joke = one.plan.said[line.passage].passage.kind == "joke"
            laughed[joke] += any(reaction.kind == "laughter" for reaction in line.reactions)
        jokes += sum(said.passage.kind == "joke" for said in one.plan.said)
    assert jokes * 0.6 < laughed[True]
    assert laughed[False] > 10
    markers = {marker.kind for one in talks for utterance in one.utterances for marker in utterance.markers}
    assert {"laughter", "applause", "question", "exclamation"} <= markers


def test_speakers_take_turns(talks):
    several = [one for one in talks if one.plan.speakers > 1]
    assert 0.25 < len(several) / len(talks) < 0.75
    for one in several:
        assert len({utterance.speaker for utterance in one.utterances}) == one.plan.speakers
        assert all(first.speaker == second.speaker or first.end_ms < second.start_ms
                   for first, second in pairwise(one.utterances))  # fmt: skip


def test_the_bench_reads_what_the_command_writes(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "ops.bench.highlights", tmp_path, "--split", "test", "--talks", "3", "--seed", "5"],
        cwd=ROOT,
        check=True,
    )
    sources = sources_of(tmp_path, ModelStore(None, Settings().cache_dir), None, 1)
    made = [talk("test", 5, number) for number in range(3)]
    assert [source.name for source in sources] == sorted(one.name for one in made)
    for one in made:
        item = next(source for source in sources if source.name == one.name).read()
        assert item.timed
        assert item.duration_ms == one.duration_ms
        assert [(span.start_ms, span.end_ms) for span in item.spans] == [
            (row["start_ms"], row["end_ms"]) for row in highlights_of(one)
        ]
        # the reader leaves speakers out, since they are the segmenter's to find
        assert [u.text for u in item.utterances] == [u.text for u in one.utterances]
        assert [u.voice for u in item.utterances] == [u.voice for u in one.utterances]
        assert [u.markers for u in item.utterances] == [u.markers for u in one.utterances]
        # every highlight begins and ends with a sentence
        for span in item.spans:
            assert item.speech.opens[item.speech.starts.index(span.start_ms)]
            assert item.speech.closes[item.speech.ends.index(span.end_ms)]
        written = orjson.loads((tmp_path / f"{one.name}.passages.json").read_bytes())
        assert written == passages_of(one)
        assert orjson.loads((tmp_path / f"{one.name}.transcript.json").read_bytes()) == transcript_of(one)


def test_other_seeds_make_other_talks():
    orders = [
        [said.passage.id for said in talk("test", seed, 0).plan.said] for seed in range(3)
    ]  # fmt: skip
    assert all(one != other for one, other in combinations(orders, 2))


def test_speaking_a_plan_needs_no_luck():
    """Every plan can be spoken by any voices: no word without length, no pause below 0."""
    made = talk("train", 0, 4).plan
    for seed in range(5):
        spoken, duration_ms = lines(made, random.Random(seed))
        assert duration_ms > spoken[-1].words[-1].end_ms
        assert all(word.end_ms > word.start_ms for line in spoken for word in line.words)
