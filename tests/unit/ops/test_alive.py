"""A noted process lives, has ended, is a zombie, or is another one by now."""

from __future__ import annotations

import subprocess
import sys

import psutil

from ops.local.alive import lives
from streams.cli.up_note import note_up, read_up
from tests.pipeline import until


def test_one_that_runs_and_one_that_has_ended():
    own = psutil.Process()
    assert lives(own.pid)
    assert lives(own.pid, own.create_time())
    assert not lives(own.pid, own.create_time() - 60)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert not lives(ended.pid)


def test_a_zombie_lives_no_more_and_its_up_neither(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        created_s = psutil.Process(process.pid).create_time()
        note_up(tmp_path, process.pid, "running")
        assert lives(process.pid, created_s)
        assert read_up(tmp_path) is not None
        process.kill()
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "nobody has asked what it became")
        assert not lives(process.pid, created_s)
        assert read_up(tmp_path) is None
