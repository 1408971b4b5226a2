"""What would make all of a result better, and why there is none: for the whole video, each with its figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors.domain import Document, PlatformFit, Segment, Utterance
from processors.options import Options
from processors.segments.candidates import SHORTEST_MS
from processors.segments.fit import seconds
from processors.segments.platforms import Platforms

MOST: Final = 5
# Below this share of the time with speech, the words decide about little of the video.
MOSTLY_SILENT: Final = 0.15
# Mean certainty of words: clear speech has 0.9, the sample's 0.8; below this many are wrong.
UNSURE: Final = 0.65
# One voice for so long, with hardly a cut, is a lecture.
ALONE_MS: Final = 300_000
FEW_CUTS: Final = 1.0  # a minute
# Of the segments, so many must have the same thing against a platform for it to be said of all of them.
MOST_OF_THEM: Final = 0.7
POOR_FIT: Final = 0.5


def none_because(duration_ms: int, segments: Sequence[Segment], document: Document) -> list[str]:
    """Why a video has no segments; nothing when it has some."""
    if segments:
        return []
    if duration_ms < SHORTEST_MS:
        return [f"segments: none, the video is {duration_ms} ms long and the shortest segment has {SHORTEST_MS} ms"]
    if not document.transcript and not document.frames:
        return ["segments: none, there is neither a word nor a picture to rank by"]
    return ["segments: none, nothing of the video fits the lengths asked for"]


def suggestions_of(
    segments: Sequence[Segment], document: Document, options: Options, duration_ms: int, platforms: Platforms
) -> list[str]:
    """At most `MOST` suggestions about the whole result.

    Args:
        segments: finished, the best first.
        document: everything that was understood.
        options: of the request.
        duration_ms: of the video.
        platforms: that the request names.
    """
    found = [
        _no_pictures(document, options),
        _silent(segments, document, duration_ms),
        _uncertain(document, options),
        *(_poor_fit(segments, name, platforms) for name in platforms),
        _few(segments, options, duration_ms),
        _lecture(document, duration_ms),
    ]
    return [text for text in found if text][:MOST]


def _no_pictures(document: Document, options: Options) -> str:
    if document.frames or options.vision != "off":
        return ""
    return "No picture was looked at, since vision is off: vision=auto ranks by pictures as well"


def _silent(segments: Sequence[Segment], document: Document, duration_ms: int) -> str:
    spoken_ms = sum(each.end_ms - each.start_ms for each in document.transcript)
    if not segments or not document.frames or duration_ms <= 0 or spoken_ms >= MOSTLY_SILENT * duration_ms:
        return ""
    share = spoken_ms / duration_ms
    told = f"Only {share:.0%} of the video is speech" if spoken_ms else "Nobody speaks in the video"
    music = any(sound.kind == "music" for sound in document.sounds)
    silent = "put text on its segments" if music else "put music, a voice or text on its segments"
    advice = "preferences speech=0 ranks by pictures alone" if spoken_ms else silent
    return f"{told}: {advice}"


def _uncertain(document: Document, options: Options) -> str:
    sure = _certainty(document.transcript)
    if sure is None or sure >= UNSURE:
        return ""
    if options.language is None:
        advice = "name the language (language=en), or take profile=best"
    else:
        advice = (
            "take a larger model (profile=best)" if options.profile != "best" else "read captions before they go out"
        )
    return f"Words were recognised with {sure:.0%} certainty: {advice}"


def _certainty(transcript: Sequence[Utterance]) -> float | None:
    words = [word.probability for each in transcript for word in each.words]
    return sum(words) / len(words) if words else None


def _poor_fit(segments: Sequence[Segment], name: str, platforms: Platforms) -> str:
    """What speaks against a platform that was asked for in most of the segments."""
    fits: list[PlatformFit] = [segment.platforms[name] for segment in segments if name in segment.platforms]
    poor = [fit for fit in fits if fit.fit <= POOR_FIT and fit.violations]
    if not fits or len(poor) < MOST_OF_THEM * len(fits):
        return ""
    reasons = [fit.violations[0] for fit in poor]
    commonest = max(sorted(set(reasons)), key=reasons.count)
    return f"{len(poor)} of {len(fits)} segments suit {platforms[name].name} badly: {commonest}"


def _few(segments: Sequence[Segment], options: Options, duration_ms: int) -> str:
    """Fewer segments than asked for, although the video is long enough for them."""
    asked = options.max_segments
    if not segments or len(segments) >= asked or duration_ms < 2 * asked * options.min_segment_ms:
        return ""
    shorter = max(SHORTEST_MS, options.min_segment_ms // 2)
    return (
        f"{len(segments)} of {asked} segments were found: shorter ones give more "
        f"(min_segment_ms={shorter}, now {seconds(options.min_segment_ms)})"
    )


def _lecture(document: Document, duration_ms: int) -> str:
    people = [speaker for speaker in document.speakers if speaker.speech_ms]
    spoken_ms = sum(speaker.speech_ms for speaker in people)
    if len(people) != 1 or spoken_ms < ALONE_MS or not document.shots:
        return ""
    cuts = (len(document.shots) - 1) / (duration_ms / 60_000)
    if cuts >= FEW_CUTS:
        return ""
    return (
        f"One person speaks for {spoken_ms / 60_000:.0f} min with {cuts:.1f} cuts a minute: "
        "put other pictures between in the segments"
    )


__all__ = ["MOST", "none_because", "suggestions_of"]
