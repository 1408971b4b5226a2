"""The checks of `clipstream doctor`: each says what is, and what to do where that is not enough."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from ops.local.java import find_java
from processors.blobs import BlobStore
from processors.cache import RedisTier, TierUnavailable
from processors.errors import ClipstreamError
from processors.media import weburl
from processors.media.audio import open_audio
from processors.models.store import ModelStore
from processors.service.config import ServiceConfig
from processors.service.cost import usd_per_minute
from processors.service.failures import host_of
from processors.speech.recordings import KINDS, recordings
from schemas import bundled
from streams.admin import topic_states
from streams.cli.embedded import models_for
from streams.groups import GroupState, group_states
from streams.hosted_services import hosted_asr, hosted_text, hosted_vision
from streams.places import check_folder
from streams.registry import Registry, RegistryAway
from streams.secrets import masked
from streams.settings import BrokerBusy, Settings, SettingsError
from streams.supervisor import read_states
from streams.topics import DAY_MS, KEPT_INPUT_MS, KEPT_ITEM_MS, SEGMENTS

# Blobs of an hour of video are about 150 MB, Kafka's jars, the models and a JRE 350 MB.
WANTED_FREE_BYTES: Final = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    state: Literal["ok", "note", "wrong"]
    text: str
    remedy: str = ""


async def run(settings: Settings) -> list[Check]:
    """All checks, in the order in which one would repair things."""
    found = [_python(), _java(settings), *_folders(settings)]
    found += [await asyncio.to_thread(_store, settings), *await asyncio.to_thread(_cache, settings)]
    found += [*_models(settings), *_voices(settings), *_service(settings), _ocr()]
    found += await _broker(settings)
    return found


def _python() -> Check:
    return Check("Python", "ok", sys.version.split()[0])


def _java(settings: Settings) -> Check:
    java, _ = find_java(settings.cache_dir)
    if java is not None:
        return Check("Java", "ok", f"{java.version} at {java.path}")
    return Check("Java", "note", "none of version 17 or newer; the first start brings one (35 MB)")


def _folders(settings: Settings) -> Iterator[Check]:
    for name, folder in (("data", settings.data_dir), ("cache", settings.cache_dir)):
        try:
            check_folder(folder, name, f"CLIPSTREAM_{name.upper()}_DIR")
        except ClipstreamError as error:
            yield Check(f"{name} folder", "wrong", error.reason, error.remedy)
            continue
        free = shutil.disk_usage(folder).free
        state: Literal["ok", "wrong"] = "ok" if free >= WANTED_FREE_BYTES else "wrong"
        remedy = "" if state == "ok" else "Free some space; `clipstream gc` removes what no result refers to."
        yield Check(f"{name} folder", state, f"{folder}, {free / 1e9:.1f} GB free", remedy)


def _store(settings: Settings) -> Check:
    try:
        BlobStore(settings.store).check()
    except ClipstreamError as error:
        return Check("blob store", "wrong", error.reason, error.remedy)
    return Check("blob store", "ok", f"{weburl.shown(settings.store)} takes and gives")


def _cache(settings: Settings) -> list[Check]:
    if not settings.cache_url:
        return []
    address = masked(settings.cache_url)
    try:
        RedisTier(settings.cache_url, settings.cache_ttl_s).check()
    except ClipstreamError as error:
        return [Check("result cache", "wrong", error.reason, error.remedy)]
    except TierUnavailable as error:
        remedy = "Work goes on without it; check that it runs and CLIPSTREAM_CACHE_URL is right."
        return [Check("result cache", "note", f"{address} does not answer: {masked(str(error))}", remedy)]
    return [Check("result cache", "ok", f"{address} answers")]


def _models(settings: Settings) -> Iterator[Check]:
    wanted = set(models_for(settings, {"fast", "balanced"}))
    for state in ModelStore(settings.models_dir, settings.cache_dir, not settings.offline).status():
        if state.name in wanted:
            text = "here" if state.present else f"not here yet ({state.size_bytes / 1e6:.0f} MB)"
            remedy = "" if state.present else "`clipstream models pull` fetches it; the first run does too."
            yield Check(f"model {state.name}", "ok" if state.present else "note", text, remedy)


def _voices(settings: Settings) -> Iterator[Check]:
    if settings.voices_dir is None:
        return
    found = recordings(settings.voices_dir)
    broken = sorted(path.name for path in found if not _has_sound(path, settings))
    text = f"{settings.voices_dir}: {len(found) - len(broken)} of {len(found)} files are recordings"
    if broken:
        yield Check(
            "known voices", "wrong", f"{text}; without sound: {', '.join(broken)}", "Put recordings there only."
        )
    elif not found:
        remedy = f"Put one recording of each person there, named after them: {', '.join(sorted(KINDS))}."
        yield Check("known voices", "note", f"{settings.voices_dir} has no recordings", remedy)
    else:
        yield Check("known voices", "ok", text)


def _has_sound(path: Path, settings: Settings) -> bool:
    try:
        with open_audio(path, None, settings.limits) as track:
            return track is not None
    except (ClipstreamError, OSError):
        return False


def _service(settings: Settings) -> Iterator[Check]:
    speech, vision, text = hosted_asr(settings, 1), hosted_vision(settings, 1), hosted_text(settings, 1)
    if speech is not None:
        price = usd_per_minute(speech.model, speech.usd_per_minute)
        remedy = "Set CLIPSTREAM_ASR_USD_PER_MINUTE; videos with a budget are recognised locally until then."
        yield _one_service("speech service", speech.model, speech.service, price is not None, remedy)
    if vision is not None:
        remedy = "Set CLIPSTREAM_VISION_PRICES; pictures of videos with a budget are not sent until then."
        yield _one_service("vision service", vision.model, vision.service, vision.usd_per_million is not None, remedy)
    if text is not None:
        remedy = "Set CLIPSTREAM_TEXT_PRICES; segments of videos with a budget are not sent until then."
        yield _one_service("language model", text.model, text.service, text.usd_per_million is not None, remedy)


def _one_service(name: str, model: str, service: ServiceConfig, priced: bool, remedy: str) -> Check:
    text = f"{model} at {host_of(service.base_url)}"
    if not service.api_key:
        return Check(name, "wrong", f"{text}, without a key", "Set CLIPSTREAM_OPENAI_API_KEY.")
    return Check(name, "ok", text) if priced else Check(name, "note", f"{text}, of unknown price", remedy)


def _ocr() -> Check:
    if find_spec("rapidocr_onnxruntime") is not None:
        return Check("text in pictures", "ok", "rapidocr is installed")
    return Check("text in pictures", "note", "not read", "CONTRIBUTING.md says how to add it.")


async def _registry(settings: Settings) -> list[Check]:
    if not settings.registry_url:
        return []
    ours = bundled(SEGMENTS.name)
    try:
        known = await asyncio.to_thread(Registry(settings.registry_url).schema, ours.schema_id)
    except RegistryAway as error:
        return [Check("schema registry", "note", error.reason, "Agents get on without it; look at its own log.")]
    text = "has our schemas under their bundled ids" if known == ours.parsed else "gives our schemas ids of its own"
    return [Check("schema registry", "ok", f"{masked(settings.registry_url)} {text}")]


async def _broker(settings: Settings) -> list[Check]:
    if not settings.broker_url:
        try:
            settings.bootstrap_servers()
        except BrokerBusy as error:
            return [Check("Kafka", "note", error.reason, error.remedy)]
        except SettingsError:
            pass
        return [Check("Kafka", "note", "no broker set and no embedded cluster runs", "`clipstream up` starts one.")]
    try:
        topics = await topic_states(settings)
        groups = await group_states(settings)
    except ClipstreamError as error:
        return [Check("Kafka", "wrong", error.reason, error.remedy)]
    found = [
        Check("Kafka", "ok", f"{masked(settings.broker_url)} ({settings.security_protocol})"),
        *await _registry(settings),
    ]
    missing = [topic.name for topic in topics if not topic.partitions]
    wrong = [topic for topic in topics if topic.partitions and topic.partitions != topic.wanted]
    if missing:
        found.append(Check("topics", "wrong", "missing: " + ", ".join(missing), "`clipstream topics create`"))
    for topic in wrong:
        text = f"{topic.name} has {topic.partitions} partitions, {topic.wanted} are needed"
        found.append(Check("topics", "wrong", text, "Counts are fixed for life: use another CLIPSTREAM_TOPIC_PREFIX."))
    if not missing and not wrong:
        found.append(Check("topics", "ok", f"{len(topics)} with the right partition counts"))
    found += _retention(settings)
    found.append(_agents(settings, groups))
    return found


def _retention(settings: Settings) -> list[Check]:
    """What a replay misses with topics that keep less than usual."""
    short = []
    if settings.retention_results_days < KEPT_INPUT_MS / DAY_MS:
        days = settings.retention_results_days
        short.append(f"videos older than {days:g} days cannot be replayed, nor their join rebuilt")
    if settings.retention_items_days < KEPT_ITEM_MS / DAY_MS:
        days = settings.retention_items_days
        short.append(f"items wait at most {days:g} days for a stage that is down")
    if settings.late_parts_s > settings.retention_results_days * DAY_MS / 1000:
        short.append("late parts are taken for longer than the records that could bring them are kept")
    remedy = "CLIPSTREAM_RETENTION_RESULTS_DAYS, _ITEMS_DAYS; CLIPSTREAM_LATE_PARTS_S."
    return [Check("retention", "note", "; ".join(short), remedy)] if short else []


def _agents(settings: Settings, groups: list[GroupState]) -> Check:
    idle = [group.agent for group in groups if not group.members]
    if not idle:
        return Check("agents", "ok", "all have a worker")
    supervised = read_states(settings.data_dir)
    absent = [agent for agent in idle if supervised.get(agent, {}).get("state") != "running"]
    if not absent:  # their processes are there; a group takes its members in after some seconds
        return Check("agents", "note", "starting: " + ", ".join(idle))
    remedy = "`clipstream status` says why." if set(absent) <= set(supervised) else "`clipstream up` runs all of them."
    return Check("agents", "note", "without a worker: " + ", ".join(absent), remedy)


__all__ = ["Check", "run"]
