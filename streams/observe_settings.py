"""The settings of metrics and traces; a part of `streams.settings.Settings`, which is read from one place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class ObserveSettings(BaseSettings):
    """Where metrics are, where traces go, and the prices that money is reckoned with."""

    # --- metrics and traces
    # A free port is found by the worker's note in DATA_DIR/workers; a fixed one serves one worker of a machine.
    metrics_port: int = Field(0, ge=0, le=65_535, description="port of a worker on loopback; 0 for a free one")
    prometheus_port: int = Field(
        0, ge=0, le=65_535, description="port of the Prometheus of `up --observe` on loopback; 0 for a free one"
    )
    tracing: Literal["off", "otlp"] = Field("off", description="traces of videos through all stages (extra `tracing`)")
    tracing_endpoint: str = Field(
        "http://127.0.0.1:4318/v1/traces",
        pattern=r"^https?://[^@\s?#]+$",
        description="who takes them, OTLP over HTTP: Jaeger, Tempo, a collector",
    )
    tracing_share: float = Field(
        1.0, ge=0.0, le=1.0, description="part of the videos that is traced, chosen by their ids alike in all stages"
    )
    truth_dir: Path | None = Field(
        None, description="folder with what is said in known videos, VIDEO_ID.txt: their word error rate is told"
    )

    # --- prices for metrics
    # Middle of what large clouds ask for a core and a GiB on demand, 2026.
    cpu_hour_usd: float = Field(0.04, ge=0.0, le=1_000.0, description="of a core for an hour")
    memory_gib_hour_usd: float = Field(0.005, ge=0.0, le=1_000.0, description="of a GiB of memory for an hour")
    # Somebody who watches an hour once and marks the best moments, at 30 USD an hour.
    video_hour_value_usd: float = Field(
        30.0, ge=0.0, le=100_000.0, description="what an hour of video that is through is worth, for the return"
    )
    daily_budget_usd: float = Field(
        0.0, ge=0.0, le=1_000_000.0, description="services may charge so much a day before an alert fires; 0: none does"
    )


__all__ = ["ObserveSettings"]
