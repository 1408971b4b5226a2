"""What would make a segment better: each suggestion has the figure that it rests on and says what to do.

Rules over measured facts, each a function of its own. They are ordered by how much of a segment's viewers they cost:
the opening first, then what cannot be heard, then what cannot be seen, then comfort. Where nothing can be done about
a fact, it is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from processors.domain import PlatformFit
from processors.segments.lexicon import bare_word, lexicon
from processors.segments.passage import Passage
from processors.segments.platforms import Platforms
from processors.segments.sentences import Sentence
from processors.segments.words import Token, shortened
from processors.timeline import clock

MOST: Final = 4
# Viewers of short videos decide within so much of it.
OPENING_MS: Final = 3_000
# What is said after a better opening must still be a segment.
LEAST_AFTER_MS: Final = 8_000
# Speech is mixed at about -20 dB of full scale (RMS); from 10 dB below on, people reach for the volume.
USUAL_DB: Final = -20.0
QUIET_DB: Final = -30.0
# The recogniser's certainty of a word below which it is mostly wrong; and the share of such words that is worth a look.
UNSURE: Final = 0.4
UNSURE_SHARE: Final = 0.15
SHOWN_WORDS: Final = 3
# Nobody speaks for so long within a segment that is spoken otherwise.
DEAD_AIR_MS: Final = 3_000
SPOKEN: Final = 0.3
# Before the first word: longer than the air that the cut leaves.
LATE_MS: Final = 1_000
# Variance of the Laplacian of a key frame: blurred pictures have below 30, ordinary ones some hundreds.
BLURRED: Final = 30.0
# One picture for so long reads as a photograph.
STILL_MS: Final = 10_000
STILL_SHARE: Final = 0.6
# Time in which two speak at once.
OVERLAP_SHARE: Final = 0.2
# Share of pictures with a face from which on a video is one of people who are seen.
OFTEN_SEEN: Final = 0.3
QUOTED: Final = 48
_QUESTION_MARKS: Final = ("?", "？", "؟")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule may know beside the segment.

    Args:
        asked: platforms that the request names.
        fits: of the segment, by platform.
        faces: times of pictures of the whole video with a face, in order.
        with_faces: share of its pictures that have one.
    """

    asked: Platforms
    fits: Mapping[str, PlatformFit]
    faces: list[int]
    with_faces: float = 0.0


def suggestions_for(passage: Passage, situation: Situation) -> list[str]:
    """At most `MOST` suggestions, the most useful first."""
    found = [text for rule in _RULES if (text := rule(passage, situation))]
    return found[:MOST]


def _refers_back(passage: Passage, situation: Situation) -> str:
    first = _first(passage)
    if first is None:
        return ""
    token = passage.tokens[0]
    word = bare_word(token.text)
    if not lexicon(token.language).has("dangling", token.text):
        return ""
    better = _later(passage, lambda sentence: _stands_alone(passage, sentence))
    if better is not None:
        return f"Starts with “{word}”, which refers back: start at {_place(better)}"
    return f"Starts with “{word}”, which refers back: cut the word, or say before it what it is about"


def _no_hook(passage: Passage, situation: Situation) -> str:
    first = _first(passage)
    if first is None or _hooks(passage, first, passage.tokens[0].start_ms + OPENING_MS):
        return ""

    def better(sentence: Sentence) -> bool:
        return _hooks(passage, sentence, sentence.start_ms + OPENING_MS) and _stands_alone(passage, sentence)

    found = _later(passage, better)
    if found is None:
        return ""
    return f"Nothing in the first {OPENING_MS // 1000} s gives a reason to stay: start at {_place(found)}"


def _starts_late(passage: Passage, situation: Situation) -> str:
    if not passage.tokens or passage.speech < SPOKEN:
        return ""
    wait_ms = passage.tokens[0].start_ms - passage.segment.start_ms
    return f"The first word comes after {wait_ms / 1000:.1f} s: cut what is before it" if wait_ms >= LATE_MS else ""


def _starts_black(passage: Passage, situation: Situation) -> str:
    first = passage.frames[0] if passage.frames else None
    if first is None or first.scene != "black" or first.pts_ms - passage.segment.start_ms > OPENING_MS:
        return ""
    following = next((frame for frame in passage.frames if frame.scene != "black"), None)
    until = f"; the picture comes by {clock(following.pts_ms)}" if following is not None else ""
    return f"Black at {clock(first.pts_ms)}: put a picture over it{until}"


def _quiet(passage: Passage, situation: Situation) -> str:
    levels = [(each.loudness_db, each.end_ms - each.start_ms) for each in passage.utterances]
    known = [(level, length) for level, length in levels if level is not None]
    total = sum(length for _, length in known)
    if not total:
        return ""
    mean = sum(level * length for level, length in known) / total
    return f"Speech is at {mean:.0f} dB: raise it by {USUAL_DB - mean:.0f} dB" if mean <= QUIET_DB else ""


def _unclear(passage: Passage, situation: Situation) -> str:
    unsure = [token for token in passage.tokens if token.probability < UNSURE]
    if not passage.tokens or len(unsure) < UNSURE_SHARE * len(passage.tokens):
        return ""
    words = dict.fromkeys(bare_word(token.text) for token in sorted(unsure, key=lambda token: token.probability))
    shown = ", ".join(f"“{word}”" for word in list(words)[:SHOWN_WORDS] if word)
    share = len(unsure) / len(passage.tokens)
    return f"{share:.0%} of its words were hardly understood ({shown}): read captions over before they go out"


