from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import BatchAnalysis, ChunkTranscript, Face, Reason, Segment, Shot, Utterance
from processors.errors import InvalidMessage
from processors.options import Options
from processors.segments import Parts, Ranking, rank
from processors.segments.document import decoded_of
from processors.segments.signals import ALL
from processors.timeline import overlap_ms
from tests.unit.segments.builders import chunk, facts, frame, parts, shots_at, talk, utterance

STORY = [
    utterance("How does a turtle find one small beach after 20 years?", 1_000, loudness_db=-18.0),
    utterance("It has no map and no phone.", 6_000, loudness_db=-25.0),
    utterance("Most people guess that turtles smell the way home.", 10_000, loudness_db=-22.0),
    utterance("The secret is deep inside the earth.", 14_000, loudness_db=-19.0),
    utterance("And every beach has its own signature.", 18_000, loudness_db=-24.0),
]
FRAMES = [
    frame(at_ms, faces=[Face(0.4, 0.2, 0.2, 0.3, 0.9)] * (at_ms > 9_000), motion=at_ms / 100_000, score=at_ms / 50_000)
    for at_ms in range(1_500, 24_000, 3_000)
]
SHOTS = shots_at(0, 5_900, 9_800, 17_900, 25_000)


def story(**options: object) -> Parts:
    return parts(25_000, [chunk(said) for said in STORY], FRAMES, SHOTS, **{"min_segment_ms": 4_000, **options})


def check(ranking: Ranking, options: Options) -> None:
    """What holds for every ranking."""
    segments = ranking.segments
    least_ms = min(options.min_segment_ms, ranking.duration_ms)
    assert [segment.rank for segment in segments] == list(range(1, len(segments) + 1))
    assert len(segments) <= options.max_segments
    assert [(-segment.score, segment.start_ms, segment.end_ms) for segment in segments] == sorted(
        (-segment.score, segment.start_ms, segment.end_ms) for segment in segments
    )
    for segment in segments:
        assert 0 <= segment.start_ms < segment.end_ms <= ranking.duration_ms
        assert least_ms <= segment.end_ms - segment.start_ms <= options.max_segment_ms
        assert segment.segment_id == f"{ranking.video_id}-{segment.start_ms}-{segment.end_ms}"
        assert 0 < len(segment.title) <= 60
        assert 0 <= segment.confidence <= 1
        assert_score_is_the_sum(segment)
    for index, one in enumerate(segments):
        for other in segments[index + 1 :]:
            first, second = (one.start_ms, one.end_ms), (other.start_ms, other.end_ms)
            assert overlap_ms(first, second) <= min(first[1] - first[0], second[1] - second[0]) / 2


def assert_score_is_the_sum(segment: Segment) -> None:
    parts_of_score = [Decimal(str(reason.value)) * Decimal(str(reason.weight)) for reason in segment.reasons]
    assert abs(sum(parts_of_score) - Decimal(str(segment.score))) <= Decimal("0.00005")
    assert sum(Decimal(str(reason.weight)) for reason in segment.reasons) == 1
    assert parts_of_score == sorted(parts_of_score, reverse=True)
    assert all(reason.detail for reason in segment.reasons)


def test_a_story() -> None:
    ranking = rank(story())
    check(ranking, story().options)
    assert ranking.languages == ["en"]
    assert ranking.missing == []
    assert len(ranking.document.curve) == 25
    for segment in ranking.segments:
        assert not any(
            word.start_ms < edge < word.end_ms
            for edge in (segment.start_ms, segment.end_ms)
            for said in STORY
            for word in said.words
        )
        assert segment.text[0].isupper()
        assert segment.text.endswith((".", "?"))
        assert segment.keyframe_uri is not None


def test_signals_of_all_modalities_speak() -> None:
    named = {reason.signal for reason in rank(story()).segments[0].reasons}
    assert {"hook", "completeness", "loudness", "faces", "motion"} <= named


