"""The best moments of a result shown to the vision service again, with what is said in them and around them.

::

    segments, the best first -> no picture: not asked
                             -> answered before, the same pictures with the same words: that answer
                             -> budget: the first ones, as far as the share kept back for this goes
                             -> as few requests as hold them -> what is valid is kept, for the rest asked once more

What has no answer has a reason, and the result is what it was: nothing here changes order, times or texts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter

from processors.blobs import BlobMissing
from processors.domain import Document, FrameAnalysis, FrameRef, Insight, Segment
from processors.enrichment.answer import Grasped, understood
from processors.enrichment.answers import Answers
from processors.enrichment.looked import Looked
from processors.enrichment.moments import PICTURES, Moment, moments_of
from processors.enrichment.paid import Paid
from processors.enrichment.prompt import FORMAT, Shown, messages_of, tokens_of
from processors.options import Options
from processors.service.config import HostedVision
from processors.service.cost import tokens_usd
from processors.service.kept import Kept
from processors.tools import Tools
from processors.versions import MOMENTS_VERSION
from processors.vision.backend import LoadedFrame
from processors.vision.hosted_asking import Asker, Question
from processors.vision.hosted_batches import MAX_BYTES, MAX_TOKENS
from processors.vision.hosted_budget import beyond, second_share_usd
from processors.vision.hosted_images import Sent, detail_of, prepared, rule_of
from processors.vision.hosted_prompt import About, request_of
from processors.vision.hosted_reading import Understood
from processors.vision.hosted_result import SOURCE, Given
from processors.vision.hosted_scenes import cache_of, service_of

NO_SERVICE: Final = "No service describes pictures here: CLIPSTREAM_VISION_BACKEND is local."
NO_PICTURE: Final = "There is no picture of it."
_DOCUMENT: Final = TypeAdapter(Document)
_KEPT: Final = TypeAdapter(Kept[Grasped])


def look_again(
    segments: Sequence[Segment], document_uri: str, languages: Sequence[str], options: Options, tools: Tools
) -> Looked:
    """Show the best segments of a result to the vision service. A failure of the service is never raised.

    Args:
        segments: of the result, the best first.
        document_uri: its long part.
        languages: spoken in it.
        options: of the request.
        tools: the blob store, and the service.

    Raises:
        BlobMissing: there is no such document.
    """
    hosted = tools.hosted_vision
    if hosted is None:
        return _noted({}, {segment.segment_id: NO_SERVICE for segment in segments})
    best = list(segments[: hosted.second_segments])
    document = _DOCUMENT.validate_json(tools.blobs.get(document_uri))
    about = About(options.metadata.get("title", ""), options.language or ", ".join(languages) or None)
    moments = moments_of(best, document, hosted.second_tokens)
    return _Look(hosted, about, options.budget_usd, moments, tools).done()


class _Look:
    """One look on its way; moments are named by their position, the best one first."""

    def __init__(
        self, hosted: HostedVision, about: About, budget_usd: float, moments: Sequence[Moment], tools: Tools
    ) -> None:
        self._hosted, self._about, self._budget_usd, self._moments = hosted, about, budget_usd, moments
        self._shown: dict[int, Shown] = {}
        self._keys = [_digest(about, moment) for moment in moments]
        self._answers = Answers(cache_of(hosted), service_of(hosted), "moments", MOMENTS_VERSION, _KEPT)
        self._paid = Paid(self._answers, self._keys)
        self._ceiling = _ceiling_usd(hosted)
        self._asker: Asker[Grasped] = Asker(hosted, self._ceiling if budget_usd > 0.0 else None, self)
        self._tools = tools

    def done(self) -> Looked:
        """Everything that could be learnt."""
        reasons = self._asker.reasons
        for number in range(len(self._moments)):
            if not self._paid.remembers(number) and (why := self._prepared(number)) is not None:
                reasons[number] = why
        for numbers in _requests(self._shown):
            self._asker.ask(numbers)
        asked = [reasons[number] for number in sorted(reasons) if reasons[number] != NO_PICTURE]
        return _noted(
            {self._moments[number].segment_id: self._insight(seen) for number, seen in self._seen().items()},
            {self._moments[number].segment_id: why for number, why in self._missing().items()},
            cost_usd=round(self._paid.usd + self._asker.cost_usd, 6),
            requests=self._asker.requests,
            fallback=asked[0] if asked else None,
        )

    def _prepared(self, number: int) -> str | None:
        """Make a moment ready to be shown, or say why it is not."""
        moment = self._moments[number]
        if not moment.frames:
            return NO_PICTURE
        refused = self._refused(number)
        if refused is not None:
            return refused
        pictures = [sent for frame in moment.frames if (sent := self._sent(frame)) is not None]
        if not pictures:
            return NO_PICTURE
        self._shown[number] = Shown(pictures, moment.excerpt, moment.text)
        return None

    def _seen(self) -> dict[int, Grasped]:
        given = {number: self._paid.given[number].seen for number in sorted(self._paid.given)}
        return {number: seen for number, seen in given.items() if seen is not None}

    def _missing(self) -> dict[int, str]:
        """Why moments have no insight."""
        declined = {
            number: f"The service declined: {given.refusal}"
            for number, given in self._paid.given.items()
            if given.seen is None
        }
        return {**self._asker.reasons, **declined}

    def _insight(self, seen: Grasped) -> Insight:
        source = f"{SOURCE}:{self._hosted.model}"
        return Insight(seen.description, seen.labels, seen.confidence, source, MOMENTS_VERSION)

    def question(self, numbers: Sequence[int], wrong: str) -> Question:
        """See `Questions`."""
        shown = [self._shown[number] for number in numbers]
        model = self._hosted.model
        most = tokens_of(model, sum(one.tokens for one in shown), len(shown), self._hosted.second_tokens)
        asked = request_of(model, messages_of(self._about, shown, wrong), most.answered, FORMAT)
        return Question(asked, sum(one.size for one in shown), most)

    def read(self, body: bytes, count: int) -> Understood[Grasped]:
        """See `Questions`."""
        return understood(body, count)

    def answered(self, number: int, given: Given[Grasped], alone: bool) -> None:
        """See `Questions`."""
        self._paid.keep(number, given, alone)

    def _refused(self, number: int) -> str | None:
        if self._budget_usd == 0.0:
            return None
        return beyond(self._hosted, second_share_usd(self._hosted, self._budget_usd), number, self._ceiling)

    def _sent(self, frame: FrameAnalysis) -> Sent | None:
        """A frame as it is sent; None when its picture was collected in the meantime, or cannot be decoded."""
        try:
            jpeg = self._tools.blobs.get(frame.frame_uri)
        except BlobMissing:
            return None
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
        if decoded is None:
            return None
        image: NDArray[np.uint8] = decoded.astype(np.uint8, copy=False)
        height, width = image.shape[:2]
        ref = FrameRef(frame.frame_uri, frame.pts_ms, frame.shot, width, height, frame.sharpness, frame.motion)
        loaded = LoadedFrame(ref, jpeg, image)
        return prepared(loaded, self._hosted.model, detail_of(loaded, frame))


def _requests(shown: dict[int, Shown]) -> list[list[int]]:
    """Which moments travel together: the best first, as many as a request holds."""
    requests: list[list[int]] = []
    for number in shown:
        together = [*requests[-1], number] if requests else [number]
        fits = (
            sum(shown[other].size for other in together) <= MAX_BYTES
            and sum(shown[other].tokens for other in together) <= MAX_TOKENS
        )
        if requests and fits:
            requests[-1].append(number)
        else:
            requests.append([number])
    return requests


def _ceiling_usd(hosted: HostedVision) -> float | None:
    """The most that a moment costs, sent alone with all its pictures in high detail; None for an unknown price."""
    if hosted.usd_per_million is None:
        return None
    most = tokens_of(hosted.model, PICTURES * rule_of(hosted.model).most("high"), 1, hosted.second_tokens)
    return tokens_usd(most.sent, most.answered, hosted.usd_per_million)


def _digest(about: About, moment: Moment) -> str:
    """Of all that is shown of a moment. Hex, 64 digits."""
    excerpt = moment.excerpt
    shown = [
        about.title,
        about.language,
        [frame.frame_uri for frame in moment.frames],
        [excerpt.before, excerpt.said, excerpt.after],
        moment.text,
    ]
    return hashlib.sha256(orjson.dumps(shown)).hexdigest()


def _noted(
    insights: dict[str, Insight],
    why: dict[str, str],
    cost_usd: float = 0.0,
    requests: int = 0,
    fallback: str | None = None,
) -> Looked:
    total = len(insights) + len(why)
    counts = Counter(why.values())
    notes = [
        f"second look: {counts[reason]} of {total} segments have none. {reason}"
        for reason in sorted(counts, key=lambda reason: (-counts[reason], reason))
    ]
    if not insights and fallback is None and NO_SERVICE in counts:
        fallback = NO_SERVICE
    return Looked(insights, notes, cost_usd, requests, fallback)


__all__ = ["NO_PICTURE", "NO_SERVICE", "look_again"]
