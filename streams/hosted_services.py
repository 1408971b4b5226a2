"""What the settings say of services that are paid for: as children of workers are given it, and for cache keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from processors.service.client import MAX_LIMIT_WAIT_S
from processors.service.config import HostedAsr, HostedText, HostedVision, ScenesPlace, ServiceConfig
from processors.service.cost import token_price
from processors.service.retry import MAX_WAIT_S, TRIES

if TYPE_CHECKING:
    from streams.settings import Settings

OPENAI_URL: Final = "https://api.openai.com/v1"
_SECOND_REQUESTS: Final = 3  # for ten segments, each with three pictures in high detail of the default model
_CLIPS_PER_REQUEST: Final = 5  # of `processors.enrichment.copy_prompt`, whose import takes long


def hosted_asr(settings: Settings, children: int) -> HostedAsr | None:
    """The service that recognises speech, as one of a worker's children is given it; None for the local models.

    Args:
        children: of the worker; each may ask for its part of the limits.
    """
    if settings.asr_backend == "local":
        return None
    share = 1.0 - settings.vision_budget_share if settings.vision_backend == "openai" else 1.0
    share = round(share * _without_words(settings), 9)
    return HostedAsr(service(settings, children), settings.asr_openai_model, settings.asr_usd_per_minute, share)


def hosted_vision(settings: Settings, children: int) -> HostedVision | None:
    """The service that describes pictures, as one of a worker's children is given it; None for the local models.

    Args:
        children: of the worker; each may ask for its part of the limits.
    """
    if settings.vision_backend == "local":
        return None
    return HostedVision(
        service(settings, children),
        settings.vision_openai_model,
        token_price(settings.vision_openai_model, settings.vision_prices),
        max_frames=settings.vision_max_frames,
        similarity=settings.vision_similarity,
        same=settings.vision_same,
        budget_share=_vision_share(settings),
        scenes=_answers_place(settings),
        second_segments=settings.vision_second_segments,
        second_tokens=settings.vision_second_tokens,
        second_share=_second_share(settings),
    )


def hosted_text(settings: Settings, children: int) -> HostedText | None:
    """The language model that writes about segments, as one of a worker's children is given it; None for none.

    Args:
        children: of the worker; each may ask for its part of the limits.
    """
    if settings.text_backend == "local":
        return None
    return HostedText(
        service(settings, children),
        settings.text_openai_model,
        _text_price(settings),
        segments=settings.text_segments,
        tokens=settings.text_tokens,
        same=settings.text_same,
        budget_share=_text_share(settings),
        answers=_answers_place(settings),
    )


def longest_wait_s(settings: Settings) -> float:
    """How long an item may wait for a service that does not answer before the local models have their turn.

    Each try waits for the limits per minute, for the service, and for the next try; a chat is asked for once more where
    its answer cannot be used. Pictures and words of segments are items of their own.
    """
    chats = settings.vision_backend == "openai" or settings.text_backend == "openai"
    requests = 2 if chats else 1 if settings.asr_backend == "openai" else 0
    return requests * (TRIES * (MAX_LIMIT_WAIT_S + settings.openai_timeout_s) + (TRIES - 1) * MAX_WAIT_S)


def check_patience(settings: Settings) -> None:
    """Refuse settings by which an item is given up while it waits, so that the local models never have their turn.

    Raises:
        ValueError: `item_timeout_s` is shorter than the longest wait.
    """
    if (longest_s := longest_wait_s(settings)) > settings.item_timeout_s:
        raise ValueError(
            f"item_timeout_s must be at least {longest_s:.0f} with openai_timeout_s {settings.openai_timeout_s:g}: "
            "an item waits so long for a service that does not answer"
        )


def service(settings: Settings, children: int) -> ServiceConfig:
    """The service, as one of so many children of a worker is given it."""
    return ServiceConfig(
        base_url=settings.openai_base_url or OPENAI_URL,
        api_key=settings.openai_api_key.get_secret_value().strip(),
        timeout_s=settings.openai_timeout_s,
        requests_per_minute=settings.openai_requests_per_minute / children,
        bytes_per_minute=settings.openai_bytes_per_minute / children,
        tokens_per_minute=settings.openai_tokens_per_minute / children,
    )


def asr_service(settings: Settings) -> str | None:
    """What of the service decides the words, for cache keys and digests; None for the local models."""
    if settings.asr_backend == "local":
        return None
    return f"{settings.asr_openai_model} at {settings.openai_base_url or OPENAI_URL}"


def vision_service(settings: Settings) -> dict[str, Any]:
    """What of the settings decides how pictures are described, for cache keys and digests; empty for local models.

    Limits of money and frames are in it, since a request that is repeated with others must not be answered by the
    result that is there; what was paid for is found again in the cache of scenes.
    """
    if settings.vision_backend == "local":
        return {}
    return {
        "service": f"{settings.vision_openai_model} at {settings.openai_base_url or OPENAI_URL}",
        "price": token_price(settings.vision_openai_model, settings.vision_prices),
        "max_frames": settings.vision_max_frames,
        "similarity": settings.vision_similarity,
        "same": settings.vision_same,
        "budget_share": _vision_share(settings),
        "second_share": _second_share(settings),
    }


def second_look(settings: Settings) -> dict[str, Any]:
    """What of the settings decides the look at the best segments beside the service; empty where there is none."""
    if settings.vision_backend == "local" or settings.vision_second_segments == 0:
        return {}
    return {"segments": settings.vision_second_segments, "tokens": settings.vision_second_tokens}


def text_service(settings: Settings) -> dict[str, Any]:
    """What of the settings decides what a language model writes about segments, and their order; empty for none."""
    if settings.text_backend == "local":
        return {}
    return {
        "service": f"{settings.text_openai_model} at {settings.openai_base_url or OPENAI_URL}",
        "price": _text_price(settings),
        "segments": settings.text_segments,
        "tokens": settings.text_tokens,
        "budget_share": _text_share(settings),
        "weight": settings.text_rank_weight,
        "same": settings.text_same,
    }


def has_second_look(settings: Settings) -> bool:
    """Whether a service is asked about the best segments of a result at all: their pictures, or their words."""
    return bool(second_look(settings)) or bool(text_service(settings))


def second_look_limit_s(settings: Settings) -> float:
    """The longest that a service may take for the second look at one video, while it answers at all.

    A request whose tries fail is the last one; every other one takes two time-outs at most, with its repair.
    """
    failing_s = TRIES * settings.openai_timeout_s + (TRIES - 1) * MAX_WAIT_S
    requests = [
        _SECOND_REQUESTS if second_look(settings) else 0,
        -(-settings.text_segments // _CLIPS_PER_REQUEST) if text_service(settings) else 0,
    ]
    return sum(failing_s + 2 * settings.openai_timeout_s * count for count in requests if count) or failing_s


def _text_price(settings: Settings) -> tuple[float, float] | None:
    return token_price(settings.text_openai_model, {**settings.vision_prices, **settings.text_prices})


def _text_share(settings: Settings) -> float:
    others = settings.asr_backend == "openai" or settings.vision_backend == "openai"
    return settings.text_budget_share if others else 1.0


def _without_words(settings: Settings) -> float:
    """Part of a budget that is left for sound and pictures."""
    return 1.0 - settings.text_budget_share if settings.text_backend == "openai" else 1.0


def _vision_share(settings: Settings) -> float:
    share = settings.vision_budget_share if settings.asr_backend == "openai" else 1.0
    return round(share * _without_words(settings), 9)


def _answers_place(settings: Settings) -> ScenesPlace | None:
    """Where answers of services are kept."""
    if not settings.cache_enabled:
        return None
    return ScenesPlace(
        str(settings.result_cache_dir), settings.cache_url, settings.cache_ttl_s, settings.cache_memory_items
    )


def _second_share(settings: Settings) -> float:
    return settings.vision_second_share if settings.vision_second_segments else 0.0


def children_of_vision(settings: Settings) -> int:
    """Children of the vision agent."""
    return settings.workers if settings.vision_backend == "local" else max(settings.workers, settings.vision_children)


__all__ = [
    "OPENAI_URL",
    "asr_service",
    "check_patience",
    "children_of_vision",
    "has_second_look",
    "hosted_asr",
    "hosted_text",
    "hosted_vision",
    "longest_wait_s",
    "second_look",
    "second_look_limit_s",
    "service",
    "text_service",
    "vision_service",
]
