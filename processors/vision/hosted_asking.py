"""Requests about numbered things: asks, keeps what is valid, asks once more for the rest, counts what each answer cost.

What is asked, and how it is read, says whoever asks: about the pictures of a batch `hosted`, about the best moments of
a video `processors.enrichment.second_look`, about the words of its segments `processors.enrichment.copywriting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from processors.errors import AnswerInvalid, ClipstreamError, ServiceRefused
from processors.service.client import client_for
from processors.service.config import Paid
from processors.service.cost import tokens_usd
from processors.service.failures import host_of
from processors.vision.hosted_budget import Tokens
from processors.vision.hosted_reading import Understood, Usage, usage_of
from processors.vision.hosted_result import Given

T = TypeVar("T")

_MAX_CHARGED: Final = 10  # times the most that a request can cost; a service that says more is mistaken
_NOT_IN_FORM: Final = "it was not in the form that was asked for"


@dataclass(frozen=True, slots=True)
class Question:
    """A request.

    Attributes:
        parameters: of the chat.
        size: bytes that it sends.
        most: tokens that it may cost.
    """

    parameters: dict[str, Any]
    size: int
    most: Tokens


class Questions(Protocol[T]):
    """What the asker needs of whoever asks; things are named by number."""

    def question(self, numbers: Sequence[int], wrong: str) -> Question:
        """The request about these, and what was wrong with the answer before, when it asks again."""
        ...

    def read(self, body: bytes, count: int) -> Understood[T]:
        """Read an answer. Raises ValueError when nothing of it can be used."""
        ...

    def answered(self, number: int, given: Given[T], alone: bool) -> None:
        """This one is answered, alone in its request or not."""
        ...


class Asker(Generic[T]):
    """Asks a service.

    Args:
        hosted: the service.
        ceiling_usd: under a budget of money the most that one of the things may cost, alone: a request is repaired only
            out of what it left over; None for no budget.
        questions: what is asked.

    Attributes:
        reasons: why there is no answer, by number.
        cost_usd: of all answers, those included that could not be used.
        requests: that were answered.
    """

    def __init__(self, hosted: Paid, ceiling_usd: float | None, questions: Questions[T]) -> None:
        self._hosted, self._ceiling_usd, self._questions = hosted, ceiling_usd, questions
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
                host = host_of(self._hosted.service.base_url)
                reason = f"The service at {host} left it out or described it wrongly: {answer.wrong}."
            except AnswerInvalid as error:
                reason, answer = error.reason, Understood({}, None, _NOT_IN_FORM)
            except ClipstreamError as error:
                reason = f"{error.reason} {error.remedy}".strip()
                # a refused request says nothing of others; all else would meet them as well, and take its time
                self._down = None if isinstance(error, ServiceRefused) else reason
                break
            if answer.refusal is not None:
                return
            missing = [number for place, number in enumerate(missing, 1) if place not in answer.seen]
            if wrong or not self._may_repair(len(numbers), missing, self.cost_usd - before_usd):
                break
            wrong = answer.wrong
        self.reasons.update(dict.fromkeys(missing, reason))

    def _may_repair(self, sent: int, missing: Sequence[int], spent_usd: float) -> bool:
        """Whether another request for what is missing stays within what those that were sent may cost."""
        price = self._hosted.usd_per_million
        if self._ceiling_usd is None or price is None or not missing:
            return True
        most = self._questions.question(missing, "").most
        return spent_usd + tokens_usd(most.sent, most.answered, price) <= sent * self._ceiling_usd

    def _answer(self, numbers: Sequence[int], wrong: str) -> Understood[T]:
        asked = self._questions.question(numbers, wrong)
        usages: list[Usage | None] = []

        def send(sdk: Any) -> Any:
            return sdk.chat.completions.with_streaming_response.create(**asked.parameters)

        def read(body: bytes) -> Understood[T]:
            usages.append(usage_of(body))
            return self._questions.read(body, len(numbers))

        try:
            answer = client_for(self._hosted.service).call(send, asked.size, read, asked.most.total)
        except AnswerInvalid:
            nothing: Understood[T] = Understood({}, None, _NOT_IN_FORM)
            self._charge(numbers, nothing, usages[-1] if usages else None, asked.most)
            raise
        self._charge(numbers, answer, usages[-1], asked.most)
        return answer

    def _charge(self, numbers: Sequence[int], answer: Understood[T], usage: Usage | None, most: Tokens) -> None:
        """Count an answer once, and give each thing that is in it its part."""
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
            self._questions.answered(numbers[place - 1], given, len(numbers) == 1)


__all__ = ["Asker", "Question", "Questions"]
