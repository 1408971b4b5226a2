"""The last step of ranking: texts, platforms and suggestions of the segments that were chosen.

They change neither order nor times. Each text is written once for all platforms and then cut to what each of them
takes, at the end of a sentence or a word.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from processors.cancelling import check_wanted
from processors.content.phrases import Language, passage_phrases, subjects, words_of
from processors.domain import PlatformFit, Segment, VideoFacts
from processors.options import Options
from processors.segments.descriptions import description_of
from processors.segments.fit import fit_of, measures_of
from processors.segments.hashtags import hashtags_of
from processors.segments.overall import suggestions_of
from processors.segments.passage import Passage, Video
from processors.segments.platforms import Platforms, Rules, rules_for
from processors.segments.suggestions import Situation, suggestions_for
from processors.segments.words import shortened

if TYPE_CHECKING:
    from processors.segments.rank import Ranking

# Of segments times platforms. One takes up to 1.7 kB in scripts of three bytes a character, all of them 430 kB of the
# 900 kB that a record may have; 50 segments have all five platforms.
MAX_FITS: Final = 250
# Characters below which the beginning of a description says nothing.
LEAST_BODY: Final = 20


@dataclass(frozen=True, slots=True)
class Finisher:
    """Finishes the segments of one video.

    Args:
        video: its material.
        facts: what the container says; None when not known.
        rules: of the platforms that segments are fitted to.
        asked: of those that the request names.
        faces: times of pictures with a face.
        phrases: own key phrases by segment_id.
    """

    video: Video
    facts: VideoFacts | None
    rules: Platforms
    asked: Platforms
    faces: list[int]
    phrases: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        ranking: Ranking,
        facts: VideoFacts | None,
        options: Options,
        own: Platforms | None = None,
        language: Language | None = None,
    ) -> Finisher:
        """Prepare for a ranking whose topics are known.

        Args:
            ranking: with topics.
            facts: of the container.
            options: of the request.
            own: platforms of the file of one's own.
            language: the sentence encoder, for key phrases of each segment; without it those of the topics do.

        Raises:
            InvalidMessage: the request names a platform that nobody knows.
        """
        rules = rules_for(options.platforms, own)
        document = ranking.document
        video = Video.of(document, ranking.duration_ms)
        return cls(
            video=video,
            facts=facts,
            rules=rules,
            asked=rules if options.platforms else {},
            faces=[frame.pts_ms for frame in document.frames if frame.faces],
            phrases={} if language is None else _phrases(video, ranking.segments, language),
        )

    def finished(self, segment: Segment) -> Segment:
        """A segment with its texts, platforms and suggestions."""
        check_wanted()
        passage = self.video.passage(segment)
        description = description_of(passage, self.video, segment.title)
        hashtags = hashtags_of(passage, self.phrases.get(segment.segment_id, ()))
        fits = self._fits(passage, description, hashtags) if segment.rank * len(self.rules) <= MAX_FITS else {}
        seen = len(self.faces) / max(1, len(self.video.document.frames))
        situation = Situation(self.asked, fits, self.faces, seen)
        return replace(
            segment,
            description=description,
            hashtags=hashtags,
            platforms=fits,
            suggestions=suggestions_for(passage, situation),
        )

    def _fits(self, passage: Passage, description: str, hashtags: Sequence[str]) -> dict[str, PlatformFit]:
        measures = measures_of(passage.length_ms, self.facts, passage.frames, passage.speech)
        fits = {}
        for name, rules in self.rules.items():
            fit, violations = fit_of(measures, rules)
            fits[name] = PlatformFit(fit, violations, *texts_for(rules, passage.segment.title, description, hashtags))
        return fits


def texts_for(rules: Rules, title: str, description: str, hashtags: Sequence[str]) -> tuple[str, str, list[str]]:
    """Title, description and hashtags as a platform takes them.

    Where it has no title of its own the title opens the description and the title is empty; hashtags share the
    description's room, so as many as fit beside the title stay.
    """
    own_title = "" if rules.title_chars is None else _cut(title, rules.title_chars, rules)
    opening = title if rules.title_chars is None else ""
    if description.casefold().startswith(title.rstrip("….?!").casefold()):
        opening = ""  # the title is how the description begins
    tags: list[str] = []
    for tag in hashtags[: rules.hashtags.recommended]:
        taken = rules.length_of(" ".join(f"#{each}" for each in [*tags, tag])) + 1
        if rules.length_of(opening) + taken <= rules.description_chars:
            tags.append(tag)
    taken = rules.length_of(" ".join(f"#{tag}" for tag in tags)) + 1 if tags else 0
    opening = _cut(opening, rules.description_chars - taken, rules)
    room = rules.description_chars - taken - (rules.length_of(opening) + 1 if opening else 0)
    body = _cut(description, room, rules) if room >= LEAST_BODY else ""
    return own_title, "\n".join(part for part in (opening, body) if part), tags


def finish(
    ranking: Ranking,
    facts: VideoFacts | None,
    options: Options,
    own: Platforms | None = None,
    language: Language | None = None,
) -> tuple[list[Segment], list[str]]:
    """All segments of a ranking finished, and the suggestions for the whole result; arguments as of `Finisher.of`.

    Raises:
        InvalidMessage: the request names a platform that nobody knows.
    """
    finisher = Finisher.of(ranking, facts, options, own, language)
    segments = [finisher.finished(segment) for segment in ranking.segments]
    return segments, suggestions_of(segments, ranking.document, options, ranking.duration_ms, finisher.asked)


def _phrases(video: Video, segments: Sequence[Segment], language: Language) -> dict[str, list[str]]:
    sentences, tokens = video.material.sentences, video.material.tokens
    said = [tokens[sentence.first : sentence.last + 1] for sentence in sentences]
    starts = [sentence.start_ms for sentence in sentences]
    ends = [sentence.end_ms for sentence in sentences]
    passages = []
    for segment in segments:
        first = bisect_left(starts, segment.start_ms)
        passages.append((first, max(first, bisect_right(ends, segment.end_ms))))
    if not said:
        return {}
    everywhere = subjects(said, language)
    found = {}
    for segment, (first, last), own in zip(segments, passages, passage_phrases(said, passages, language), strict=True):
        heard = {word.casefold() for sentence in said[first:last] for word in words_of(sentence)}
        found[segment.segment_id] = [*(word for word in everywhere if word.casefold() in heard), *own]
    return found


def _cut(text: str, limit: int, rules: Rules) -> str:
    """A text within a limit as the platform counts, cut at a word."""
    allowed = limit
    while rules.length_of(cut := shortened(text, allowed)) > limit:
        allowed -= max(1, (rules.length_of(cut) - limit) // rules.wide_characters_count)
    return cut


__all__ = ["MAX_FITS", "Finisher", "finish", "texts_for"]
