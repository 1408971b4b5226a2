"""Every setting of clipstream, in one validated model.

Sources, the first one wins: flags of the command line, environment (`CLIPSTREAM_*`), `.env`, `clipstream.toml`, the
running embedded cluster (`DATA_DIR/cluster.json`, addresses only), defaults. Unknown names are refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from processors.domain import MAX_BATCH_FRAMES
from processors.media.limits import Limits
from processors.options import Profile
from processors.parameters import Steering
from processors.speech.choice import Recognition, TierChanges
from processors.speech.recordings import voices_digest
from processors.vision.selection import DUPLICATE_COSINE, LOCAL_BATCH, Selection
from streams.addresses import checked_broker, checked_cache, servers
from streams.database_settings import DatabaseSettings
from streams.gateway_settings import GatewaySettings
from streams.hosted_services import OPENAI_URL, asr_service, check_patience, second_look, text_service, vision_service
from streams.keeping_settings import KeepingSettings
from streams.observe_settings import ObserveSettings
from streams.own_platforms import checked_platforms, own_platforms
from streams.service_settings import ServiceSettings
from streams.settings_errors import BrokerBusy, SettingsError, no_broker

PREFIX: Final = "CLIPSTREAM_"
SCHEMES: Final = frozenset({"file", "http", "https"})  # of sources
TOML_FILE: Final = "clipstream.toml"
_PATHS: Final = (
    *("data_dir", "cache_dir", "models_dir", "voices_dir", "platforms_file", "gateway_keys_file", "truth_dir"),
    *("ssl_cafile", "ssl_certfile", "ssl_keyfile"),
)
_OTHER_CATEGORY: Final = "other"  # of `processors.content.categories`, whose import takes long

_Word = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\n]{1,60}$")]


class _OwnLines(DotEnvSettingsSource):
    """`.env` without the lines of other programs (docker compose reads the same file)."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        lines = super()._load_env_vars()
        return {name: value for name, value in lines.items() if name.upper().startswith(PREFIX)}


def _user_dir(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / fallback) / "clipstream"


