"""Frames described by a vision model that is paid for, and by the local models where that cannot be.

::

    local models -> black, one tone: nothing to ask
                 -> answered before, the picture or a near-same one: that answer
                 -> budget: the frame and all that are alike, or none of them
                 -> requests -> entries that are valid are kept, for the others asked once more
                                refusal: kept as such       service down, refused, no valid answer: the local models

The local models look at every frame first. Their text and scene go into the request, faces and measurements into each
result; so when a service fails, what stands in is there already, and no video waits for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from processors.domain import FrameAnalysis, FrameBatch
from processors.service.config import HostedVision
from processors.service.kept import Kept
from processors.vision.backend import Answer, LoadedFrame, VisionBackend
from processors.vision.hosted_answer import Seen, understood
from processors.vision.hosted_asking import Asker, Question
from processors.vision.hosted_batches import Weight, groups_of, planned
from processors.vision.hosted_budget import ceiling_usd, refused, tokens_of
from processors.vision.hosted_images import Sent, detail_of, prepared
from processors.vision.hosted_prompt import About, Picture, fact_of, messages_of, request_of
from processors.vision.hosted_reading import Understood
from processors.vision.hosted_result import SOURCE, Given, merged
from processors.vision.hosted_scenes import Appearance, appearance_of, scenes_of
from processors.vision.likeness import likeness_of
from processors.vision.ocr import ocr_version
from processors.vision.strokes import may_hold_text

NO_SERVICE: Final = "No service describes pictures here: CLIPSTREAM_VISION_BACKEND is local."


@dataclass(frozen=True, slots=True)
class Purse:
    """What a batch may spend.

    Attributes:
        budget_usd: of its video; 0 for no limit.
        frames_before: in the batches before it; None when not known.
        payer: name of the batch, the same on every try.
    """

    budget_usd: float
    frames_before: int | None
    payer: str


class StandIn:
    """The local models where a service was asked for that there is none of."""

    def __init__(self, local: VisionBackend, reason: str) -> None:
        self._local, self._reason = local, reason

    def analyse(self, frames: Sequence[LoadedFrame]) -> Answer:
        """See `VisionBackend`."""
        answer = self._local.analyse(frames)
        noted = [replace(analysis, reason=self._reason) for analysis in answer.frames]
        return replace(answer, frames=noted, fallback=self._reason)


class HostedBackend:
    """Asks a service about the frames of a batch.

    Args:
        local: looks at them first, and stands in.
        hosted: the service.
        about: the video.
        purse: what may be spent.
    """

    def __init__(self, local: VisionBackend, hosted: HostedVision, about: About, purse: Purse) -> None:
        self._local, self._hosted, self._about, self._purse = local, hosted, about, purse

    def analyse(self, frames: Sequence[LoadedFrame]) -> Answer:
        """See `VisionBackend`. A failure of the service is never raised."""
        analyses = self._local.analyse(frames).frames
        return _Batch(self._hosted, self._about, self._purse, frames, analyses).described()


class _Batch:
    """One batch on its way; frames are named by their position."""

    def __init__(
        self,
        hosted: HostedVision,
        about: About,
        purse: Purse,
        frames: Sequence[LoadedFrame],
        analyses: Sequence[FrameAnalysis],
    ) -> None:
        self._hosted, self._about, self._purse = hosted, about, purse
        self._frames, self._analyses = frames, analyses
        self._scenes = scenes_of(hosted)
        self._looks: dict[int, Appearance] = {}
        self._sent: dict[int, Sent] = {}
        self._given: dict[int, Given[Seen]] = {}
        self._paid_usd = 0.0  # on an earlier try of this batch
        self._asker: Asker[Seen] = Asker(hosted, ceiling_usd(hosted) if purse.budget_usd > 0.0 else None, self)

    def described(self) -> Answer:
        """The frames with all that could be learnt of them."""
        # the score is 0 for pictures that are black or of one tone, and for no others
        wanted = [number for number, analysis in enumerate(self._analyses) if analysis.score > 0.0]
        self._looks = {number: self._appearance(number) for number in wanted}
        self._remember(wanted)
        twins = self._twins([number for number in wanted if number not in self._given])
        unknown = [number for number in wanted if number not in self._given and number not in twins]
        likenesses = {number: self._looks[number].likeness for number in unknown}
        groups = [group for group in groups_of(likenesses, self._hosted.similarity) if self._affordable(group)]
        for number in (number for group in groups for number in group):
            detail = detail_of(self._frames[number], self._analyses[number])
            self._sent[number] = prepared(self._frames[number], self._hosted.model, detail)
        weights = {number: Weight(len(sent.jpeg), sent.tokens) for number, sent in self._sent.items()}
        plan = planned(groups, weights, likenesses)
        for numbers in plan.requests:
            self._asker.ask(numbers)
        for number, other in [*plan.stand_ins.items(), *twins.items()]:
            self._take_over(number, other)
        reasons = self._asker.reasons
        return Answer(
            frames=[self._known(number) for number in range(len(self._analyses))],
            cost_usd=round(self._paid_usd + self._asker.cost_usd, 6),
            requests=self._asker.requests,
            fallback=reasons[min(reasons)] if reasons else None,
        )

    def _appearance(self, number: int) -> Appearance:
        image, text = self._frames[number].image, self._analyses[number].text
        readable = bool(text) or ocr_version() is not None or not may_hold_text(image)
        return appearance_of(likeness_of(image), text, readable)

    def _remember(self, numbers: Sequence[int]) -> None:
        """Take what was answered before. What this very batch paid, before it was cut off, counts as its own."""
        paid: set[str] = set()
        for number in numbers:
            uri = self._frames[number].ref.uri
            found = self._scenes.find(uri, self._looks[number])
            if found is None:
                continue
            kept, exact = found
            given: Given[Seen] = Given(kept.seen, kept.refusal, kept.tokens, kept.cost_usd)
            if exact and kept.payer == self._purse.payer and uri not in paid:
                paid.add(uri)
                self._paid_usd += kept.cost_usd
                self._given[number] = given
            else:
                self._given[number] = given.again()

    def _twins(self, numbers: Sequence[int]) -> dict[int, int]:
        """Frames that share the answer of an earlier one of the batch."""
        twins: dict[int, int] = {}
        firsts: list[int] = []
        for number in numbers:
            for first in firsts:
                equal = self._frames[number].ref.uri == self._frames[first].ref.uri
                if equal or self._scenes.same(self._looks[number], self._looks[first]):
                    twins[number] = first
                    break
            else:
                firsts.append(number)
        return twins

    def _affordable(self, group: Sequence[int]) -> bool:
        before, budget_usd = self._purse.frames_before, self._purse.budget_usd
        for number in group:
            reason = refused(self._hosted, budget_usd, None if before is None else before + number)
            if reason is not None:
                self._asker.reasons.update(dict.fromkeys(group, reason))
                return False
        return True

    def _picture(self, number: int, among: Sequence[int]) -> Picture:
        def fact(neighbour: int) -> str:
            told = 0 <= neighbour < len(self._analyses) and neighbour not in among
            return fact_of(self._known(neighbour)) if told else ""

        analysis = self._analyses[number]
        return Picture(analysis.pts_ms, self._sent[number], analysis.text, fact(number - 1), fact(number + 1))

    def question(self, numbers: Sequence[int], wrong: str) -> Question:
        """See `Questions`."""
        pictures = [self._picture(number, numbers) for number in numbers]
        tokens = sum(picture.sent.tokens for picture in pictures)
        most = tokens_of(self._hosted.model, tokens, len(pictures))
        asked = request_of(self._hosted.model, messages_of(self._about, pictures, wrong), most.answered)
        return Question(asked, sum(len(picture.sent.jpeg) for picture in pictures) * 4 // 3, most)

    def read(self, body: bytes, count: int) -> Understood[Seen]:
        """See `Questions`."""
        return understood(body, count)

    def answered(self, number: int, given: Given[Seen], alone: bool) -> None:
        """Keep an answer at once; not a refusal in company, of which a picture may be innocent."""
        self._given[number] = given
        if given.seen is not None or alone:
            kept = Kept(given.seen, given.refusal, given.tokens, given.cost_usd, self._purse.payer)
            self._scenes.keep(self._frames[number].ref.uri, self._looks[number], kept)

    def _take_over(self, number: int, other: int) -> None:
        if other in self._given:
            self._given[number] = self._given[other].again()
        else:
            self._asker.reasons[number] = self._asker.reasons[other]

    def _known(self, number: int) -> FrameAnalysis:
        given, reason = self._given.get(number), self._asker.reasons.get(number)
        return merged(self._analyses[number], given, reason, self._hosted.model)


def payer_of(batch: FrameBatch) -> str:
    """A name for a batch: the same for the same frames at the same moments. Hex, 32 digits."""
    frames = [(frame.uri, frame.pts_ms) for frame in batch.frames]
    return hashlib.sha256(orjson.dumps([frames, batch.frames_before])).hexdigest()[:32]


__all__ = ["NO_SERVICE", "SOURCE", "HostedBackend", "Purse", "StandIn", "payer_of"]
