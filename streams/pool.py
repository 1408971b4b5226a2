"""A pool of child processes whose jobs stream outputs, and which die with this process.

Not `concurrent.futures.ProcessPoolExecutor`: its children outlive a SIGKILL of their parent, one dead child breaks
the whole pool without telling whose item it was, and it returns nothing before a job has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import orjson

import processors.errors as errors
from processors.child import CREDIT
from processors.errors import ChildDied, ClipstreamError, Retryable
from streams.current import current
from streams.hosted_services import hosted_asr, hosted_text, hosted_vision
from streams.logs import as_json, own_file, told
from streams.metrics.services import SERVICES
from streams.own_platforms import own_platforms
from streams.settings import Settings

# One line of a result: a ranking of a three-hour video is about 1 MB, so 64 MiB is never met by honest outputs.
MAX_LINE_BYTES: Final = 64 * 2**20
STOP_LIMIT_S: Final = 3.0
# For a job that nobody wants any more to end by itself, so that its child keeps its models: jobs ask between frames,
# sentences and steps of recognition, most of them within 0.3 s. A new child costs 2 s, most of it for its models.
CANCEL_GRACE_S: Final = 1.0
# Outputs that are credited at a time: half of what a child may have under way, so that it never waits for the other
# half. A job of one output needs no credit then, which is one write less of two.
CREDITED: Final = CREDIT // 2
# Keeps a child's memory from growing with the length of a video: every chunk has a length of its own, for which oneDNN
# keeps its plans (up to 1024 of them) and glibc its freed blocks, per thread. A transcriber after 5 and 30 minutes: 320
# and 403 MB without these, 283 and 283 MB with them, in the same time; with thresholds of 1 MB 228 and 230 MB, but 19 %
# slower.
MEMORY: Final = {
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "4",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "8000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000",
}


# Stages whose children get the key of a service, and what they are given. The others decode what strangers made.
_ASKS_SERVICES: Final[dict[str, dict[str, Callable[[Settings, int], Any]]]] = {
    "transcriber": {"hosted": hosted_asr},
    "vision": {"hosted_vision": hosted_vision},
    "enricher": {"hosted_vision": hosted_vision, "hosted_text": hosted_text},
}


class JobFailed(Retryable):
    """An error of a class that clipstream does not know, with its trace from the child."""

    def __init__(self, reason: str, remedy: str = "", trace: str = "") -> None:
        super().__init__(reason, remedy)
        self.trace = trace


class JobTimedOut(Retryable):
    """A job gave no output for longer than the item limit; its child was killed."""


class Pool(Protocol):
    """Whatever runs jobs for a stage."""

    @property
    def size(self) -> int:
        """Jobs that run at a time."""
        ...

    async def warm(self) -> None:
        """Load the models. Raises `ClipstreamError` when one cannot be had."""
        ...

    def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        """Outputs of one job as JSON, each with the milliseconds that it took. Raises `ClipstreamError`."""
        ...

    async def stop(self) -> None:
        """End whatever computes."""
        ...


class ChildPool:
    """Runs jobs of `processors.jobs` in at most `size` children.

    Args:
        size: number of children, >= 1; each runs one job at a time.
        settings: where blobs, models and caches are.
        stage: name of the stage, for warming up.
        spare: children beyond `size`, each started when a job comes that is more urgent than all that run.
    """

    # Module that a child runs, and its first arguments. Only code names it, never a setting: `ops.bench` has children
    # with stub jobs in its own workers.
    child: ClassVar[tuple[str, ...]] = ("processors.child",)

    def __init__(self, size: int, settings: Settings, stage: str, spare: int = 0) -> None:
        self.size = size
        self._settings = settings
        self._stage = stage
        self._idle: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()
        self._all: set[_Child] = set()
        for _ in range(size):
            self._idle.put_nowait(None)
        self._spare: list[_Child | None] = [None] * spare
        self._running: list[int] = []  # levels of the jobs that run

    async def warm(self) -> None:
        """Start all children and let them load their models, side by side.

        Raises:
            ClipstreamError: a model cannot be had.
        """

        async def one() -> None:
            async for _ in self.run("warm", {"stage": self._stage}):
                pass

        await asyncio.gather(*(one() for _ in range(self.size)))

    async def run(self, job: str, request: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
        """Run one job; yields its outputs as JSON, each with the milliseconds that it took.

        Closed or cancelled before its end, it ends the job: by asking, and by force where that takes too long.

        Raises:
            ClipstreamError: the class that the job raised; `ChildDied` when its process did not survive;
                `JobTimedOut` when no output came within the item limit.
        """
        level, about = current().priority, told(current(), self._stage)
        spare = bool(self._idle.empty() and self._spare and level > max(self._running, default=level))
        slot = self._spare.pop() if spare else await self._idle.get()
        self._running.append(level)
        child: _Child | None = None
        clean = False
        try:
            if slot is not None and not slot.alive:
                SERVICES.gone(slot)
            child = slot if slot is not None and slot.alive else await self._spawned()
            async for output in child.run(job, request, self._settings.item_timeout_s, self._stage, about):
                yield output
            clean = True
        except (asyncio.CancelledError, GeneratorExit):
            clean = child is not None and await child.gives_up(CANCEL_GRACE_S, self._stage)
            raise
        except ClipstreamError as error:
            # the job ended by its own error: the child waits for the next one
            clean = not isinstance(error, ChildDied | JobTimedOut)
            raise
        finally:
            if child is not None and not clean:
                child.kill()
                self._all.discard(child)
                SERVICES.gone(child)
                await child.ended(STOP_LIMIT_S)
                child = None
            self._running.remove(level)
            if spare:
                self._spare.append(child)
            else:
                self._idle.put_nowait(child)

    async def stop(self) -> None:
        """End all children."""
        children, self._all = self._all, set()
        for child in children:
            SERVICES.gone(child)
        for child in children:
            child.close()
        for child in children:
            await child.ended(STOP_LIMIT_S)

    async def _spawned(self) -> _Child:
        """A new child, which is known here also when its job is cancelled meanwhile."""
        starting = asyncio.ensure_future(self._spawn())
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._idle_later(starting)
            raise

    def _idle_later(self, starting: asyncio.Future[_Child]) -> None:
        def discard(done: asyncio.Future[_Child]) -> None:
            if not done.cancelled() and done.exception() is None:
                done.result().close()  # ends with its standard input; `stop` waits for it

        starting.add_done_callback(discard)

    async def _spawn(self) -> _Child:
        work_dir = work_dir_of(self._settings, self._stage)
        work_dir.mkdir(parents=True, exist_ok=True)
        environment = environment_of(self._settings, self._stage, self.size)
        environment["log_file"] = str(own_file() or "")  # only here: an actor of Ray has another standard error
        child = await _Child.start(self.child, environment, work_dir)
        self._all.add(child)
        return child


def variables_of(environment: dict[str, Any]) -> dict[str, str]:
    """What libraries read once, before any code of ours could set a number of threads."""
    threads = str(environment["threads"])
    return {
        **MEMORY,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "TMPDIR": environment["work_dir"],
    }


def work_dir_of(settings: Settings, stage: str) -> Path:
    """Where children of a stage have their temporary files."""
    return settings.data_dir / "work" / stage


def environment_of(settings: Settings, stage: str, children: int) -> dict[str, Any]:
    """What a child of a stage is told about where things are, before its first job.

    Args:
        settings: all of them.
        stage: whose jobs it will run.
        children: how many share the limits of a paid service.
    """
    environment = {
        "store": settings.store,
        "models_dir": str(settings.models_dir or ""),
        "cache_dir": str(settings.cache_dir),
        "offline": settings.offline,
        "threads": settings.threads,
        "asr_model": settings.asr_model,
        "voices_dir": None if settings.voices_dir is None else str(settings.voices_dir.absolute()),
        "work_dir": str(work_dir_of(settings, stage)),
        "chunk_ms": round(settings.chunk_max_s * 1000),
        "log_json": as_json(settings),
        "limits": asdict(settings.limits),
        "recognition": settings.recognition.model_dump(mode="json"),
        "memory_mb": settings.child_memory_mb,
        "categories": settings.categories,
        "platforms": own_platforms(settings.platforms_file),
        "vision_labels": sorted(settings.vision_labels),
        "selection": settings.selection.to_json(),
    }
    for name, of in _ASKS_SERVICES.get(stage, {}).items():
        hosted = of(settings, children)
        if hosted is not None:
            environment[name] = asdict(hosted)
    return environment


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout

    @classmethod
    async def start(cls, entry: tuple[str, ...], environment: dict[str, Any], work_dir: Path) -> _Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # else modules in the folder where the user stands come before ours and the library's
            "-m",
            *entry,
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
            env={
                # it decodes what strangers made: no password of the broker, no key of a service
                **{name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")},
                **variables_of(environment),
            },
        )
        child = cls(process)
        child._stdin.write(orjson.dumps(environment) + b"\n")
        return child

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def run(
        self, job: str, request: dict[str, Any], limit_s: float, stage: str, about: dict[str, Any]
    ) -> AsyncIterator[tuple[bytes, int]]:
        await self._write(orjson.dumps({"job": job, "request": request, "about": about}) + b"\n")
        taken = 0
        while True:
            try:
                line = await asyncio.wait_for(self._stdout.readline(), limit_s)
            except TimeoutError:
                raise JobTimedOut(f"No output for {limit_s:.0f} s; the item was given up.") from None
            if not line.endswith(b"\n"):
                raise ChildDied(f"The process that worked on this item died ({await self._cause()}).")
            kind, body = line[:1], line[1:-1]
            if kind == b"D":
                return
            if kind == b"M":
                SERVICES.told(stage, self, orjson.loads(body))
                continue
            if kind == b"E":
                raise rebuild(orjson.loads(body))
            took_ms, _, output = body.partition(b" ")
            yield output, int(took_ms)
            taken += 1
            if taken == CREDITED:
                await self._write(b"+\n" * taken)
                taken = 0

    async def gives_up(self, limit_s: float, stage: str) -> bool:
        """Ask for the end of the job that runs; whether it came in time, so that the child can take the next one."""
        try:
            async with asyncio.timeout(limit_s):
                await self._write(b"-\n")
                while (line := await self._stdout.readline()).endswith(b"\n"):
                    if line[:1] == b"M":
                        SERVICES.told(stage, self, orjson.loads(line[1:-1]))  # what was asked is paid for
                    elif line[:1] == b"E":
                        return not isinstance(rebuild(orjson.loads(line[1:-1])), ChildDied)
                    elif line[:1] in (b"C", b"D"):
                        return True
        except TimeoutError:
            pass
        return False

    async def _write(self, line: bytes) -> None:
        # a broken pipe shows as the end of its output, where the cause is known
        with contextlib.suppress(ConnectionError):
            self._stdin.write(line)
            await self._stdin.drain()

    async def _cause(self) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        code = self._process.returncode
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def close(self) -> None:
        self._stdin.close()

    async def ended(self, limit_s: float) -> None:
        try:
            await asyncio.wait_for(self._process.wait(), limit_s)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        # asyncio leaves the pipes of an ended process to the garbage collector, which complains about them
        self._process._transport.close()  # type: ignore[attr-defined]


def rebuild(described: dict[str, str]) -> ClipstreamError:
    """The error of a child in this process: its own class where that is one of `processors.errors`, else its base."""
    kind = getattr(errors, described["class"], None) or getattr(errors, described["base"], None)
    if isinstance(kind, type) and issubclass(kind, ClipstreamError) and kind is not ClipstreamError:
        return kind(described["reason"], described["remedy"])
    return JobFailed(described["reason"], described["remedy"], described["trace"])


__all__ = ["ChildPool", "JobFailed", "JobTimedOut", "Pool", "environment_of", "rebuild", "variables_of", "work_dir_of"]
