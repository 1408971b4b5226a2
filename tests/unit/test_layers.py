"""The layers: processors know nothing of the stream."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


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


def test_every_client_takes_users_and_tls_from_one_place():
    root = Path(__file__).parents[2]
    files = [path for part in ("streams", "ops") for path in (root / part).rglob("*.py")]
    making = {path for path in files if re.search(r"AIOKafka(Consumer|Producer|AdminClient)\(", path.read_text())}
    assert len(making) >= 7
    for path in making:
        assert "client_options(" in path.read_text(), path
    for path in files:
        assert "bootstrap_servers=" not in path.read_text(), path


def test_processors_do_not_use_event_loops():
    for path in (Path(__file__).parents[2] / "processors").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) asyncio\b", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_importing_processors_alone_loads_no_faust():
    code = "import processors, sys; assert 'faust' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
