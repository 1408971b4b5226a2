"""What Ctrl-C says: that work is kept only where there was work."""

from __future__ import annotations

import asyncio
import sys

import pytest

from processors.options import Options
from streams.cli import data, main, process
from streams.settings import Settings

KEPT = "What was computed is kept"


def test_a_run_that_is_interrupted_says_that_its_work_is_kept(monkeypatch, capfd, tmp_path):
    async def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_process", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process._run_all(Settings(data_dir=tmp_path), ["a.mp4"], Options(), lambda _: None, fresh=False)
    assert KEPT in capfd.readouterr().err


def test_what_only_follows_says_nothing(monkeypatch, capfd, tmp_path):
    async def interrupted(*_: object) -> None:
        await asyncio.sleep(0)
        raise KeyboardInterrupt

    monkeypatch.setenv("CLIPSTREAM_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(data, "_follow", interrupted)
    monkeypatch.setattr(sys, "argv", ["clipstream", "results", "--follow"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 130
    assert KEPT not in capfd.readouterr().err
