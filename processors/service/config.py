"""Where a service is and how much it may be asked. Plain values: the settings make them, jobs are handed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """An OpenAI-compatible service.

    Args:
        base_url: up to and with its version, `https://api.openai.com/v1`.
        api_key: of it; empty when there is none. Not in the `repr`.
        timeout_s: for one try, from the first byte sent to the last one read.
        requests_per_minute: of this process; 0 for no limit.
        bytes_per_minute: sent by this process; 0 for no limit.
        tokens_per_minute: of language models, of this process; 0 for no limit.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout_s: float
    requests_per_minute: float = 0.0
    bytes_per_minute: float = 0.0
    tokens_per_minute: float = 0.0


class Paid(Protocol):
    """What is known of any service that is asked by chat: who asks it need not know what it is asked about."""

    @property
    def service(self) -> ServiceConfig:
        """That answers."""
        ...

    @property
    def model(self) -> str:
        """Its name there."""
        ...

    @property
    def usd_per_million(self) -> tuple[float, float] | None:
        """Price of a million tokens, sent and answered; None when nobody knows it."""
        ...


@dataclass(frozen=True, slots=True)
class HostedAsr:
    """Speech recognition by a service.

    Args:
        service: that does it.
        model: its name there.
        usd_per_minute: price of a minute of sound; None for that of `processors.service.cost`.
        budget_share: part of a video's budget that its sound may cost, 0..1; the rest is for its pictures.
    """

    service: ServiceConfig
    model: str
    usd_per_minute: float | None = None
    budget_share: float = 1.0

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> HostedAsr | None:
        """Read back what `dataclasses.asdict` made of one; None stays None."""
        return None if value is None else cls(**{**value, "service": ServiceConfig(**value["service"])})


@dataclass(frozen=True, slots=True)
class ScenesPlace:
    """Where answers about pictures are kept: the tiers of the result cache.

    Args:
        folder: on this host.
        redis_url: shared by hosts; empty for none. May hold a password, so it is not in the `repr`.
        ttl_s: life of an entry in Redis.
        items: most entries held in memory.
    """

    folder: str
    redis_url: str = field(default="", repr=False)
    ttl_s: int = 3_600
    items: int = 1_000


@dataclass(frozen=True, slots=True)
class HostedVision:
    """Pictures described by a service.

    Args:
        service: that does it.
        model: its name there.
        usd_per_million: price of a million tokens, sent and answered; None when nobody knows it.
        max_frames: frames of a video that may be sent, the first ones; 0 for no limit.
        similarity: frames that are alike by this much travel in one request or not at all, cosine 0..1.
        same: frames that are alike by this much share an answer, cosine 0..1; above 1 only equal files do.
        budget_share: part of a video's budget that its pictures may cost, 0..1; the rest is for its sound.
        scenes: where answers are kept; None keeps none.
        second_segments: segments of a result, the best ones, that are looked at again with what is said around them.
        second_tokens: of what is said, for each of them.
        second_share: part of what the pictures may cost that is kept for it, 0..1.
    """

    service: ServiceConfig
    model: str
    usd_per_million: tuple[float, float] | None = None
    max_frames: int = 0
    similarity: float = 0.8
    same: float = 0.98
    budget_share: float = 1.0
    scenes: ScenesPlace | None = None
    second_segments: int = 0
    second_tokens: int = 300
    second_share: float = 0.0

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> HostedVision | None:
        """Read back what `dataclasses.asdict` made of one; None stays None."""
        if value is None:
            return None
        price, place = value["usd_per_million"], value["scenes"]
        made = {
            "service": ServiceConfig(**value["service"]),
            "usd_per_million": None if price is None else (price[0], price[1]),
            "scenes": None if place is None else ScenesPlace(**place),
        }
        return cls(**{**value, **made})


@dataclass(frozen=True, slots=True)
class HostedText:
    """Segments rated and written about by a language model.

    Args:
        service: that does it.
        model: its name there.
        usd_per_million: price of a million tokens, sent and answered; None when nobody knows it.
        segments: of a result, the best ones, that are sent.
        tokens: of what is said in each of them, at most.
        same: moments whose words are alike by this much share an answer, cosine 0..1; above 1 only equal ones do.
        budget_share: part of a video's budget that this may cost, 0..1.
        answers: where answers are kept; None keeps none.
    """

    service: ServiceConfig
    model: str
    usd_per_million: tuple[float, float] | None = None
    segments: int = 10
    tokens: int = 300
    same: float = 1.01
    budget_share: float = 1.0
    answers: ScenesPlace | None = None

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> HostedText | None:
        """Read back what `dataclasses.asdict` made of one; None stays None."""
        if value is None:
            return None
        price, place = value["usd_per_million"], value["answers"]
        made = {
            "service": ServiceConfig(**value["service"]),
            "usd_per_million": None if price is None else (price[0], price[1]),
            "answers": None if place is None else ScenesPlace(**place),
        }
        return cls(**{**value, **made})


__all__ = ["HostedAsr", "HostedText", "HostedVision", "Paid", "ScenesPlace", "ServiceConfig"]
