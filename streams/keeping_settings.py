"""Settings of the order of work, of what is kept for how long, and of logs; a part of `streams.settings.Settings`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class KeepingSettings(BaseSettings):
    """What goes first, and what is kept."""

    # --- order of work
    max_videos: int = Field(
        0,
        ge=0,
        le=100_000,
        description="videos under way at a time, of the highest level the oldest first; 0 for no limit. Those of a "
        "higher level than all that are under way begin beside them",
    )
    priority_levels: int = Field(
        3, ge=1, le=9, description="levels of urgency of requests; of 3 they are high (1), normal (0) and low (-1)"
    )
    # Of eight recognised chunks one is of lower level: it gets on, and the higher one takes a seventh longer.
    priority_share: int = Field(
        8, ge=2, le=1_000, description="of so many turns of a level, one goes to lower ones that wait"
    )

    # --- retention
    # The longest that the design counts with: markers of joins are kept for 30 days, so no part may come later.
    retention_results_days: float = Field(
        30.0, gt=0.01, le=30.0, description="how long topics keep requests and what stages made of them"
    )
    retention_items_days: float = Field(
        7.0, gt=0.01, le=30.0, description="how long topics keep items: chunks of sound, batches of pictures"
    )
    retention_signals_days: float = Field(1.0, gt=0.01, le=30.0, description="how long topics keep progress and timers")
    gc_days: float = Field(7.0, ge=0.0, le=3_650.0, description="age of what `clipstream gc` removes")
    gc_each_hours: float = Field(
        0.0, ge=0.0, le=8_760.0, description="how often `clipstream up` does so by itself; 0 for never"
    )

    # --- logs
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="of the workers' logs")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="of the workers' logs; auto: text on a terminal, else a line of JSON a record"
    )
    log_max_bytes: int = Field(10_000_000, ge=10_000, description="size at which a worker's log file is put aside")
    log_files: int = Field(3, ge=1, le=100, description="older log files that are kept of each worker")

    @field_validator("log_level", mode="before")
    @classmethod
    def _capitals(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


__all__ = ["KeepingSettings"]