class Settings(ServiceSettings, KeepingSettings, GatewaySettings, DatabaseSettings, ObserveSettings):
    """Validated, frozen settings. Every field is also an environment variable with the prefix `CLIPSTREAM_`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", toml_file=TOML_FILE, frozen=True, extra="forbid", validate_default=True,
        hide_input_in_errors=True,  # it holds the secrets
    )  # fmt: skip

    # --- places
    data_dir: Path = Field(_user_dir("XDG_DATA_HOME", ".local/share"), description="state, blobs, logs")
    cache_dir: Path = Field(_user_dir("XDG_CACHE_HOME", ".cache"), description="downloads: models, Kafka's jars")
    models_dir: Path | None = Field(None, description="folder with models that is looked at first")
    voices_dir: Path | None = Field(
        None, description="folder with a recording of each known speaker, NAME.wav, .flac, .mp3, ...: found by name"
    )
    store_url: str = Field("", description="blob store, as fsspec takes it; DATA_DIR/blobs when empty")
    offline: bool = Field(False, description="never download anything")

    # --- addresses
    broker_url: str = Field("", description="kafka://host:port[;host:port]; the embedded cluster when empty")
    cache_url: str = Field("", description="redis://host:port/db of the result cache; none when empty")
    registry_url: str = Field(
        "",
        pattern=r"^(https?://[^@\s?#]+)?$",
        description="schema registry, Confluent's interface (`http://host:port/apis/ccompat/v7` of Apicurio); "
        "none when empty",
    )
    topic_prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="before each topic and group name")
    replication: int = Field(1, ge=1, le=9, description="replication factor of topics that we create")

    metrics_host: str = Field("127.0.0.1", description="address of a worker's health and metrics; 0.0.0.0 in a pod")

    # --- security of the broker
    security_protocol: str = Field(
        "PLAINTEXT",
        pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        description="how to speak to the broker in BROKER_URL; the embedded one is on loopback and PLAINTEXT",
    )
    sasl_mechanism: str = Field(
        "PLAIN", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$", description="how the password is shown to the broker"
    )
    sasl_username: str = Field("", description="user at the broker")
    sasl_password: SecretStr = Field(SecretStr(""), description="of that user; never shown")
    ssl_cafile: Path | None = Field(
        None, description="authorities of the broker's certificate; the system's when empty"
    )
    ssl_certfile: Path | None = Field(None, description="our own certificate, where the broker asks for one; PEM")
    ssl_keyfile: Path | None = Field(None, description="its key, without a password; PEM")

    # --- sources of media
    allowed_schemes: frozenset[str] = Field(SCHEMES, description="URI schemes of sources, of these three")
    allowed_folders: frozenset[Path] = Field(
        frozenset(), description="folders that sources may lie in; every folder that can be read when empty"
    )
    allowed_hosts: frozenset[str] = Field(
        frozenset(), description="hosts of http(s) sources, `*.example.org` for all below one; all when empty"
    )
    # With it off, a message cannot make a worker ask what only this machine or its network can reach.
    allow_private_hosts: bool = Field(False, description="also http(s) sources at addresses that are not public")
    max_source_bytes: int = Field(200_000_000_000, ge=1, description="largest source; 24 h at 18 Mbit/s")
    max_duration_s: float = Field(86_400.0, gt=0.0, description="longest source")
    max_frame_pixels: int = Field(8192 * 8192, ge=1, description="largest picture of a source, width times height")
    max_streams: int = Field(64, ge=1, le=10_000, description="most tracks of a source")

    # --- compute
    workers: int = Field(os.cpu_count() or 1, ge=1, le=256, description="children per CPU stage")
    threads: int = Field(1, ge=1, le=64, description="threads per child")
    compute: Literal["processes", "ray"] = Field(
        "processes", description="where transcriber and vision compute: children of their worker, or Ray (extra `ray`)"
    )
    ray_address: str = Field("", description="host:port of a Ray cluster; one of each worker's own when empty")
    ray_gpus: float = Field(0.0, ge=0.0, le=16.0, description="GPUs, or a share of one, that a Ray actor is given")
    asr_model: str | None = Field(None, description="recogniser for all languages, whatever the profile")
    asr_backend: str = Field(
        "local",
        pattern="^(local|openai)$",
        description="who recognises speech: models on this machine, or the service at OPENAI_BASE_URL, for which the "
        "local model steps in where it cannot",
    )
    vision_backend: str = Field(
        "local",
        pattern="^(local|openai)$",
        description="who describes pictures: models on this machine, or the service at OPENAI_BASE_URL as well, for "
        "which they stand in where it cannot",
    )
    # Of 149 pairs of key frames within nine videos, which are none that repeat each other, two have 0.8 or more.
    vision_similarity: float = Field(
        0.8, ge=0.0, le=1.01, description="pictures this much alike go to the service in one request or not at all"
    )
    # The same picture encoded anew has 0.995 and more, slides with one more line have 0.83 to 0.90.
    vision_same: float = Field(
        0.98, ge=0.5, le=1.01, description="pictures this much alike share an answer; above 1 equal files only"
    )
    # Of thumbnails about their means, which is stricter than it sounds: in one take no moment has less than 0.98 to the
    # same moment in other light, slides that gained a line have 0.83 to 0.90, unlike shots up to 0.89.
    frames_similarity: float = Field(
        DUPLICATE_COSINE, ge=0.5, le=1.01, description="pictures of a video this much alike are one; above 1 none are"
    )
    # One a second, which is what is read without any choice; films have 5 to 15 a minute.
    frames_per_minute: float = Field(
        60.0,
        ge=0.0,
        le=6_000.0,
        description="most pictures for a minute of video, those that show most news; 0: no limit",
    )
    frames_max: int = Field(
        5_000, ge=0, le=100_000, description="most pictures of a video, spread over its length; 0 for no limit"
    )
    frames_device: Literal["cpu", "cuda"] = Field(
        "cpu", description="where pictures are decoded; cuda: by the GPU's decoder where it can, else on the processor"
    )
    vision_labels: frozenset[_Word] = Field(
        frozenset(), max_length=200, description="words that are looked for in pictures, by CLIP from the model hub"
    )
    asr_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where recognition runs; auto: on a GPU where there is one, as set where workers differ"
    )
    asr_profiles: dict[Profile, TierChanges] = Field(
        {},
        description="models, beams and noise threshold of the profiles where they differ from the measured ones: "
        '`{"fast": {"small": "tiny.en", "small_beam": 1, "large": "base", "large_beam": 5, "noise": 0.1}}`',
    )
    languages: frozenset[str] = Field(
        frozenset(),
        description="languages whose speech is written down, as codes like en; all that are known when empty",
    )
    other_languages: Literal["drop", "nearest"] = Field(
        "drop", description="speech in other ones: no text, with the reason listed, or as the likeliest of these"
    )
    platforms_file: Path | None = Field(None, description="rules of platforms, JSON or TOML, as in docs/ranking.md")
    categories: dict[str, str] = Field(
        {}, description="topics: label -> descriptions with semicolons between them; clipstream's own when empty"
    )
    # The longest a single item may take. Above all real items: 29 s of speech take 30 s with the largest model on one
    # slow core; a whole video's decoding is one item of an extractor, at 40x real time 20 minutes are 13 hours.
    item_timeout_s: float = Field(1_200.0, ge=1.0, le=86_400.0, description="longest wait for the next output of a job")
    # Measured at most, with 8 threads: frames at 8K 1.4 GB and at 4K 0.7 GB, transcriber with base 1.4 GB (most of it
    # is never touched), vision 0.6 GB. With 1 thread 0.6, 0.3, 1.3 and 0.3 GB.
    child_memory_mb: int = Field(4_096, ge=0, description="memory of a child in MiB, above which it ends; 0: no limit")

    # Measured lengths are in `processors/speech/chunking.py`; shorter ones cost context, and spread over more workers.
    chunk_max_s: float = Field(
        29.0,
        ge=12.0,
        le=29.0,
        description="longest piece of sound that is recognised at once; most are shorter",
    )

    # --- delivery
    retries: int = Field(3, ge=0, le=20, description="tries after the first")
    retry_base_s: float = Field(1.0, ge=0.0, le=60.0, description="first back-off; doubles each time, with jitter")
    dead_letter_max_consecutive: int = Field(
        100, ge=1, description="failures of valid items in a row that stop a stage"
    )
    dead_letter_max_ratio: float = Field(0.5, gt=0.0, le=1.0, description="failures among the last 200 that stop it")
    # 10 s bring the partitions of a killed worker back in 10 to 20 s; below 6 s a busy machine misses heartbeats.
    session_timeout_s: float = Field(10.0, ge=6.0, le=300.0, description="silence until a worker counts as dead")
    heartbeat_s: float = Field(3.0, ge=0.5, le=60.0, description="at most a third of the session time-out")
    commit_interval_s: float = Field(1.0, ge=0.1, le=60.0, description="how often acked offsets are committed")

    # --- join
    join_deadline_s: float = Field(600.0, ge=1.0, description="without progress and without lag, until degraded")
    late_parts_s: float = Field(7 * 86_400.0, ge=1.0, description="how long degraded and failed joins take late parts")

    # --- result cache
    cache_enabled: bool = Field(True, description="whether computed results are kept and found again")
    cache_memory_items: int = Field(1_000, ge=0, le=1_000_000, description="entries kept in each worker")
    cache_ttl_s: int = Field(3_600, ge=1, description="life of an entry in Redis")

    @field_validator(*_PATHS, mode="before")
    @classmethod
    def _no_path(cls, value: Any, info: ValidationInfo) -> Any:
        # as a path an empty text is the current folder, which nobody means
        return cls.model_fields[info.field_name or ""].default if value == "" else value

    @field_validator("voices_dir")
    @classmethod
    def _voices(cls, value: Path | None) -> Path | None:
        folder = None if value is None else value.expanduser()
        if folder is not None and not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        return folder

    @field_validator("allowed_schemes")
    @classmethod
    def _schemes(cls, value: frozenset[str]) -> frozenset[str]:
        if wrong := sorted(value - SCHEMES):
            raise ValueError(f"'{wrong[0]}' is none of {', '.join(sorted(SCHEMES))}")
        return value

    @field_validator("categories")
    @classmethod
    def _described(cls, value: dict[str, str]) -> dict[str, str]:
        for label, descriptions in value.items():
            if not label.strip():
                raise ValueError("a category has no name")
            if label.strip().lower() == _OTHER_CATEGORY:
                raise ValueError(f"'{label}' is what is near to none of the categories; it needs no description")
            if not descriptions.replace(";", " ").strip():
                raise ValueError(f"'{label}' has no description")
        return value

    _broker = field_validator("broker_url")(checked_broker)
    _cache = field_validator("cache_url")(checked_cache)
    _platforms = field_validator("platforms_file")(checked_platforms)

    @model_validator(mode="after")
    def _session(self) -> Settings:
        if self.heartbeat_s * 3 > self.session_timeout_s:
            raise ValueError("heartbeat_s must be at most a third of session_timeout_s")
        check_patience(self)
        return self

    @model_validator(mode="after")
    def _security(self) -> Settings:
        # what is set and would not be used is a mistake, and here one that sends things in the clear
        user, files = self.sasl_username or self.sasl_password.get_secret_value(), self.ssl_cafile or self.ssl_certfile
        if self.security_protocol != "PLAINTEXT" and not self.broker_url:
            raise ValueError(f"security_protocol {self.security_protocol} needs broker_url: the embedded one has none")
        if self.security_protocol.startswith("SASL") != bool(user):
            raise ValueError("sasl_username and sasl_password go with security_protocol SASL_PLAINTEXT or SASL_SSL")
        if user and not (self.sasl_username and self.sasl_password.get_secret_value()):
            raise ValueError("sasl_username and sasl_password go together")
        if (files or self.ssl_keyfile) and not self.security_protocol.endswith("SSL"):
            raise ValueError("ssl_cafile and ssl_certfile go with security_protocol SSL or SASL_SSL")
        if self.ssl_keyfile and not self.ssl_certfile:
            raise ValueError("ssl_keyfile goes with ssl_certfile")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of the sources, the first one wins."""
        return init_settings, env_settings, _OwnLines(settings_cls), TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _recognition(self) -> Settings:
        supported = self.recognition.supported  # refuses what is no language
        if self.asr_model and self.asr_model.endswith(".en") and not supported.has("en"):
            raise ValueError(f"asr_model {self.asr_model} knows only English, which is none of languages")
        return self

    @property
    def recognition(self) -> Recognition:
        """Models by profile, device and languages."""
        return Recognition(
            device=self.asr_device,
            profiles=self.asr_profiles,
            languages=tuple(sorted(self.languages)),
            others=self.other_languages,
        )

    @property
    def steering(self) -> Steering:
        """What decides what stages compute."""
        voices = voices_digest(self.voices_dir)
        return Steering(
            self.asr_model,
            self.threads,
            self.recognition,
            asr_service(self),
            voices,
            self.categories,
            vision_service(self),
            second_look(self),
            text_service(self),
            tuple(sorted(self.vision_labels)),
            self.selection,
            own_platforms(self.platforms_file),
            round(self.chunk_max_s * 1000),
        )

    @property
    def selection(self) -> Selection:
        """How pictures are chosen."""
        batch = MAX_BATCH_FRAMES if vision_service(self) else LOCAL_BATCH
        return Selection(
            self.frames_similarity, self.frames_per_minute, self.frames_max, batch, device=self.frames_device
        )

    @property
    def store(self) -> str:
        """The blob store's URL."""
        return self.store_url or str(self.data_dir / "blobs")

    @property
    def limits(self) -> Limits:
        """Limits of media files."""
        return Limits(
            max_bytes=self.max_source_bytes,
            max_duration_ms=round(self.max_duration_s * 1000),
            max_frame_pixels=self.max_frame_pixels,
            max_streams=self.max_streams,
        )

    @property
    def result_cache_dir(self) -> Path:
        """Folder of the result cache on this host."""
        return self.data_dir / "cache"

    @property
    def staging_dir(self) -> Path:
        """Folder of sources that were fetched."""
        return self.data_dir / "staging"

    @property
    def log_dir(self) -> Path:
        """Folder of log files."""
        return self.data_dir / "logs"

    def group(self, agent: str) -> str:
        """Consumer group, and Faust app id, of an agent."""
        return f"{self.topic_prefix}clipstream-{agent}"

    def topic(self, name: str) -> str:
        """Full name of a topic of the catalogue."""
        return f"{self.topic_prefix}{name}"

    def bootstrap_servers(self) -> str:
        """Broker addresses as aiokafka takes them.

        Raises:
            SettingsError: no broker is set and no embedded cluster runs.
        """
        if not self.broker_url:
            raise no_broker(self.data_dir)
        return ",".join(servers(self.broker_url))


__all__ = ["OPENAI_URL", "PREFIX", "SCHEMES", "TOML_FILE", "BrokerBusy", "Settings", "SettingsError"]