def test_no_segment_starts_with_a_sentence_that_refers_back() -> None:
    single = rank(story(max_segment_ms=5_000))
    by_text = {segment.text: segment for segment in single.segments}
    assert STORY[4].text not in by_text
    hook = {reason.signal: reason for reason in by_text[STORY[0].text].reasons}["hook"]
    assert hook.detail == "opens with a question, names a number (“20”)"


@pytest.mark.parametrize("group", ["speech", "vision"])
def test_preferences_change_the_order_and_the_weights(group: str) -> None:
    plain, steered = rank(story()), rank(story(preferences={group: 50.0}))
    share = {signal.name: signal.group for signal in ALL}
    for segment in steered.segments:
        assert sum(reason.weight for reason in segment.reasons if share[reason.signal] == group) > 0.9
    assert steered.segments != plain.segments


def test_an_unknown_preference_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="Known preferences: speech, audio, vision, structure, centrality"):
        rank(story(preferences={"virality": 1.0}))


# ------------------------------------------------------------------------------------------- odd videos

MUSIC = [ChunkTranscript(0, 25_000, 0, None, None, [], [], "base")]
ODD = {
    "no speech": parts(25_000, [], FRAMES, SHOTS),
    "music only": parts(25_000, MUSIC, FRAMES, SHOTS),
    "no frames": parts(25_000, [chunk(said) for said in STORY], min_segment_ms=4_000),
    "shots but no frames": parts(25_000, [], [], SHOTS),
    "frames but no shots": parts(25_000, [], FRAMES, []),
    "one sentence": parts(20_000, [chunk(STORY[0])]),
    "one word": parts(20_000, [chunk(utterance("Hello.", 9_000))], FRAMES, SHOTS),
    "shorter than the minimum": parts(5_000, [chunk(STORY[0])], FRAMES[:1], shots_at(0, 5_000)),
    "one second": parts(1_000, [], [frame(500)], shots_at(0, 1_000)),
    "no facts": Parts("vid", Options(), None, [chunk(STORY[0])], [BatchAnalysis(FRAMES, SHOTS, 0.0)], 25_000),
    "two languages": parts(25_000, [chunk(STORY[0]), chunk(utterance("Das ist der ganze Film.", 9_000, "de"))]),
    "black frames": parts(25_000, [], [replace(seen, scene="black", score=0.0) for seen in FRAMES], SHOTS),
    "words without times of their own": parts(25_000, [chunk(replace(said, words=[])) for said in STORY]),
    "one exact length": story(min_segment_ms=5_000, max_segment_ms=5_000),
    "very short segments": story(min_segment_ms=500, max_segment_ms=1_000),
}
GIVES_LESS = {"one exact length"}  # words do not fall on the exact millisecond


@pytest.mark.parametrize("name", ODD)
def test_odd_videos_give_segments(name: str) -> None:
    ranking = rank(ODD[name])
    assert ranking.segments
    options = ODD[name].options
    check(ranking, options.model_copy(update={"min_segment_ms": 3_000}) if name in GIVES_LESS else options)


@pytest.mark.parametrize(
    ("name", "missing", "evidence"),
    [
        ("no speech", ["speech: no words were recognised"], "vision"),
        ("no frames", ["shots: none were found", "pictures: none were analysed"], "speech audio"),
        ("shots but no frames", ["speech: no words were recognised", "pictures: none were analysed"], "vision"),
    ],
)
def test_what_is_missing_is_left_out_and_lowers_confidence(name: str, missing: list[str], evidence: str) -> None:
    ranking = rank(ODD[name])
    groups = {signal.name: signal.group for signal in ALL}
    assert ranking.missing == missing
    found = {groups[reason.signal] for segment in ranking.segments for reason in segment.reasons}
    assert found <= {*evidence.split(), "structure"}
    assert 0 < ranking.confidence < rank(story()).confidence


def test_a_window_about_which_nothing_is_known_is_not_recommended() -> None:
    ranking = rank(parts(60_000, [], [frame(1_000)], [], max_segment_ms=10_000))
    assert ranking.segments
    assert all(segment.start_ms <= 11_000 and segment.reasons for segment in ranking.segments)


