"""The best segments of a result rated and written about by a language model, by their words.

::

    segments, the best first -> no words: not asked
                             -> answered before, the same words for the same platforms: that answer
                             -> answered before, nearly the same words: that answer, if it holds for these
                             -> budget: fewer words of each, then the first ones only
                             -> some of them a request -> what is valid is kept, for the rest asked once more

What was answered is kept at once, so what a killed worker paid for is found by its successor. Each answer is held
against what is said (`copy_checks`) whenever it is used. What has no answer has a reason, and stays what it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from pydantic import TypeAdapter

from processors.content.embedding import MODEL as ENCODER
from processors.content.embedding import encoder
from processors.domain import Document, Segment
from processors.enrichment.answers import Answers
from processors.enrichment.copy_answer import Draft, understood
from processors.enrichment.copy_budget import ceiling_usd, refused, tokens_within
from processors.enrichment.copy_checks import checked, wrong_with
from processors.enrichment.copy_prompt import CLIPS_PER_REQUEST, Clip, form_of, messages_of, tokens_of
from processors.enrichment.meanings import Meanings, Vectors
from processors.enrichment.moments import moments_of
from processors.enrichment.paid import Paid
from processors.enrichment.platform_limits import limits_of
from processors.enrichment.written import Written
from processors.errors import ModelUnavailable
from processors.options import Options
from processors.segments.platforms import Platforms, Rules
from processors.service.config import HostedText
from processors.service.kept import Kept
from processors.tools import Tools
from processors.versions import CLIPS_VERSION
from processors.vision.hosted_asking import Asker, Question
from processors.vision.hosted_prompt import About, request_of
from processors.vision.hosted_reading import Understood
from processors.vision.hosted_result import SOURCE, Given
from processors.vision.hosted_scenes import cache_at, service_of

NO_SERVICE: Final = "No language model writes here: CLIPSTREAM_TEXT_BACKEND is local."
NO_WORDS: Final = "Nothing is said in it."
_DOCUMENT: Final = TypeAdapter(Document)
_KEPT: Final = TypeAdapter(Kept[Draft])
_TOPICS: Final = 3  # key phrases of each topic of the video


def write_copy(
    segments: Sequence[Segment], document_uri: str, languages: Sequence[str], options: Options, tools: Tools
) -> Written:
    """Have the best segments of a result rated and written about. A failure of the service is never raised.

    Args:
        segments: of the result, the best first.
        document_uri: its long part.
        languages: spoken in it.
        options: of the request.
        tools: the blob store, the sentence encoder, and the service.

    Raises:
        BlobMissing: there is no such document.
    """
    hosted = tools.hosted_text
    if hosted is None:
        return _noted(Written({}), {segment.segment_id: NO_SERVICE for segment in segments}, NO_SERVICE)
    best = list(segments[: hosted.segments])
    document = _DOCUMENT.validate_json(tools.blobs.get(document_uri))
    about = About(options.metadata.get("title", ""), options.language or ", ".join(languages) or None)
    limits = _limits(best, options.platforms, tools.platforms)
    tokens = tokens_within(hosted, options.budget_usd, len(best), limits)
    clips = [Clip(moment.excerpt) for moment in moments_of(best, document, tokens)]
    topics = list(dict.fromkeys(phrase for topic in document.topics for phrase in topic.phrases[:_TOPICS]))
    return _Work(hosted, about, topics, limits, options.budget_usd, tokens, best, clips, tools).done()


class _Work:
    """The segments of one result on their way; named by their position, the best one first."""

    def __init__(
        self,
        hosted: HostedText,
        about: About,
        topics: Sequence[str],
        limits: Mapping[str, Rules],
        budget_usd: float,
        tokens: int,
        segments: Sequence[Segment],
        clips: Sequence[Clip],
        tools: Tools,
    ) -> None:
        self._hosted, self._about, self._topics, self._limits = hosted, about, topics, limits
        self._budget_usd, self._tokens, self._segments, self._clips = budget_usd, tokens, segments, clips
        self._keys = [_digest(about, topics, limits, clip) for clip in clips]
        cache = cache_at(hosted.answers)
        self._answers: Answers[Draft] = Answers(cache, service_of(hosted), "clips", CLIPS_VERSION, _KEPT)
        self._paid = Paid(self._answers, self._keys)
        self._meanings: Meanings | None = None  # made when something is to be looked for
        self._tools = tools
        self._vectors: dict[int, Vectors] = {}
        self._alike = 0
        self._ceiling = ceiling_usd(hosted, tokens, limits)
        self._asker: Asker[Draft] = Asker(hosted, self._ceiling if budget_usd > 0.0 else None, self)
        self._asking: list[int] = []

    def done(self) -> Written:
        """Everything that could be had."""
        reasons = self._asker.reasons
        asked: list[int] = []
        for number, clip in enumerate(self._clips):
            if not clip.excerpt.said:
                reasons[number] = NO_WORDS
            elif not self._paid.remembers(number):
                asked.append(number)
        asked = [number for number in self._embedded(asked) if not self._found_alike(number)]
        waiting = []
        for number in asked:
            why = refused(self._hosted, self._budget_usd, number, self._ceiling)
            if why is None:
                waiting.append(number)
            else:
                reasons[number] = why
        for first in range(0, len(waiting), CLIPS_PER_REQUEST):
            numbers = waiting[first : first + CLIPS_PER_REQUEST]
            self._asker.ask(numbers)
            self._index_answered(numbers)
        return self._written()

    def question(self, numbers: Sequence[int], wrong: str) -> Question:
        """See `Questions`."""
        self._asking = list(numbers)
        clips = [self._clips[number] for number in numbers]
        most = tokens_of(self._hosted.model, len(clips), self._tokens, self._limits)
        messages = messages_of(self._about, self._topics, clips, self._limits, wrong)
        asked = request_of(self._hosted.model, messages, most.answered, form_of(self._limits))
        return Question(asked, len(orjson.dumps(asked)), most)

    def read(self, body: bytes, count: int) -> Understood[Draft]:
        """See `Questions`. An entry with something in it that nobody said is as good as none."""
        answer = understood(body, count)
        wrong = answer.wrong
        right: dict[int, Draft] = {}
        for place, draft in answer.seen.items():
            why = wrong_with(draft, self._shown(self._asking[place - 1]))
            if why is None:
                right[place] = draft
            else:
                wrong = why
        return Understood(right, answer.refusal, wrong)

    def answered(self, number: int, given: Given[Draft], alone: bool) -> None:
        """See `Questions`."""
        self._paid.keep(number, given, alone)

    def _shown(self, number: int) -> str:
        """All that the model was shown of a clip and its video."""
        return "\n".join([self._about.title, *self._topics, self._clips[number].note])

    def _index(self) -> Meanings | None:
        """The index of meanings; none where the sentence encoder cannot be had, since all can be asked about."""
        if self._hosted.answers is None or self._hosted.same > 1.0:
            return None
        try:
            vectors = encoder(self._tools)
        except ModelUnavailable:
            return None
        limits = [f"{name} {limit}" for name, limit in self._limits.items()]
        scope = [ENCODER, service_of(self._hosted), CLIPS_VERSION, self._about.language or "", *limits]
        return Meanings(cache_at(self._hosted.answers), vectors, scope, self._hosted.same)

    def _embedded(self, numbers: Sequence[int]) -> Sequence[int]:
        self._meanings = self._index() if numbers else None
        if self._meanings is not None:
            vectors = self._meanings.vectors([self._clips[number].excerpt.said for number in numbers])
            self._vectors = dict(zip(numbers, vectors, strict=True))
        return numbers

    def _found_alike(self, number: int) -> bool:
        """Take the answer for nearly the same words, if all that it says has ground in these; free of charge."""
        if self._meanings is None:
            return False
        for shown in self._meanings.near(self._vectors[number]):
            kept = self._answers.find(shown)
            if kept is None or kept.seen is None or wrong_with(kept.seen, self._shown(number)) is not None:
                continue
            self._paid.given[number] = Given(kept.seen, None).again()
            self._alike += 1
            # under its own words as well: a replay finds the same answer, whatever the index holds by then
            self._answers.keep(self._keys[number], Kept(kept.seen, None, 0, 0.0, ""))
            return True
        return False

    def _index_answered(self, numbers: Sequence[int]) -> None:
        if self._meanings is None:
            return
        seen = [
            number for number in numbers if number in self._paid.given and self._paid.given[number].seen is not None
        ]
        if seen:
            self._meanings.add([(self._keys[number], self._vectors[number]) for number in seen])

    def _written(self) -> Written:
        copies, missing = {}, dict(self._asker.reasons)
        for number in sorted(self._paid.given):
            given, segment = self._paid.given[number], self._segments[number]
            if given.seen is not None:
                copies[segment.segment_id] = checked(given.seen, self._clips[number].excerpt.said, self._limits)
            else:
                missing[number] = f"The service declined: {given.refusal}"
        reasons = self._asker.reasons
        asked = [reasons[number] for number in sorted(reasons) if reasons[number] != NO_WORDS]
        written = Written(
            copies,
            f"{SOURCE}:{self._hosted.model}",
            CLIPS_VERSION,
            cost_usd=round(self._paid.usd + self._asker.cost_usd, 6),
            requests=self._asker.requests,
            alike=self._alike,
        )
        why = {self._segments[number].segment_id: missing[number] for number in sorted(missing)}
        return _noted(written, why, asked[0] if asked else None)


def _limits(segments: Sequence[Segment], platforms: Sequence[str], own: Platforms | None) -> dict[str, Rules]:
    """Of the platforms that are asked for and that the result has a place for."""
    places = {name for segment in segments for name in segment.platforms}
    return {name: limits for name, limits in limits_of(platforms, own).items() if name in places}


def _digest(about: About, topics: Sequence[str], limits: Mapping[str, Rules], clip: Clip) -> str:
    """Of all that decides the answer for a clip. Hex, 64 digits."""
    asked = [
        [name, limit.title_chars, limit.description_chars, limit.hashtags.recommended] for name, limit in limits.items()
    ]
    shown = [about.title, about.language, list(topics), asked, clip.note]
    return hashlib.sha256(orjson.dumps(shown)).hexdigest()


def _noted(written: Written, why: Mapping[str, str], fallback: str | None) -> Written:
    total = len(written.copies) + len(why)
    counts = Counter(why.values())
    notes = [
        f"words: the language model wrote nothing for {counts[reason]} of {total} segments. {reason}"
        for reason in sorted(counts, key=lambda reason: (-counts[reason], reason))
    ]
    return Written(
        written.copies,
        written.source,
        written.prompt,
        notes,
        written.cost_usd,
        written.requests,
        written.alike,
        fallback,
    )


__all__ = ["NO_SERVICE", "NO_WORDS", "write_copy"]
