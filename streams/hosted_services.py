"""What the settings say of services that are paid for: as children of workers are given it, and for cache keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from processors.service.client import MAX_LIMIT_WAIT_S
from processors.service.config import HostedAsr, HostedVision, ScenesPlace, ServiceConfig
from processors.service.cost import token_price
from processors.service.retry import MAX_WAIT_S, TRIES

if TYPE_CHECKING:
    from streams.settings import Settings

OPENAI_URL: Final = "https://api.openai.com/v1"
_SECOND_REQUESTS: Final = 3  # for ten segments, each with three pictures in high detail of the default model


def hosted_asr(settings: Settings, children: int) -> HostedAsr | None:
    """The service that recognises speech, as one of a worker's children is given it; None for the local models.

    Args:
        children: of the worker; each may ask for its part of the limits.
    """
    if settings.asr_backend == "local":
        return None
    share = 1.0 - settings.vision_budget_share if settings.vision_backend == "openai" else 1.0
    return HostedAsr(service(settings, children), settings.asr_openai_model, settings.asr_usd_per_minute, share)


def hosted_vision(settings: Settings, children: int) -> HostedVision | None:
    """The service that describes pictures, as one of a worker's children is given it; None for the local models.

    Args:
        children: of the worker; each may ask for its part of the limits.
    """
    if settings.vision_backend == "local":
        return None
    place = ScenesPlace(
        str(settings.result_cache_dir), settings.cache_url, settings.cache_ttl_s, settings.cache_memory_items
    )
    return HostedVision(
        service(settings, children),
        settings.vision_openai_model,
        token_price(settings.vision_openai_model, settings.vision_prices),
        max_frames=settings.vision_max_frames,
        similarity=settings.vision_similarity,
        same=settings.vision_same,
        budget_share=settings.vision_budget_share if settings.asr_backend == "openai" else 1.0,
        scenes=place if settings.cache_enabled else None,
        second_segments=settings.vision_second_segments,
        second_tokens=settings.vision_second_tokens,
        second_share=_second_share(settings),
    )


def longest_wait_s(settings: Settings) -> float:
    """How long an item may wait for a service that does not answer before the local models have their turn.

    Each try waits for the limits per minute, for the service, and for the next try; a request about pictures is made
    once more where its answer cannot be used.
    """
    requests = 2 if settings.vision_backend == "openai" else 1 if settings.asr_backend == "openai" else 0
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
        "budget_share": settings.vision_budget_share if settings.asr_backend == "openai" else 1.0,
        "second_share": _second_share(settings),
    }


def second_look(settings: Settings) -> dict[str, Any]:
    """What of the settings decides the look at the best segments beside the service; empty where there is none."""
    if settings.vision_backend == "local" or settings.vision_second_segments == 0:
        return {}
    return {"segments": settings.vision_second_segments, "tokens": settings.vision_second_tokens}


def second_look_limit_s(settings: Settings) -> float:
    """The longest that a service may take for the second look at one video, while it answers at all.

    A request whose tries fail is the last one; every other one takes two time-outs at most, with its repair.
    """
    failing_s = TRIES * settings.openai_timeout_s + (TRIES - 1) * MAX_WAIT_S
    return failing_s + 2 * settings.openai_timeout_s * _SECOND_REQUESTS


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
    "hosted_asr",
    "hosted_vision",
    "longest_wait_s",
    "second_look",
    "second_look_limit_s",
    "service",
    "vision_service",
]