def test_titles_and_texts_of_odd_videos() -> None:
    assert rank(ODD["one sentence"]).segments[0].title == "How does a turtle find one small beach after 20 years?"
    assert len(rank(ODD["one sentence"]).segments) == 1
    assert rank(ODD["one second"]).segments[0].title == "Moment at 0:00"
    assert rank(ODD["no speech"]).segments[0].text == ""
    assert rank(ODD["two languages"]).languages == ["en", "de"]
    assert rank(ODD["words without times of their own"]).segments[0].text


NOTHING = {
    "10 ms": parts(10, [], [frame(0)], shots_at(0, 10)),
    "no parts": parts(25_000),
    "no parts at all": Parts("vid"),
    "a word after the end": parts(8_000, [chunk(utterance("Late.", 9_000))]),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_cut(name: str) -> None:
    ranking = rank(NOTHING[name])
    assert ranking.segments == []
    assert ranking.confidence == 0.0


# -------------------------------------------------------------------------------------------- determinism


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_shows(source: random.Random) -> None:
    whole = talk(2)
    shuffled = replace(
        whole,
        transcripts=source.sample(whole.transcripts, len(whole.transcripts)),
        batches=[
            replace(batch, frames=source.sample(batch.frames, len(batch.frames)), shots=batch.shots[::-1])
            for batch in source.sample(whole.batches, len(whole.batches))
        ],
    )
    assert rank(shuffled).to_json() == _talk_bytes()


def _talk_bytes() -> bytes:
    return rank(talk(2)).to_json()


def test_the_way_through_json_never_shows() -> None:
    assert rank(Parts.from_json(story().to_json())).to_json() == rank(story()).to_json()


def test_ranking_round_trip() -> None:
    ranking = rank(story())
    assert Ranking.from_json(ranking.to_json()) == ranking
    with pytest.raises(InvalidMessage, match="Ranking"):
        Ranking.from_json(b"null")


spoken = st.lists(
    st.tuples(
        st.sampled_from(
            ["Yes.", "one two three", "One two three four five six.", "Why not?", "and so on,", "今天 好。"]
        ),
        st.integers(0, 4_000),
        st.sampled_from(["en", "en", "zh", "xx"]),
        st.sampled_from([-30.0, -12.0, None]),
    ),
    max_size=10,
)
seen = st.lists(st.builds(frame, st.integers(0, 40_000), score=st.floats(0, 1), motion=st.floats(0, 1)), max_size=6)
cuts = st.lists(st.integers(1, 40_000), max_size=5, unique=True)


@settings(max_examples=150, deadline=None)
@given(spoken, seen, cuts, st.integers(1, 40_000), st.integers(500, 9_000), st.integers(1, 5))
def test_whatever_the_parts_the_ranking_is_sound(
    said: list[tuple[str, int, str, float | None]],
    frames: list,  # type: ignore[type-arg]
    inner: list[int],
    duration_ms: int,
    min_ms: int,
    most: int,
) -> None:
    utterances: list[Utterance] = []
    at_ms = 0
    for text, pause_ms, language, level in said:
        utterances.append(utterance(text, at_ms + pause_ms, language, loudness_db=level))
        at_ms = utterances[-1].end_ms
    shots = shots_at(0, *sorted(cut for cut in inner if cut < duration_ms), duration_ms) if inner else []
    options = Options(min_segment_ms=min_ms, max_segment_ms=2 * min_ms + 3_000, max_segments=most)
    given_parts = Parts(
        "vid",
        options,
        facts(duration_ms),
        [chunk(each) for each in utterances],
        [BatchAnalysis(frames, shots, 0.0)],
        None,
    )
    ranking = rank(given_parts)
    decoded_ms = decoded_of(given_parts)
    least_ms = 1 if utterances else min(min_ms, decoded_ms)
    check(ranking, options.model_copy(update={"min_segment_ms": least_ms}))
    assert decoded_ms <= duration_ms
    assert all(segment.end_ms <= decoded_ms for segment in ranking.segments)
    assert len(ranking.document.curve) in (0, -(-decoded_ms // 1_000))
    assert all(0 <= level <= 1 for level in ranking.document.curve)


def test_time_that_is_declared_but_was_never_decoded_is_in_no_segment() -> None:
    whole = rank(story())
    declared = rank(replace(story(), facts=facts(600_000)))
    assert declared.duration_ms == 600_000
    assert declared.document.shots == whole.document.shots
    assert len(declared.document.curve) == len(whole.document.curve)
    assert [(s.start_ms, s.end_ms) for s in declared.segments] == [(s.start_ms, s.end_ms) for s in whole.segments]
    assert declared.segments


# -------------------------------------------------------------------------------------------- provisional


def test_provisional_looks_at_nothing_later() -> None:
    until_ms = 13_000
    early = replace(story(), transcripts=[chunk(said) for said in STORY[:3]])
    early = replace(early, batches=[BatchAnalysis(FRAMES[:4], SHOTS[:2], 0.0)])
    whole = rank(story(), until_ms=until_ms)
    assert whole.to_json() == rank(early, until_ms=until_ms).to_json()
    assert whole.segments
    assert all(segment.end_ms <= until_ms for segment in whole.segments)
    assert whole.duration_ms == 25_000
    assert len(whole.document.curve) == 13


def test_provisional_drops_a_sentence_that_goes_on() -> None:
    said = [STORY[0], utterance("Turtles have no map and none has a phone.", 6_000)]  # words to 9450
    ranking = rank(parts(25_000, [chunk(*said)], min_segment_ms=2_000), until_ms=8_000)
    assert [segment.text for segment in ranking.segments] == [STORY[0].text]
    complete = rank(parts(25_000, [chunk(*said)], min_segment_ms=2_000), until_ms=10_000)
    assert any("none has a phone." in segment.text for segment in complete.segments)


@pytest.mark.parametrize(
    ("until_ms", "texts"),
    [(6_649 + 700, ["we went up there"]), (6_650 + 700, ["we went up there", "we saw"])],
    ids=["may go on", "followed by a pause"],
)
def test_provisional_without_punctuation_waits_for_a_pause(until_ms: int, texts: list[str]) -> None:
    said = [utterance("we went up there", 1_000), utterance("we saw", 6_000), utterance("the river", 7_400)]
    ranking = rank(parts(25_000, [chunk(*said)], min_segment_ms=500, max_segment_ms=4_000), until_ms=until_ms)
    assert sorted({segment.text for segment in ranking.segments}, reverse=True) == texts


@pytest.mark.parametrize("until_ms", [0, -5, 100], ids=["zero", "negative", "too little"])
def test_provisional_of_nothing(until_ms: int) -> None:
    assert rank(story(), until_ms=until_ms).segments == []


def test_provisional_of_everything_is_the_final_ranking() -> None:
    assert rank(story(), until_ms=25_000).segments == rank(story()).segments


# ---------------------------------------------------------------------------------------------------- size

THREE_HOURS_S = 5.0  # of processor time; takes 0.9 s


def test_three_hours_are_quick() -> None:
    long_talk = talk(180)
    started = time.process_time()
    ranking = rank(long_talk)
    spent_s = time.process_time() - started
    check(ranking, long_talk.options)
    assert spent_s < THREE_HOURS_S
    assert ranking.candidates < 40_000


@pytest.mark.parametrize(
    "options",
    [
        Options(min_segment_ms=500, max_segment_ms=3_600_000, max_segments=100),
        Options(min_segment_ms=15_000, max_segment_ms=15_000),
    ],
    ids=["widest lengths", "one exact length"],
)
def test_three_hours_with_odd_options_are_quick_too(options: Options) -> None:
    started = time.process_time()
    assert rank(replace(talk(180), options=options)).segments
    assert time.process_time() - started < THREE_HOURS_S


def test_memory_stays_near_the_size_of_the_parts() -> None:
    long_talk = talk(15)
    tracemalloc.start()
    rank(long_talk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 15_000_000  # bytes beside the parts; 180 minutes take 12 times as much


def test_reasons_are_those_of_the_domain() -> None:
    assert isinstance(rank(story()).segments[0].reasons[0], Reason)
    assert isinstance(rank(story()).document.shots[0], Shot)
