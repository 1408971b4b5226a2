"""How a segment suits a platform as it is, and what would mend what speaks against it.

The fit is a product: each rule that a segment breaks, and each that it keeps only just, takes its part. What a
platform refuses outright (a length outside its limits) makes it 0; what a crop or another encoding mends does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.domain import FrameAnalysis, VideoFacts
from processors.segments.framing import MIDDLE, Crop, covered_faces, crop_of
from processors.segments.lengths import length_preference
from processors.segments.platforms import Rules, aspect_of

# An aspect counts as another one up to this relative difference: 1080 x 1920 is exact, 608 x 1080 is 0.1 % off.
SAME_ASPECT: Final = 0.02
# What is left of the fit ...
ACCEPTED: Final = 0.8  # ... where the platform takes the aspect and shows bars
TO_CROP: Final = 0.6  # ... where it must be cropped first
LOST: Final = 0.5  # ... where a crop loses the face in every picture; in proportion to the pictures
COVERED: Final = 0.7  # ... where the interface lies over the face in every picture; likewise
RE_ENCODE: Final = 0.9  # ... where size or frame rate must be changed
MUTED: Final = 0.95  # ... where most is speech and the player starts without sound
MOSTLY_SPEECH: Final = 0.5
# Fewer pictures with faces tell nothing about where somebody is.
FEW: Final = 1
DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of a segment.

    Args:
        length_ms: > 0.
        aspect: of the picture as shown, width by height; None without one.
        frame_rate: None when not known.
        file_bytes: estimated, at the source's rate; None when not known.
        frames: of the segment, in time order.
        speech: share of its length in which somebody speaks, 0..1.
    """

    length_ms: int
    aspect: float | None
    frame_rate: float | None
    file_bytes: int | None
    frames: Sequence[FrameAnalysis]
    speech: float


def measures_of(length_ms: int, facts: VideoFacts | None, frames: Sequence[FrameAnalysis], speech: float) -> Measures:
    """The measures of a segment; see `Measures`."""
    shown = next((each for each in facts.streams if each.kind == "video" and each.used), None) if facts else None
    size = None
    if facts is not None and facts.duration_ms > 0:
        size = facts.size_bytes * length_ms // facts.duration_ms
    aspect = shown.width / shown.height if shown is not None and shown.width and shown.height else None
    return Measures(length_ms, aspect, None if shown is None else shown.frame_rate, size, frames, speech)


def fit_of(measures: Measures, rules: Rules) -> tuple[float, list[str]]:
    """The fit, 0..1, and what speaks against it in words, each with what would mend it; the gravest first."""
    found = [
        _length(measures, rules),
        *_picture(measures, rules),
        _frame_rate(measures, rules),
        _size(measures, rules),
        _sound(measures, rules),
    ]
    fit = 1.0
    for left, _ in found:
        fit *= left
    graded = sorted((each for each in found if each[1]), key=lambda each: each[0])
    return round(fit, DECIMALS), [words for _, words in graded]


def nearest_ideal(aspect: float, rules: Rules) -> tuple[str, float]:
    """The ideal aspect nearest to a picture's, as text and as a number."""
    text = min(rules.ideal_aspects, key=lambda each: max(aspect / aspect_of(each), aspect_of(each) / aspect))
    return text, aspect_of(text)


def seconds(length_ms: int) -> str:
    """A length for people: "40 ms", "8.5 s", "90 s", "3 min"."""
    if length_ms < 100:
        return f"{length_ms} ms"
    if length_ms >= 120_000 and length_ms % 60_000 == 0:
        return f"{length_ms // 60_000} min"
    return f"{length_ms / 1000:.1f}".removesuffix(".0") + " s"


