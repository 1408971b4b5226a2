"""The settings of the gateway; a part of `streams.settings.Settings`, which is read from one place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from streams.gateway.signing import check_secret


class GatewaySettings(BaseSettings):
    """Where the gateway listens, whom it answers, and how much it takes."""

    # --- gateway
    gateway_host: str = Field(
        "127.0.0.1", pattern=r"^[^\s]{1,253}$", description="address it listens at; beyond loopback only with API keys"
    )
    gateway_port: int = Field(8080, ge=0, le=65_535, description="port it listens at; 0 for any that is free")
    gateway_keys_file: Path | None = Field(
        None, description="hashes of the API keys; `gateway-keys.json` in the data folder when empty"
    )
    gateway_hosts: frozenset[str] = Field(
        frozenset(), description="names under which it is reached, as in the Host header; all when there are API keys"
    )
    gateway_cors_origins: frozenset[str] = Field(
        frozenset(), description="origins of other sites whose pages may ask it, like `https://media.example.org`"
    )
    gateway_local_sources: Literal["auto", "on", "off"] = Field(
        "auto", description="whether paths of this machine are accepted as sources; auto: only without API keys"
    )
    gateway_max_body_bytes: int = Field(
        1_048_576, ge=1_024, le=1 << 30, description="largest body of a request that is no upload"
    )
    gateway_requests_per_minute: float = Field(
        1_200.0, ge=0.0, le=1_000_000.0, description="most requests of an API key, and of all without one; 0: no limit"
    )
    gateway_request_burst: int = Field(200, ge=1, le=100_000, description="of these at once")
    gateway_upload_max_bytes: int = Field(50_000_000_000, ge=1, description="largest upload")
    gateway_upload_hours: float = Field(
        24.0, gt=0.0, le=8_760.0, description="how long an unfinished upload is kept after its last byte"
    )
    gateway_uploads_open: int = Field(1_000, ge=1, le=100_000, description="most uploads that are not finished")
    gateway_batch_items: int = Field(1_000, ge=1, le=10_000, description="most items of a batch")
    # A result packs to some 5 kB, so these are 50 MB.
    gateway_videos: int = Field(
        10_000,
        ge=10,
        le=1_000_000,
        description="videos that it remembers, the newest, beside all under way; older ones are not listed",
    )
    gateway_read_wait_s: float = Field(
        2.0,
        ge=0.0,
        le=30.0,
        description="longest wait of a read for what was submitted before it; a submission waits for itself for 5 s, "
        "or as long as that",
    )
    # Of some 400 bytes each: 8 MB.
    gateway_events_kept: int = Field(
        20_000, ge=100, le=1_000_000, description="events held in memory for readers who come back"
    )
    gateway_event_readers: int = Field(1_000, ge=1, le=100_000, description="most event streams that are open")
    gateway_event_backlog: int = Field(
        1_000, ge=10, le=100_000, description="events that wait for a slow reader before its stream is closed"
    )
    gateway_webhook_secret: SecretStr = Field(
        SecretStr(""), description="signs what is sent to callback URLs: `whsec_` and base64 of 24 to 64 random bytes"
    )
    # 1, 2, 4, ... 64 s: a receiver that is started again is back within two minutes.
    gateway_webhook_tries: int = Field(8, ge=1, le=30, description="tries to deliver to a callback URL")
    gateway_webhook_timeout_s: float = Field(10.0, ge=0.5, le=120.0, description="for one of these tries")

    @field_validator("gateway_webhook_secret")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        check_secret(value.get_secret_value())
        return value


__all__ = ["GatewaySettings"]
