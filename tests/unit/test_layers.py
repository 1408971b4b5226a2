"""The layers: processors know nothing of the stream."""

from __future__ import annotations

import subprocess
import sys


def test_processors_import_without_faust_and_kafka():
    code = (
        "import sys, pkgutil, importlib, processors\n"
        "for module in pkgutil.walk_packages(processors.__path__, 'processors.'):\n"
        "    importlib.import_module(module.name)\n"
        "wrong = {'faust', 'aiokafka', 'mode', 'streams'} & set(sys.modules)\n"
        "assert not wrong, wrong\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_processors_alone_loads_no_faust():
    code = "import processors, sys; assert 'faust' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
