"""Recognition by a hosted Whisper: sends a chunk's sound, or says why the local model must do it.

What a video costs is kept below the request's `budget_usd` without anybody keeping an account: chunks do not overlap,
so all chunks up to a moment cost at most what the sound up to that moment would. A chunk is sent when that is within
the budget, which every worker decides alike, in any order, on every replay. It is on the careful side where there are
pauses, and exact but for rounding each chunk to seconds. Tries that failed are not counted, as services charge for
answers. A budget of 0 is no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from processors.domain import AudioChunk, ChunkTranscript
from processors.errors import AnswerInvalid, ClipstreamError
from processors.options import Options
from processors.service.client import client_for
from processors.service.config import HostedAsr
from processors.service.cost import sound_usd, usd_per_minute
from processors.speech.answer import Understood, understood
from processors.speech.language_names import iso_639_1
from processors.speech.listening import Heard, Window
from processors.speech.tongues import not_supported
from processors.speech.vad import SAMPLE_RATE
from processors.speech.wav import to_wav
from processors.tools import Tools

SOURCE: Final = "openai"  # before the model's name in results: a service's "base" is not the local one
_MAX_CHARGED: Final = 10.0  # times the sound sent that a service may say it charges; more is a mistake of it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking.

    Attributes:
        found: as `processors.speech.listening.hear` gives it; None when the local model must do it.
        model: name for results.
        language_known: whether the request named the language; a service says how sure it is of none.
        cost_usd: of the answer, also of one that could not be used.
        fallback: why the local model must do it although a service was asked for, else None.
    """

    found: list[Heard] | None
    model: str = ""
    language_known: bool = False
    cost_usd: float = 0.0
    fallback: str | None = None

    def recorded(self, transcript: ChunkTranscript) -> ChunkTranscript:
        """The transcript with what is known of how it was made."""
        noted = replace(transcript, cost_usd=self.cost_usd, fallback=self.fallback)
        if self.found is None:
            return noted
        probability = noted.language_probability if self.language_known else None
        return replace(noted, model=self.model, language_probability=probability)


def ask(window: Window, chunk: AudioChunk, options: Options, tools: Tools) -> Outcome:
    """Have a chunk recognised by the service of the settings.

    Args:
        window: the chunk's sound, brought to one level.
        chunk: where it is from.
        options: `language` and `budget_usd` count.
        tools: `hosted` says which service, or that there is none.

    Returns:
        What it heard, or that the local model must do it: there is no service, no key or no budget left, the service is
        down, refused the request or gave no valid answer.
    """
    hosted = tools.hosted
    if hosted is None or not chunk.speech or not len(window.samples):
        return Outcome(None)
    price = usd_per_minute(hosted.model, hosted.usd_per_minute)
    refused = _over_budget(price, chunk.end_ms, options.budget_usd, hosted.model, hosted.budget_share)
    if refused is not None:
        return Outcome(None, fallback=refused)
    # only what the request says: the hint of the file's first words is wrong for its other languages, and a service
    # that is told one language writes all others down in it, with no second try
    language = options.language
    if language is not None and iso_639_1(language) is None:
        language = None  # one that requests cannot name: the service finds it by itself
    model = f"{SOURCE}:{hosted.model}"
    sent_s = len(window.samples) / SAMPLE_RATE
    try:
        answer = _sent(hosted, window, language, model)
    except AnswerInvalid as error:
        return Outcome(None, cost_usd=sound_usd(sent_s, price or 0.0), fallback=error.reason)
    except ClipstreamError as error:
        return Outcome(None, fallback=f"{error.reason} {error.remedy}".strip())
    charged_s = min(answer.seconds or sent_s, sent_s * _MAX_CHARGED)
    cost_usd = sound_usd(charged_s, price or 0.0)
    supported = tools.recognition.supported
    foreign = sorted({heard.language for heard in answer.found if not supported.has(heard.language)})
    if foreign and supported.nearest:
        reason = f"The service heard '{foreign[0]}', which CLIPSTREAM_LANGUAGES does not name."
        return Outcome(None, cost_usd=cost_usd, fallback=reason)
    found = [
        heard if supported.has(heard.language) else replace(heard, refused=not_supported(heard.language))
        for heard in answer.found
    ]
    return Outcome(found, model, language is not None, cost_usd)


def _over_budget(price: float | None, end_ms: int, budget_usd: float, model: str, share: float = 1.0) -> str | None:
    """Why a chunk that ends there may not be sent, or None."""
    if budget_usd == 0.0:
        return None
    if price is None:
        return f"The price of '{model}' is not known, so the budget cannot be kept: CLIPSTREAM_ASR_USD_PER_MINUTE."
    if sound_usd(end_ms / 1000, price) > budget_usd * share:
        return f"The budget of {budget_usd * share:g} USD is spent."
    return None


def _sent(hosted: HostedAsr, window: Window, language: str | None, model: str) -> Understood:
    sound = to_wav(window.samples)
    asked: dict[str, Any] = {} if language is None else {"language": iso_639_1(language)}

    def send(sdk: Any) -> Any:
        return sdk.audio.transcriptions.with_streaming_response.create(
            file=("chunk.wav", sound, "audio/wav"),
            model=hosted.model,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
            temperature=0.0,
            **asked,
        )

    return client_for(hosted.service).call(send, len(sound), lambda body: understood(body, window, language, model))


__all__ = ["SOURCE", "Outcome", "ask"]
