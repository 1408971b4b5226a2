"""The requests of a batch: asks, keeps what is valid, asks once more for the rest, and counts what each answer cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from processors.errors import AnswerInvalid, ClipstreamError, ServiceRefused
from processors.service.client import client_for
from processors.service.config import HostedVision
from processors.service.cost import tokens_usd
from processors.service.failures import host_of
from processors.vision.hosted_answer import Understood, Usage, understood, usage_of
from processors.vision.hosted_budget import Tokens, ceiling_usd, tokens_of
from processors.vision.hosted_prompt import About, Picture, messages_of, request_of
from processors.vision.hosted_result import Given

_MAX_CHARGED: Final = 10  # times the most that a request can cost; a service that says more is mistaken
_NOT_IN_FORM: Final = "it was not in the form that was asked for"
_NOTHING: Final = Understood({}, None, _NOT_IN_FORM)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the asker needs of its batch; frames are named by number.

    Attributes:
        picture: a frame as it goes into a request with the frames of the list.
        answered: told of each frame that is answered, and whether it was alone in its request.
    """

    picture: Callable[[int, Sequence[int]], Picture]
    answered: Callable[[int, Given, bool], None]


class Asker:
    """Asks a service about frames of one batch.

    Args:
        hosted: the service.
        about: the video.
        limited: whether the video has a budget of money: a request is repaired only out of what it left over.
        calls: of the batch.

    Attributes:
        reasons: why the local models must do it, by frame.
        cost_usd: of all answers, those included that could not be used.
        requests: that were answered.
    """

    def __init__(self, hosted: HostedVision, about: About, limited: bool, calls: Callbacks) -> None:
        self._hosted, self._about, self._limited, self._calls = hosted, about, limited, calls
        self._down: str | None = None  # why nothing more is asked
        self.reasons: dict[int, str] = {}
        self.cost_usd, self.requests = 0.0, 0

    def ask(self, numbers: Sequence[int]) -> None:
        """One request, and one more for what came back wrong or not at all. A failure of the service is not raised."""
        missing, wrong, before_usd = list(numbers), "", self.cost_usd
        reason = self._down or ""
        while missing and self._down is None:
            try:
                answer = self._answer(missing, wrong)
            except AnswerInvalid as error:
                reason, answer = error.reason, _NOTHING
            except ClipstreamError as error:
                reason = f"{error.reason} {error.remedy}".strip()
                # a refused request says nothing of others; all else would meet them as well, and take its time
                self._down = None if isinstance(error, ServiceRefused) else reason
                break
            if answer.refusal is not None:
                return
            missing = [number for place, number in enumerate(missing, 1) if place not in answer.seen]
            if answer.seen:
                host = host_of(self._hosted.service.base_url)
                reason = f"The service at {host} left it out or described it wrongly: {answer.wrong}."
            if wrong or not self._may_repair(len(numbers), missing, self.cost_usd - before_usd):
                break
            wrong = answer.wrong
        self.reasons.update(dict.fromkeys(missing, reason))

    def _may_repair(self, sent: int, missing: Sequence[int], spent_usd: float) -> bool:
        """Whether another request for what is missing stays within what the frames that were sent may cost."""
        ceiling, price = ceiling_usd(self._hosted), self._hosted.usd_per_million
        if not self._limited or ceiling is None or price is None:
            return True
        most = self._most([self._calls.picture(number, missing) for number in missing])
        return spent_usd + tokens_usd(most.sent, most.answered, price) <= sent * ceiling

    def _most(self, pictures: Sequence[Picture]) -> Tokens:
        return tokens_of(self._hosted.model, sum(picture.sent.tokens for picture in pictures), len(pictures))

    def _answer(self, numbers: Sequence[int], wrong: str) -> Understood:
        hosted = self._hosted
        pictures = [self._calls.picture(number, numbers) for number in numbers]
        most = self._most(pictures)
        asked = request_of(hosted.model, messages_of(self._about, pictures, wrong), most.answered)
        usages: list[Usage | None] = []

        def send(sdk: Any) -> Any:
            return sdk.chat.completions.with_streaming_response.create(**asked)

        def read(body: bytes) -> Understood:
            usages.append(usage_of(body))
            return understood(body, len(numbers))

        size = sum(len(picture.sent.jpeg) for picture in pictures) * 4 // 3
        try:
            answer = client_for(hosted.service).call(send, size, read, most.total)
        except AnswerInvalid:
            self._charge(numbers, _NOTHING, usages[-1] if usages else None, most)
            raise
        self._charge(numbers, answer, usages[-1], most)
        return answer

    def _charge(self, numbers: Sequence[int], answer: Understood, usage: Usage | None, most: Tokens) -> None:
        """Count an answer once, and give each frame that is in it its part."""
        sent, answered = most.sent, most.answered  # where the service does not say what it charges
        if usage is not None:
            sent = min(usage.prompt_tokens, _MAX_CHARGED * most.sent)
            answered = min(usage.completion_tokens, _MAX_CHARGED * most.answered)
        cost_usd = tokens_usd(sent, answered, self._hosted.usd_per_million or (0.0, 0.0))
        self.cost_usd += cost_usd
        self.requests += 1
        places = range(1, len(numbers) + 1) if answer.refusal is not None else sorted(answer.seen)
        for count, place in enumerate(places):
            tokens = (sent + answered) // len(places) + (count < (sent + answered) % len(places))
            given = Given(answer.seen.get(place), answer.refusal, tokens, round(cost_usd / len(places), 8))
            self._calls.answered(numbers[place - 1], given, len(numbers) == 1)


__all__ = ["Asker", "Callbacks"]
