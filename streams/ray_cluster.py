"""The Ray cluster that a worker computes on: one that is there already, or one of its own on loopback.

Nothing of Ray listens on other interfaces than loopback here, tells anybody of its use, or outlives this process: Ray's
own processes have PR_SET_PDEATHSIG, which is about the thread that started them, so that thread lives as long as we do,
and `ray_guard.py` ends their agents.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psutil

from processors.errors import Fatal
from streams import ray_guard
from streams.settings import PREFIX, Settings

log = logging.getLogger("clipstream.ray")

NAMESPACE: Final = "clipstream"
# The least that Ray takes. Outputs below 100 kB, which nearly all are, do not go through it, and media never do; the
# default is 30 % of the memory, in /dev/shm, where containers have 64 MB.
OBJECT_STORE_BYTES: Final = 78_643_200
_OFF: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SCHEDULER_EVENTS": "0",
    # it else gives its workers 15, and a busy machine computes everything else first; what may wait gives way by itself
    "RAY_worker_niceness": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # it else warns that this will change
}
_guards: Final[list[subprocess.Popen[bytes]]] = []
_starter: Final = ThreadPoolExecutor(1, thread_name_prefix="ray")


class RayUnavailable(Fatal):
    """No Ray cluster where the settings say one is."""


def installed() -> bool:
    """Whether the extra `ray` is there."""
    return importlib.util.find_spec("ray") is not None


async def connect(settings: Settings, size: int) -> None:
    """Connect this process to its cluster, starting one where no address is set; once is enough.

    Args:
        settings: address of the cluster.
        size: jobs at a time, for a cluster of our own.

    Raises:
        RayUnavailable: it cannot be reached or started.
    """
    await asyncio.get_running_loop().run_in_executor(_starter, _connect, settings, size)


def disconnect() -> None:
    """Leave the cluster; one of our own ends with all its processes."""
    import ray

    _starter.submit(ray.shutdown).result()
    while _guards:
        _guards.pop().communicate()


def loopback_only() -> None:
    """Let what Ray starts here listen on loopback: unless clusters are off, it takes 127.0.0.1 for a mistake."""
    from ray._private import ray_constants

    ray_constants.ENABLE_RAY_CLUSTER = False


def _connect(settings: Settings, size: int) -> None:
    import ray

    if ray.is_initialized():
        return
    os.environ.update(_OFF)
    common: dict[str, Any] = {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.WARNING}
    try:
        with _without_secrets():
            if settings.ray_address:
                ray.init(address=settings.ray_address, **common)
                return
            loopback_only()
            ray.init(
                address="local",
                num_cpus=size,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **common,
            )
            _guard()
    except Exception as error:  # Ray raises a dozen classes here
        where = settings.ray_address or "this machine"
        raise RayUnavailable(
            f"No Ray cluster on {where}: {type(error).__name__}: {str(error).splitlines()[0]}",
            "Start it, set CLIPSTREAM_RAY_ADDRESS to where it is, or CLIPSTREAM_COMPUTE=processes.",
        ) from error


def _guard() -> None:
    """Let Ray's agents end when this process dies, whose main processes do so by themselves."""
    family = [process for process in psutil.Process().children(recursive=True) if "ray::" in _name(process)]
    guard = subprocess.Popen(
        [sys.executable, "-P", "-m", ray_guard.__name__, *map(ray_guard.described, family)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the whole group
    )
    _guards.append(guard)


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended
        return ""


@contextlib.contextmanager
def _without_secrets() -> Iterator[None]:
    """What is started here does not get the settings, in which there are passwords."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    for name in kept:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


__all__ = ["OBJECT_STORE_BYTES", "RayUnavailable", "connect", "disconnect", "installed", "loopback_only"]