def _dead_air(passage: Passage, situation: Situation) -> str:
    if passage.speech < SPOKEN:
        return ""
    gaps = [(one.end_ms, other.start_ms) for one, other in pairwise(passage.tokens)]
    if passage.tokens:
        gaps.append((passage.tokens[-1].end_ms, passage.segment.end_ms))
    start_ms, end_ms = max(gaps, key=lambda gap: (gap[1] - gap[0], -gap[0]), default=(0, 0))
    if end_ms - start_ms < DEAD_AIR_MS:
        return ""
    return f"Nobody speaks from {clock(start_ms)} to {clock(end_ms)} ({(end_ms - start_ms) / 1000:.0f} s): cut it"


def _platforms(passage: Passage, situation: Situation) -> str:
    """The gravest of what speaks against one of the platforms that were asked for; none asked, none told."""
    worst = [
        (situation.fits[name].fit, name)
        for name in situation.asked
        if name in situation.fits and situation.fits[name].violations
    ]
    if not worst:
        return ""
    _, name = min(worst)
    text = situation.fits[name].violations[0]
    rules = situation.asked[name]
    return text[:1].upper() + text[1:] if rules.name in text else f"For {rules.name}: {text}"


def _no_face(passage: Passage, situation: Situation) -> str:
    """Only where the video mostly has faces: nobody can show a speaker who was never filmed."""
    if passage.speech < SPOKEN or not passage.frames or situation.with_faces < OFTEN_SEEN or not situation.faces:
        return ""
    if any(frame.faces for frame in passage.frames):
        return ""
    middle = (passage.segment.start_ms + passage.segment.end_ms) // 2
    nearest = min(situation.faces, key=lambda at_ms: (abs(at_ms - middle), at_ms))
    count = len(passage.frames)
    where = "its picture" if count == 1 else f"its {count} pictures"
    return f"No face in {where}: show who speaks beside it, as at {clock(nearest)}"


def _blurred(passage: Passage, situation: Situation) -> str:
    shown = [frame for frame in passage.frames if frame.scene != "black"]
    blurred = [frame for frame in shown if frame.sharpness < BLURRED]
    if not shown or 2 * len(blurred) <= len(shown):
        return ""
    sharpest = max(shown, key=lambda frame: (frame.sharpness, -frame.pts_ms))
    tail = f"; the sharpest is at {clock(sharpest.pts_ms)}" if sharpest not in blurred else ""
    return f"{len(blurred)} of {len(shown)} pictures are blurred: sharpen them, or take another cover{tail}"


def _still(passage: Passage, situation: Situation) -> str:
    times = [frame.still_ms or 0 for frame in passage.frames]
    longest = min(max(times, default=0), passage.length_ms)
    if longest < STILL_MS or longest < STILL_SHARE * passage.length_ms:
        return ""
    return f"The picture stands still for {longest / 1000:.0f} s: zoom slowly, or cut to another one"


def _overlapped(passage: Passage, situation: Situation) -> str:
    both_ms = sum(each.end_ms - each.start_ms for each in passage.utterances if each.overlapped)
    if both_ms < OVERLAP_SHARE * passage.length_ms:
        return ""
    return f"Two people speak at once for {both_ms / 1000:.0f} s: name them in the captions"


_RULES: Final[tuple[Callable[[Passage, Situation], str], ...]] = (
    _refers_back,
    _no_hook,
    _starts_black,
    _starts_late,
    _platforms,
    _quiet,
    _dead_air,
    _unclear,
    _no_face,
    _still,
    _blurred,
    _overlapped,
)


def _first(passage: Passage) -> Sentence | None:
    return passage.sentences[0] if passage.sentences and passage.tokens else None


def _later(passage: Passage, wanted: Callable[[Sentence], bool]) -> Sentence | None:
    """The first wanted sentence behind the opening after which enough of the segment is left."""
    latest_ms = passage.segment.end_ms - LEAST_AFTER_MS
    return next(
        (
            sentence
            for sentence in passage.sentences[1:]
            if sentence.opens and sentence.start_ms <= latest_ms and wanted(sentence)
        ),
        None,
    )


def _stands_alone(passage: Passage, sentence: Sentence) -> bool:
    token = _token_at(passage, sentence.start_ms)
    return token is not None and not lexicon(token.language).has("dangling", token.text)


def _hooks(passage: Passage, sentence: Sentence, until_ms: int) -> bool:
    """Whether what is said from the start of a sentence up to a time asks, speaks to somebody, or claims something."""
    if sentence.text.rstrip("\"'”»)").endswith(_QUESTION_MARKS):
        return True
    words = [token for token in passage.tokens if sentence.start_ms <= token.start_ms < until_ms]
    for position, token in enumerate(words):
        listed = lexicon(token.language)
        if any(listed.has(kind, token.text) for kind in ("address", "strong", "number")):
            return True
        if position and listed.has("contrast", token.text):
            return True
        if any(map(str.isdigit, token.text)):
            return True
    return False


def _token_at(passage: Passage, start_ms: int) -> Token | None:
    return next((token for token in passage.tokens if token.start_ms >= start_ms), None)


def _place(sentence: Sentence) -> str:
    return f"{clock(sentence.start_ms)} with “{shortened(sentence.text, QUOTED)}”"


__all__ = ["MOST", "Situation", "suggestions_for"]
