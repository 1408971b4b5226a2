"""A pool child: runs jobs that its parent names, one after the other, and streams their outputs back.

Decoders and models run here and never in a worker's event loop, so heartbeats go on, and a file that kills its decoder
kills only this process. Messages are JSON lines, never pickles. On standard input: the environment, then
`{"job", "request"}`, and a line `+` for each output that the parent has taken. On the pipe: `I<ms> {...}` an output
and the milliseconds that it took, `M{...}` what was asked of services, `D` done, `E{...}` an error, `C` given up: a
line `-` asks for that. At most `CREDIT` outputs are under way, so a slow broker slows the decoder instead of filling
memory.

The child dies with its parent: by PR_SET_PDEATHSIG on Linux, and everywhere by the end of its standard input.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from processors.cancelling import JobCancelled, begin_job, cancel_job, check_wanted
from processors.errors import ChildDied, ClipstreamError
from processors.logline import log_as_json

CREDIT: Final = 4
_TAKEN: Final = b"+\n"
_GIVE_UP: Final = b"-\n"
_PR_SET_PDEATHSIG: Final = 1
_CV_NO_MEMORY: Final = -4  # cv::Error::StsNoMem


def main(parent_pid: int, jobs: Mapping[str, Callable[..., Any]] | None = None) -> None:
    """Serve jobs until the parent closes standard input.

    Args:
        parent_pid: process that started this one.
        jobs: by name, as in `processors.jobs`; those when None, imported with the first job.
    """
    _die_with(parent_pid)
    requests: BinaryIO = os.fdopen(os.dup(0), "rb")
    results: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up between the results
    environment = orjson.loads(requests.readline())
    limit_memory(environment["memory_mb"])
    log = log_as_json(environment) if environment.get("log_json") else None
    tools = tools_of(environment)
    job: threading.Thread | None = None
    credit = threading.Semaphore(0)
    while line := requests.readline():
        if line == _TAKEN:
            credit.release()
        elif line == _GIVE_UP:
            cancel_job()
            credit.release()  # it may wait for room
        else:
            if job is not None:
                job.join()  # its last line is out
            begin_job()
            write_on(environment.get("log_file", ""))
            order = orjson.loads(line)
            if log is not None:
                log.about = order.get("about", {})
            credit = threading.Semaphore(CREDIT)
            # a thread for each job, since one that gave way stays nice; see processors.priority
            job = threading.Thread(target=_run, args=(order, jobs, tools, credit, results))
            job.start()
    if job is not None and job.is_alive():
        os._exit(0)  # the parent is gone, or does not wait


def _run(
    order: dict[str, Any],
    jobs: Mapping[str, Callable[..., Any]] | None,
    tools: Any,
    credit: threading.Semaphore,
    results: BinaryIO,
) -> None:
    for line in answers(order["job"], order["request"], tools, jobs, credit.acquire):
        _send(results, line)
    give_back()


def answers(
    job: str,
    request: dict[str, Any],
    tools: Any,
    jobs: Mapping[str, Callable[..., Any]] | None = None,
    await_room: Callable[[], Any] = lambda: None,
) -> Iterator[bytes]:
    """What a child says to one job, line by line: its outputs, and how it ended.

    Args:
        job: its name.
        request: what it works on.
        tools: what it works with.
        jobs: by name; those of `processors.jobs` when None.
        await_room: called before each output.
    """
    started = time.monotonic()
    try:
        known = jobs if jobs is not None else _jobs()
        for output in known[job](request, tools):
            took_ms = round((time.monotonic() - started) * 1000)
            await_room()
            check_wanted()
            yield b"I%d " % took_ms + orjson.dumps(output, option=orjson.OPT_SERIALIZE_NUMPY)
            started = time.monotonic()
        last = b"D"
    except JobCancelled:
        last = b"C"
    except Exception as error:  # whatever it is, it belongs to this item, and the parent classes it
        last = b"E" + orjson.dumps(_out_of_memory() if _is_memory(error) else _describe(error))
    yield from _report()
    yield last


def _report() -> Iterator[bytes]:
    """What the job asked of services, for the worker's metrics; nothing when it asked none."""
    from processors.service import open_breakers
    from processors.service.tally import taken

    if requests := taken():
        yield b"M" + orjson.dumps({"requests": requests, "breakers": open_breakers()})