def _length(measures: Measures, rules: Rules) -> tuple[float, str]:
    length_ms, (low, high) = measures.length_ms, rules.ideal_ms
    if length_ms < rules.min_ms:
        more = seconds(rules.min_ms - length_ms)
        return 0.0, f"{seconds(length_ms)} long, {rules.name} takes no less than {seconds(rules.min_ms)}: add {more}"
    if length_ms > rules.max_ms:
        less = seconds(length_ms - rules.max_ms)
        return 0.0, f"{seconds(length_ms)} long, {rules.name} takes at most {seconds(rules.max_ms)}: cut {less}"
    left = length_preference(length_ms, {"": rules})
    suits = f"{seconds(length_ms)} long, {seconds(low)} to {seconds(high)} suit {rules.name}"
    if length_ms < low:
        return left, f"{suits}: add {seconds(low - length_ms)}"
    if length_ms > high:
        return left, f"{suits}: cut {seconds(length_ms - high)}"
    return 1.0, ""


def _picture(measures: Measures, rules: Rules) -> list[tuple[float, str]]:
    aspect = measures.aspect
    if aspect is None:
        return [(0.0, f"{rules.name} shows videos, and this has no picture: put one behind the sound")]
    text, wanted = nearest_ideal(aspect, rules)
    ideal = abs(aspect / wanted - 1) <= SAME_ASPECT
    crop = crop_of(measures.frames, aspect, aspect if ideal else wanted)
    found = []
    if not ideal:
        slack = 1 + SAME_ASPECT
        accepted = rules.narrowest / slack <= aspect <= rules.widest * slack
        shape = "wider" if aspect > wanted else "taller"
        tells = "bars fill the rest" if accepted else f"{rules.name} does not take it as such"
        found.append((ACCEPTED if accepted else TO_CROP, f"{shape} than {text}, {tells}: crop it to {text}"))
        if crop.width < 1 and crop.pictures >= FEW and crop.in_middle < crop.pictures:
            found.append((1 - (1 - LOST) * (1 - crop.best / crop.pictures), lost_faces(crop, text)))
    under = covered_faces(measures.frames, rules.covered, crop) if rules.covered.anything else 0
    if under:
        part = under / crop.pictures
        who = f"the face in {under} of {crop.pictures} pictures" if crop.pictures > 1 else "the face"
        found.append((1 - (1 - COVERED) * part, f"{rules.name}'s buttons and texts lie over {who}: frame it tighter"))
    return found


def lost_faces(crop: Crop, text: str) -> str:
    """What a crop in the middle loses, and where it would lose least."""
    gone = crop.pictures - crop.in_middle
    of = f"in {gone} of {crop.pictures} pictures" if crop.pictures > 1 else "of its picture"
    loss = f"cropped to {text} in the middle, the face {of} is lost"
    if crop.best == crop.in_middle:
        return f"{loss}: let the crop follow the faces"
    side = "left" if crop.place < MIDDLE else "right"
    shift = round(100 * abs(crop.place - MIDDLE) * (1 - crop.width))
    keeps = "all" if crop.best == crop.pictures else f"{crop.best}"
    return f"{loss}: {shift} % further {side} it keeps {keeps}"


def _frame_rate(measures: Measures, rules: Rules) -> tuple[float, str]:
    rate = measures.frame_rate
    # containers tell averages: 22.98 is 23
    if rate is None or rules.frame_rate is None or rules.frame_rate[0] - 0.5 <= rate <= rules.frame_rate[1] + 0.5:
        return 1.0, ""
    low, high = rules.frame_rate
    return RE_ENCODE, f"{rate:.3g} frames a second, {rules.name} takes {low:g} to {high:g}: encode it anew"


def _size(measures: Measures, rules: Rules) -> tuple[float, str]:
    size, most = measures.file_bytes, rules.max_bytes
    if size is None or most is None or size <= most:
        return 1.0, ""
    return RE_ENCODE, f"some {size / 1e6:,.0f} MB, {rules.name} takes at most {most / 1e6:,.0f} MB: encode it anew"


def _sound(measures: Measures, rules: Rules) -> tuple[float, str]:
    if not rules.starts_muted or measures.speech <= MOSTLY_SPEECH:
        return 1.0, ""
    return MUTED, f"{rules.name} starts it without sound, and {measures.speech:.0%} of it is speech: add captions"


__all__ = ["Measures", "fit_of", "lost_faces", "measures_of", "nearest_ideal", "seconds"]
