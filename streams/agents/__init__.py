"""The agents, in the order of the flow. Each module makes one Faust app of its own consumer group."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from streams.agents.base import Worker
from streams.clock import SYSTEM_CLOCK
from streams.groups import OPTIONAL, is_wanted
from streams.settings import Settings

_MODULES: Final = {
    "metadata": "metadata",
    "audio-extractor": "audio_extractor",
    "frame-extractor": "frame_extractor",
    "transcriber": "transcriber",
    "vision": "vision",
    "content": "content",
    "joiner": "joiner",
    "segmenter": "segmenter",
    "enricher": "enricher",
    "sink": "sink",
}
ALL: Final = tuple(_MODULES)
NAMES: Final = tuple(name for name in ALL if name not in OPTIONAL)  # those without which there are no results


def wanted(settings: Settings) -> tuple[str, ...]:
    """The agents that have something to do: idle ones would cost two seconds of start and 60 MB each."""
    return tuple(name for name in ALL if is_wanted(name, settings))


def build(name: str, settings: Settings, instance: str | None = None) -> Worker:
    """Make the worker of an agent; imports only what that agent needs.

    Raises:
        KeyError: no agent of that name.
    """
    module = import_module(f"streams.agents.{_MODULES[name]}")
    worker: Worker = module.build(settings, instance, SYSTEM_CLOCK)
    return worker


__all__ = ["ALL", "NAMES", "Worker", "build", "wanted"]