def _jobs() -> Mapping[str, Callable[..., Any]]:
    from processors.jobs import JOBS

    return JOBS


def give_back() -> None:
    """Return freed blocks to the system, which glibc keeps between those in use.

    A transcriber with two models has 452 MB at most and 395 MB between chunks, without this 482 to 502 MB; it takes
    4 ms of a second's chunk, while the parent takes the last output.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
    if trim is not None:
        trim(0)


def _describe(error: Exception) -> dict[str, str]:
    known = isinstance(error, ClipstreamError)
    return {
        "class": type(error).__name__,
        "base": next((base.__name__ for base in type(error).__mro__ if base.__module__ == "processors.errors"), ""),
        "reason": error.reason if isinstance(error, ClipstreamError) else f"{type(error).__name__}: {error}",
        "remedy": error.remedy if isinstance(error, ClipstreamError) else "",
        "trace": "" if known else traceback.format_exc(),
    }


def _is_memory(error: Exception) -> bool:
    # PyAV and CTranslate2 raise MemoryError itself, OpenCV and ONNX Runtime errors of their own
    return isinstance(error, MemoryError) or getattr(error, "code", None) == _CV_NO_MEMORY or "bad_alloc" in str(error)


def _out_of_memory() -> dict[str, str]:
    """A death, although the process still stands: the parent ends it, as nobody knows what else was half done."""
    return {
        "class": ChildDied.__name__,
        "base": "",
        "reason": "The process that worked on this item came to its limit of memory.",
        "remedy": "CLIPSTREAM_CHILD_MEMORY_MB is the limit.",
        "trace": "",
    }


def write_on(path: str) -> None:
    """Go on in the file that standard error is meant to be: the worker puts a full one aside, and removes it later.

    Args:
        path: of the worker's log; empty where it has none.
    """
    try:
        if not path or os.path.samestat(os.fstat(2), os.stat(path)):
            return
        fresh = os.open(path, os.O_WRONLY | os.O_APPEND)
    except OSError:
        return  # put aside in this moment: with the next job
    os.dup2(fresh, 2)
    os.dup2(fresh, 1)
    os.close(fresh)


def limit_memory(memory_mb: int) -> None:
    """No core files, whose size is that of the process, and no more memory than that many MiB; 0 is no limit.

    RLIMIT_DATA counts what a process may write to by itself: heap, stacks, private maps. RLIMIT_AS would also count
    files that are mapped to be read and address space that is only reserved.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mb and sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        wanted = memory_mb * 2**20
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _send(results: BinaryIO, line: bytes) -> None:
    results.write(line + b"\n")
    results.flush()


def tools_of(environment: dict[str, Any]) -> Any:
    """What jobs work with, of what a parent has sent."""
    from processors.blobs import BlobStore
    from processors.media.limits import Limits
    from processors.models.store import ModelStore
    from processors.service.config import HostedAsr, HostedText, HostedVision
    from processors.speech.choice import Recognition
    from processors.tools import Tools
    from processors.vision.selection import Selection

    return Tools(
        blobs=BlobStore(environment["store"]),
        models=ModelStore(
            Path(environment["models_dir"]) if environment["models_dir"] else None,
            Path(environment["cache_dir"]),
            allow_download=not environment["offline"],
        ),
        threads=environment["threads"],
        asr_model=environment["asr_model"],
        work_dir=Path(environment["work_dir"]),
        limits=Limits(**environment["limits"]),
        hosted=HostedAsr.from_json(environment.get("hosted")),
        hosted_vision=HostedVision.from_json(environment.get("hosted_vision")),
        hosted_text=HostedText.from_json(environment.get("hosted_text")),
        recognition=Recognition.model_validate(environment["recognition"]),
        voices_dir=Path(environment["voices_dir"]) if environment["voices_dir"] else None,
        vision_labels=tuple(environment["vision_labels"]),
        selection=Selection(**environment["selection"]),
        categories=environment["categories"],
        platforms=_platforms(environment["platforms"]),
        chunk_ms=environment["chunk_ms"],
    )


def _platforms(raw: dict[str, Any]) -> Any:
    if not raw:
        return {}
    from processors.segments.platforms import platforms_from  # its package brings all signals

    return platforms_from(raw)


def _die_with(parent_pid: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
