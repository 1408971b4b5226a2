"""Prometheus and its tools for tests: installed by our script where that is possible, else the test is left out."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import REPO

_INSTALL_LIMIT_S = 300
SCRIPT = "ops/prometheus/install.sh"


def needs_prometheus() -> None:
    """Skip where Prometheus is not installed and cannot be."""
    if all(shutil.which(name) for name in ("prometheus", "promtool", "amtool")):
        return
    if os.geteuid() == 0:
        done = subprocess.run([REPO / SCRIPT], capture_output=True, text=True, timeout=_INSTALL_LIMIT_S)
        if done.returncode == 0:
            return
        assert done.returncode == 3, done.stderr
    pytest.skip(f"no Prometheus here: {SCRIPT}")
