"""The settings of services that are paid for; a part of `streams.settings.Settings`, which is read from one place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from streams.addresses import checked_service

# Sent and answered.
TokenPrices = tuple[Annotated[float, Field(ge=0.0, le=10_000.0)], Annotated[float, Field(ge=0.0, le=10_000.0)]]


class ServiceSettings(BaseSettings):
    """Where the services are, what they may be asked and what they may cost."""

    # --- services
    openai_base_url: str = Field(
        "",
        description="OpenAI-compatible service, up to and with its version; `https://api.openai.com/v1` when empty",
    )
    openai_api_key: SecretStr = Field(SecretStr(""), description="its key; never shown")
    openai_timeout_s: float = Field(30.0, ge=1.0, le=600.0, description="for one try of a request")
    # Each worker by itself keeps to these, its children to equal parts of them.
    openai_requests_per_minute: float = Field(
        500.0, ge=0.0, le=1_000_000.0, description="most requests of one worker; 0 for no limit"
    )
    openai_bytes_per_minute: float = Field(
        0.0, ge=0.0, description="most bytes that one worker sends, 32,000 for a second of sound; 0 for no limit"
    )
    asr_openai_model: str = Field(
        "whisper-1",
        pattern=r"^[^\s]{1,200}$",
        description="recogniser of the service; it must give times of words (`verbose_json`)",
    )
    asr_usd_per_minute: float | None = Field(
        None, ge=0.0, le=1_000.0, description="its price; from a table when empty, which knows whisper-1"
    )

    openai_tokens_per_minute: float = Field(
        0.0, ge=0.0, description="most tokens of one worker's requests about pictures, as bounded before; 0: no limit"
    )
    vision_openai_model: str = Field(
        "gpt-4.1-mini",
        pattern=r"^[^\s]{1,200}$",
        description="model of the service that sees pictures and answers in a JSON schema (`response_format`)",
    )
    vision_prices: dict[str, TokenPrices] = Field(
        {},
        description="USD for a million tokens, sent and answered, of models that are not in the table or have another "
        'price now: `{"gpt-4.1-mini": [0.4, 1.6]}`',
    )
    # 1,000 are more than an hour of film has, and at most 1.5 USD with the default model.
    vision_max_frames: int = Field(
        1_000, ge=0, le=100_000, description="frames of a video that may be sent, the first ones; 0 for no limit"
    )
    vision_budget_share: float = Field(
        0.5, ge=0.0, le=1.0, description="part of a request's `budget_usd` for pictures where sound is paid for as well"
    )
    # A child waits some seconds for each answer and works a tenth of that; it has some 0.3 GB.
    vision_children: int = Field(
        4, ge=1, le=256, description="children of the vision agent where a service is asked, if more than WORKERS"
    )
    # Segments are what people look at; beyond ten the next one is seldom taken.
    vision_second_segments: int = Field(
        10,
        ge=0,
        le=100,
        description="best segments of a result whose pictures the service is shown again, with what is said around "
        "them; 0 for none, and no enricher",
    )
    # A minute of speech has some 150 words, 230 tokens in English.
    vision_second_tokens: int = Field(
        300, ge=50, le=4_000, description="of what is said in and around each of these, sentences chosen to fit"
    )
    # With the default model ten segments cost 0.03 USD at most, as much as twenty frames of the first look.
    vision_second_share: float = Field(
        0.2, ge=0.0, le=1.0, description="part of what pictures may cost that is kept for these"
    )

    text_backend: str = Field(
        "local",
        pattern="^(local|openai)$",
        description="who rates the best segments and writes their titles, descriptions and hashtags: rules on this "
        "machine, or a language model of the service at OPENAI_BASE_URL, by their words alone",
    )
    text_openai_model: str = Field(
        "gpt-4.1-mini",
        pattern=r"^[^\s]{1,200}$",
        description="language model of the service; it must answer in a JSON schema (`response_format`)",
    )
    text_prices: dict[str, TokenPrices] = Field(
        {}, description="as VISION_PRICES, whose prices count for these models as well"
    )
    text_segments: int = Field(10, ge=1, le=100, description="best segments of a result that it is sent")
    text_tokens: int = Field(
        300, ge=100, le=4_000, description="of what is said in and around each of these, sentences chosen to fit"
    )
    # With the default model ten segments cost 0.02 USD at most.
    text_budget_share: float = Field(
        0.2, ge=0.0, le=1.0, description="part of a request's `budget_usd` for this where others are paid for as well"
    )
    text_rank_weight: float = Field(
        0.3, ge=0.0, le=1.0, description="of its ratings against scores, for the order of segments; 0 moves none"
    )
    # Of 1.6 million pairs of different minutes of meetings none has 0.85; the rest is margin (docs/language-model.md).
    text_same: float = Field(
        0.88,
        ge=0.5,
        le=1.01,
        description="moments whose words mean the same by this much share an answer, cosine; above 1 equal words only",
    )

    _service = field_validator("openai_base_url")(checked_service)


__all__ = ["ServiceSettings"]
