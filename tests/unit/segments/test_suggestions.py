from __future__ import annotations

from dataclasses import replace

from processors.domain import Face, PlatformFit
from processors.segments.platforms import RULES
from processors.segments.suggestions import MOST, Situation, suggestions_for
from tests.unit.segments.builders import frame, utterance
from tests.unit.segments.passages import passage, video

NOWHERE = Situation({}, {}, [])
FACE = [Face(0.4, 0.3, 0.2, 0.3, 0.9)]
GOOD = [
    utterance("How does a turtle find one beach?", 0),
    utterance("Scientists followed them over the ocean for years.", 4_000),
    utterance("Turtles read the magnetic field.", 9_000),
]


def told(said=(), frames=(), situation: Situation = NOWHERE, end_ms: int = 20_000, start_ms: int = 0):
    of = video(said, frames, duration_ms=60_000)
    return suggestions_for(passage(of, start_ms, end_ms), situation)


def fit(value: float, *violations: str) -> PlatformFit:
    return PlatformFit(value, list(violations), "", "", [])


def test_nothing_is_suggested_where_nothing_is_wrong() -> None:
    assert told(GOOD, [frame(1_000, faces=FACE), frame(9_000, faces=FACE)], end_ms=12_000) == []
    assert told([], [frame(1_000)], end_ms=12_000) == []
    assert told() == []


def test_a_word_that_refers_back_with_a_better_start_where_there_is_one() -> None:
    said = [utterance("And they swim home?", 0), *(replace(each) for each in GOOD[1:])]
    assert told(said, end_ms=18_000)[0] == (
        "Starts with “and”, which refers back: start at 0:04 with “Scientists followed them over the ocean for…”"
    )
    assert told(said[:1], end_ms=3_000) == [
        "Starts with “and”, which refers back: cut the word, or say before it what it is about"
    ]


def test_no_hook_names_the_sentence_that_has_one() -> None:
    said = [
        utterance("The weather was fine over the sea.", 0),
        utterance("Boats went out early in the day.", 5_000),
        utterance("Why did nobody come back?", 10_000),
        utterance("Sailors still tell this story at night.", 14_000),
    ]
    hook = "Nothing in the first 3 s gives a reason to stay: start at 0:10 with “Why did nobody come back?”"
    assert told(said, end_ms=18_000) == [hook]
    assert told(said, end_ms=17_999) == []  # too little would be left


def test_quiet_speech_with_how_much_to_raise_it() -> None:
    quiet = [replace(each, loudness_db=-34.0) for each in GOOD]
    assert told(quiet, end_ms=12_000) == ["Speech is at -34 dB: raise it by 14 dB"]
    assert told([replace(each, loudness_db=-29.9) for each in GOOD], end_ms=12_000) == []
    assert told([replace(each, loudness_db=None) for each in GOOD], end_ms=12_000) == []


def test_unclear_words_are_named() -> None:
    unclear = [GOOD[0], utterance("Scientists fold dem over the ocean for years.", 4_000, probability=0.2), GOOD[2]]
    assert told(unclear, end_ms=12_000) == [
        "40% of its words were hardly understood (“scientists”, “fold”, “dem”): read captions over before they go out"
    ]


def test_dead_air_and_a_late_start() -> None:
    said = [GOOD[0], utterance("Turtles read the magnetic field.", 9_000)]
    assert told(said, end_ms=11_000) == ["Nobody speaks from 0:02 to 0:09 (7 s): cut it"]
    late = [utterance("How does a turtle find one beach?", 2_500)]
    assert told(late, end_ms=6_000) == ["The first word comes after 2.5 s: cut what is before it"]
    assert told(late, start_ms=1_600, end_ms=6_000) == []


def test_a_black_opening() -> None:
    frames = [frame(500, scene="black"), frame(4_000)]
    assert told([], frames) == ["Black at 0:00: put a picture over it; the picture comes by 0:04"]
    assert told([], [frame(4_000, scene="black")]) == []


def test_a_face_is_missed_only_where_the_video_has_faces() -> None:
    frames = [frame(1_000), frame(9_000)]
    faces = Situation({}, {}, [30_000, 50_000], 0.5)
    assert told(GOOD, frames, faces, 12_000) == ["No face in its 2 pictures: show who speaks beside it, as at 0:30"]
    assert told(GOOD, frames, replace(faces, with_faces=0.2), 12_000) == []
    assert told(GOOD, [*frames, frame(5_000, faces=FACE)], faces, 12_000) == []
    assert told([], frames, faces, 12_000) == []  # nobody speaks


def test_blurred_and_still_pictures() -> None:
    blurred = [frame(1_000, sharpness=12.0), frame(5_000, sharpness=29.9), frame(9_000, sharpness=300.0)]
    assert told([], blurred) == [
        "2 of 3 pictures are blurred: sharpen them, or take another cover; the sharpest is at 0:09"
    ]
    assert told([], [frame(1_000, sharpness=30.0)]) == []
    assert told([], [frame(1_000, still_ms=15_000)]) == [
        "The picture stands still for 15 s: zoom slowly, or cut to another one"
    ]
    assert told([], [frame(1_000, still_ms=9_999)], end_ms=12_000) == []


def test_two_who_speak_at_once() -> None:
    said = [replace(each, overlapped=True) for each in GOOD]
    assert told(said, end_ms=12_000)[0].startswith("Two people speak at once for ")


def test_platforms_are_told_only_where_they_are_asked_for() -> None:
    fits = {
        "x": fit(0.0, "150 s long, X takes at most 140 s: cut 10 s"),
        "tiktok": fit(0.8, "wider than 9:16: crop it"),
    }
    assert told(situation=Situation({}, fits, [])) == []
    assert told(situation=Situation(RULES, fits, [])) == ["150 s long, X takes at most 140 s: cut 10 s"]
    asked = {"tiktok": RULES["tiktok"]}
    assert told(situation=Situation(asked, fits, [])) == ["For TikTok: wider than 9:16: crop it"]


def test_at_most_four_the_opening_first() -> None:
    said = [
        replace(utterance("And they swam far out.", 2_000, probability=0.1), loudness_db=-40.0, overlapped=True),
        replace(utterance("It was a long way.", 12_000, probability=0.1), loudness_db=-40.0, overlapped=True),
    ]
    frames = [frame(2_100, sharpness=1.0, still_ms=14_000, scene="other")]
    found = told(said, frames, Situation({}, {}, [50_000], 1.0), 14_000)
    assert len(found) == MOST
    assert found[0].startswith("Starts with “and”")
    assert all(any(map(str.isdigit, text)) or "“" in text for text in found)  # each has its figure or its words
