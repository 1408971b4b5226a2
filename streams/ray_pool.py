"""A pool whose jobs run in Ray actors, on this machine or on others: the interface and the answers of `ChildPool`.

An actor holds the models of a stage and has one job in flight. Its death, or that of its node, is the death of a child:
whose item it was is known, the item is tried again in another actor, and a second death ends it (`streams/stage.py`).
Ray itself tries nothing again, so tries are counted in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson

from processors.child import CREDIT
from processors.errors import ChildDied, ClipstreamError, Fatal
from streams import ray_cluster
from streams.metrics.services import SERVICES
from streams.pool import ChildPool, JobTimedOut, Pool, environment_of, rebuild, variables_of
from streams.settings import Settings

log = logging.getLogger("clipstream.ray")

# Those that hold models and work on blobs, which every node can read. Extractors read sources, which lie on one host;
# what the others compute takes less time than the way to another machine.
STAGES: Final = frozenset({"transcriber", "vision"})


class RayPool:
    """Runs jobs of `processors.jobs` in at most `size` actors.

    Args:
        size: number of actors, >= 1; each runs one job at a time.
        settings: where the cluster, blobs, models and caches are.
        stage: name of the stage, for warming up.
    """

    def __init__(self, size: int, settings: Settings, stage: str) -> None:
        self.size = size
        self._settings = settings
        self._stage = stage
        self._idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        self._all: set[Any] = set()
        for _ in range(size):
            self._idle.put_nowait(None)

    async def warm(self) -> None:
        """Start all actors and let them load their models, side by side.

        Raises:
            ClipstreamError: a model or the cluster cannot be had.
        """

        async def one() -> None:
            async for _ in self.run("warm", {"stage": self._stage}):
                pass

        await asyncio.gather(*(one() for _ in range(self.size)))

    async def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        """Run one job; yields its outputs as JSON, each with the milliseconds that it took.

        Raises:
            ClipstreamError: the class that the job raised; `ChildDied` when its actor or node did not survive;
                `JobTimedOut` when no output came within the item limit.
        """
        actor = await self._idle.get()
        clean = False
        try:
            if actor is None:
                actor = await self._spawn()
            async for output in self._ask(actor, job, request):
                yield output
            clean = True
        except ClipstreamError as error:
            # the job ended by its own error: the actor waits for the next one
            clean = not isinstance(error, ChildDied | JobTimedOut | Fatal)
            raise
        finally:
            if actor is not None and not clean:
                self._kill(actor)
                actor = None
            self._idle.put_nowait(actor)

    async def stop(self) -> None:
        """End all actors; the cluster stays for other pools of this process."""
        actors, self._all = self._all, set()
        for actor in actors:
            self._kill(actor)

    async def _ask(self, actor: Any, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        import ray

        limit_s = self._settings.item_timeout_s
        streaming = {"num_returns": "streaming", "_generator_backpressure_num_objects": CREDIT}
        try:
            lines = actor.run.options(**streaming).remote(job, orjson.dumps(request))
            end = b""
            while True:
                # an actor that has no place to run yet counts as one that says nothing
                line = await asyncio.wait_for(_next(lines), limit_s)
                if line is None:
                    break
                kind, body = line[:1], line[1:]
                if kind == b"I":
                    took_ms, _, output = body.partition(b" ")
                    yield output, int(took_ms)
                elif kind == b"M":
                    SERVICES.told(self._stage, actor, orjson.loads(body))
                else:
                    # read on to the end: a stream that is dropped before is one that Ray cancels
                    end = line
            if end[:1] == b"E":
                raise rebuild(orjson.loads(end[1:]))
            if end != b"D":
                raise ChildDied("The actor that worked on this item ended without an answer.")
        except TimeoutError:
            raise JobTimedOut(f"No output for {limit_s:.0f} s; the item was given up.") from None
        except ray.exceptions.RayError as error:
            why = str(error).strip().splitlines()[:1]
            raise ChildDied(f"The actor that worked on this item died ({type(error).__name__}: {why}).") from error

    async def _spawn(self) -> Any:
        import ray

        from streams.ray_actor import Inference

        await ray_cluster.connect(self._settings, self.size)
        environment = environment_of(self._settings, self._stage, self.size)
        actor = (
            ray.remote(Inference)
            .options(
                num_cpus=self._settings.threads,
                num_gpus=self._settings.ray_gpus,
                max_restarts=0,
                max_task_retries=0,
                runtime_env={"env_vars": variables_of(environment)},
            )
            .remote(orjson.dumps(environment))
        )
        self._all.add(actor)
        return actor

    def _kill(self, actor: Any) -> None:
        import ray

        self._all.discard(actor)
        SERVICES.gone(actor)
        with contextlib.suppress(ray.exceptions.RayError, ValueError):  # a handle of a cluster that is gone
            ray.kill(actor)


async def _next(lines: Any) -> bytes | None:
    """The next line of a stream; None at its end."""
    try:
        line: bytes = await (await anext(lines))
    except StopAsyncIteration:
        return None
    return line


def pool_of(size: int, settings: Settings, stage: str, spare: int = 0) -> Pool:
    """The pool of a stage as set: Ray's for those that hold models, else children of this process.

    Args:
        size: jobs at a time, >= 1.
        settings: which pool.
        stage: whose.
        spare: further children for what is more urgent; Ray's has none.

    Where Ray is asked for and not installed, children compute instead: it is said once, and nothing stops.
    """
    if settings.compute != "ray" or stage not in STAGES:
        return ChildPool(size, settings, stage, spare)
    if not ray_cluster.installed():
        log.error(
            "CLIPSTREAM_COMPUTE=ray, and Ray is not installed: children of this process compute instead. "
            "pip install 'clipstream[ray]'"
        )
        return ChildPool(size, settings, stage, spare)
    return RayPool(size, settings, stage)


__all__ = ["STAGES", "RayPool", "pool_of"]
