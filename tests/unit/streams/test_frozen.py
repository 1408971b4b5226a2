"""A real process that is stopped and goes on: it publishes nothing any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from streams.dead_letters import EXIT_FATAL
from streams.frozen import LOOK_EACH_S, Pulse
from tests.pipeline import until

# A worker that publishes without a pause; what it says is what it published.
WORKER = """
import logging, os, sys, time
logging.basicConfig()
from streams import frozen
from streams.clock import boot_s
frozen.watch(float(sys.argv[1]), boot_s)
while True:
    frozen.ensure_awake()
    os.write(1, b".")
    time.sleep(0.001)
"""


@pytest.mark.parametrize(("limit_s", "stopped_s", "goes_on"), [(1.5, 2.0, False), (30.0, 0.3, True)])
def test_a_worker_that_was_stopped_for_too_long_publishes_nothing_more(limit_s, stopped_s, goes_on):
    command = [sys.executable, "-c", WORKER, str(limit_s)]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert worker.stdout is not None
    os.set_blocking(worker.stdout.fileno(), False)
    try:
        until(lambda: bool(worker.stdout.read()), "it publishes")
        os.kill(worker.pid, signal.SIGSTOP)
        started = time.monotonic()
        until(lambda: time.monotonic() - started > stopped_s, "it is frozen")
        worker.stdout.read()  # what it published before
        os.kill(worker.pid, signal.SIGCONT)
        if goes_on:
            until(lambda: bool(worker.stdout.read()), "it publishes again")
            assert worker.poll() is None
            return
        assert worker.wait(30) == EXIT_FATAL
        # one step may have been between the question and the publication when it was stopped
        assert len(worker.stdout.read() or b"") <= 1
        assert b"its partitions are with others now" in worker.stderr.read()
    finally:
        worker.kill()
        worker.communicate()


def test_a_loop_that_is_busy_is_not_frozen():
    """The thread looks on while the loop computes."""
    now, left = [0.0], []
    pulse = Pulse(10.0, lambda: now[0], left.append)
    for _ in range(100):
        now[0] += LOOK_EACH_S
        pulse.look()
    pulse.check()
    assert left == []
    now[0] += 10.5
    pulse.check()
    assert len(left) == 1
