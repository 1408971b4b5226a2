"""The pool, with real children: streaming, errors by class, death, time limits, and dying with the parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import av
import orjson
import psutil
import pytest

from ops.bench.plan import Plan
from processors import child
from processors.errors import ChildDied, InvalidMedia
from processors.priority import FIRST_RESULT_MS
from streams.current import Current, working_on
from streams.pool import CANCEL_GRACE_S, ChildPool, JobFailed, JobTimedOut, environment_of
from streams.settings import Settings
from tests.pipeline import until
from tests.processes import alive


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, item_timeout_s=30.0)


async def outputs(pool: ChildPool, job: str, request: dict) -> list:
    return [orjson.loads(body) async for body, _ in pool.run(job, request)]


def probe(path: Path) -> dict:
    return {"path": str(path), "options": {}, "digest": "d"}


async def test_outputs_of_real_jobs_come_back_and_the_child_is_kept(settings, sample):
    pool = ChildPool(1, settings, "metadata")
    first = await outputs(pool, "probe", probe(sample))
    pids = [child._process.pid for child in pool._all]
    second = await outputs(pool, "probe", probe(sample))
    assert first == second
    assert first[0]["duration_ms"] == 74_240
    assert [child._process.pid for child in pool._all] == pids
    await pool.stop()


async def test_errors_keep_their_class_and_their_words(settings, tmp_path):
    pool = ChildPool(1, settings, "metadata")
    with pytest.raises(InvalidMedia, match="does not exist"):
        await outputs(pool, "probe", probe(tmp_path / "nothing.mp4"))
    with pytest.raises(JobFailed, match="KeyError") as caught:
        await outputs(pool, "probe", {"path": "x", "options": {}})
    assert "Traceback" in caught.value.trace
    await pool.stop()


async def test_a_child_that_is_killed_is_told_and_replaced(settings, sample):
    pool = ChildPool(1, settings, "frame-extractor")
    with pytest.raises(ChildDied, match="signal 9"):
        await _signalled(pool, sample, signal.SIGKILL)
    assert (await outputs(pool, "probe", probe(sample)))[0]["duration_ms"] == 74_240
    await pool.stop()


async def test_a_job_without_output_for_too_long_is_given_up(tmp_path, sample):
    pool = ChildPool(1, Settings(data_dir=tmp_path, item_timeout_s=1.0), "frame-extractor")
    with pytest.raises(JobTimedOut):
        await _signalled(pool, sample, signal.SIGSTOP)
    assert not pool._all
    await pool.stop()


async def _signalled(pool: ChildPool, sample: Path, number: signal.Signals) -> None:
    """Run a job and send a signal to its process with each output."""
    async for _ in pool.run("extract-frames", {"path": str(sample), "options": {}}):
        os.kill(next(iter(pool._all))._process.pid, number)


def large_pictures(path: Path) -> Path:
    """Pictures of 8192 x 8192, which take 100 MB each when they are decoded and some 0.4 MB in the file."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8192, 8192, "yuvj420p"
        frame = av.VideoFrame(8192, 8192, "yuvj420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(2):
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
async def test_a_decoder_that_takes_too_much_memory_counts_as_dead_and_the_next_job_works(tmp_path, sample):
    """250 MiB: 66 more than the sample needs, and less than one of these pictures needs."""
    source = large_pictures(tmp_path / "large.mov")
    pool = ChildPool(1, Settings(data_dir=tmp_path, child_memory_mb=250), "frame-extractor")
    job = {"path": str(source), "options": {}}
    with pytest.raises(ChildDied, match=r"limit of memory|died"):
        await outputs(pool, "extract-frames", job)
    assert not pool._all
    assert (await outputs(pool, "extract-frames", {"path": str(sample), "options": {}}))[-1]["item_count"] > 0
    await pool.stop()
    free = ChildPool(1, Settings(data_dir=tmp_path, child_memory_mb=0), "frame-extractor")
    assert (await outputs(free, "extract-frames", job))[-1]["item_count"] == 1
    await free.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are read from /proc")
async def test_children_have_their_limits(settings, sample):
    pool = ChildPool(1, settings, "metadata")
    await outputs(pool, "probe", probe(sample))
    child = psutil.Process(next(iter(pool._all))._process.pid)
    assert child.rlimit(psutil.RLIMIT_DATA) == (settings.child_memory_mb * 2**20,) * 2
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    await pool.stop()


async def test_no_more_jobs_run_than_there_are_children(settings, sample):
    pool = ChildPool(2, settings, "metadata")
    await asyncio.gather(*(outputs(pool, "probe", probe(sample)) for _ in range(6)))
    assert len(pool._all) == 2
    await pool.stop()


@pytest.mark.chaos
def test_children_die_with_a_parent_that_is_killed(tmp_path, sample):
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from streams.pool import ChildPool\n"
        "from streams.settings import Settings\n"
        "async def main():\n"
        f"    pool = ChildPool(2, Settings(data_dir=Path({str(tmp_path)!r})), 'metadata')\n"
        "    await pool.warm()\n"
        "    print(*[child._process.pid for child in pool._all], flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(alive(child) for child in children), "the children die with their parent")


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to processes elsewhere")
async def test_what_is_behind_the_beginning_gives_way_and_the_next_job_does_not(settings, sample):
    """A job stands still here between its outputs, so that its thread can be looked at; in a child it goes on."""
    ours = os.nice(0)
    nice = min(ours + 10, 19)
    job = {"path": str(sample), "options": {}}
    tools = child.tools_of(environment_of(settings, "frame-extractor", 1))

    def work() -> list[tuple[int, int]]:
        """Of each output the end of what is in it, and the thread's niceness when it was given."""
        seen = []
        for line in child.answers("extract-frames", job, tools):
            if line.startswith(b"I") and (shots := orjson.loads(line.partition(b" ")[2]).get("shots")):
                seen.append((shots[-1]["end_ms"], os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
        return seen

    for _ in range(2):
        with ThreadPoolExecutor(1) as thread:
            seen = thread.submit(work).result()
        assert seen[0][0] < FIRST_RESULT_MS <= seen[-2][0]
        before = [0] + [end for end, _ in seen[:-1]]
        assert [niceness for _, niceness in seen] == [ours if end < FIRST_RESULT_MS else nice for end in before]
    pool = ChildPool(1, settings, "frame-extractor")
    await outputs(pool, "extract-frames", job)
    pid = next(iter(pool._all))._process.pid
    until(lambda: _niceness(pid) == ours, "a child's thread that gave way ends with its job")
    await pool.stop()


def _niceness(pid: int) -> int:
    """The highest one of a process's threads."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with suppress(ProcessLookupError):  # ended since
            found.append(os.getpriority(os.PRIO_PROCESS, int(thread)))
    return max(found)


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_job_that_nobody_wants_ends_and_its_child_stays_where_it_asks(tmp_path, settings, monkeypatch, deaf):
    plan = Plan(slow_dir=str(tmp_path), deaf=deaf)
    monkeypatch.setattr(ChildPool, "child", ("ops.bench.stub_child", plan.to_text()))
    if not deaf:
        monkeypatch.setattr("streams.pool.CANCEL_GRACE_S", 30.0)  # on a busy machine it takes its time to give up
    pool = ChildPool(1, settings, "metadata")
    (tmp_path / "slow").write_text("probe")
    job = asyncio.ensure_future(outputs(pool, "probe", {"path": "v.mp4", "digest": "d"}))
    sign = tmp_path / "probe"
    while not sign.exists():
        assert not job.done()
        await asyncio.sleep(0.01)
    before = {child._process.pid for child in pool._all}
    started = time.monotonic()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    took_s = time.monotonic() - started
    (tmp_path / "slow").unlink()
    assert (await outputs(pool, "probe", {"path": "v.mp4", "digest": "d"}))[0]["title"] == "v.mp4"
    after = {child._process.pid for child in pool._all}
    assert (after == before) is not deaf, "models are loaded again only where it was killed"
    if deaf:
        assert took_s >= CANCEL_GRACE_S
    await pool.stop()


async def test_a_spare_child_is_started_for_what_is_more_urgent_only(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(ChildPool, "child", ("ops.bench.stub_child", Plan(slow_dir=str(tmp_path)).to_text()))
    pool = ChildPool(1, settings, "metadata", spare=1)
    request = {"path": "v.mp4", "digest": "d"}

    def job(name: str, level: int) -> asyncio.Task[list]:
        (tmp_path / "slow").write_text(name)
        with working_on(Current(priority=level)):
            return asyncio.ensure_future(outputs(pool, name, request))

    low = job("probe", 0)
    while not (tmp_path / "probe").exists():
        await asyncio.sleep(0.01)
    with working_on(Current(priority=0)):
        same = asyncio.ensure_future(outputs(pool, "warm", request))
    with working_on(Current(priority=1)):
        assert await outputs(pool, "warm", request) == [], "it does not wait for the other one"
    assert not same.done()
    (tmp_path / "slow").unlink()
    await asyncio.gather(low, same)
    await pool.stop()
