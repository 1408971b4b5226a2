"""Where a service is and how much it may be asked. Plain values: the settings make them, jobs are handed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """An OpenAI-compatible service.

    Args:
        base_url: up to and with its version, `https://api.openai.com/v1`.
        api_key: of it; empty when there is none. Not in the `repr`.
        timeout_s: for one try, from the first byte sent to the last one read.
        requests_per_minute: of this process; 0 for no limit.
        bytes_per_minute: sent by this process; 0 for no limit.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout_s: float
    requests_per_minute: float = 0.0
    bytes_per_minute: float = 0.0


@dataclass(frozen=True, slots=True)
class HostedAsr:
    """Speech recognition by a service.

    Args:
        service: that does it.
        model: its name there.
        usd_per_minute: price of a minute of sound; None for that of `processors.service.cost`.
    """

    service: ServiceConfig
    model: str
    usd_per_minute: float | None = None

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> HostedAsr | None:
        """Read back what `dataclasses.asdict` made of one; None stays None."""
        return None if value is None else cls(**{**value, "service": ServiceConfig(**value["service"])})


__all__ = ["HostedAsr", "ServiceConfig"]
