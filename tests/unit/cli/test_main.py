"""Where errors become words and exit codes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from streams.cli import main


def test_a_full_disk_is_told_with_what_to_do(monkeypatch, capsys):
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/file")

    monkeypatch.setattr(main, "application", lambda _: full)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "No space left on device: /full/file" in told
    assert "CLIPSTREAM_DATA_DIR" in told


@pytest.mark.parametrize("part", main.PARTS)
def test_a_part_brings_the_commands_that_the_table_says(part):
    made = typer.Typer()
    made.callback()(lambda: None)
    import_module(f"streams.cli.{part}").register(made)
    assert sorted(typer.main.get_command(made).commands) == sorted(main.PARTS[part])


def test_a_command_is_all_that_its_application_holds_and_anything_else_finds_all_of_them():
    every = [command for commands in main.PARTS.values() for command in commands]
    assert len(set(every)) == len(every)
    for words in ([], ["--help"], ["wrker"]):
        assert sorted(typer.main.get_command(main.application(words)).commands) == sorted(every)
    assert list(typer.main.get_command(main.application(["worker", "vision"])).commands) == ["worker"]
    slip = CliRunner().invoke(main.application(["wrker"]), ["wrker"])
    assert (slip.exit_code, "Did you mean 'worker'" in slip.output) == (2, True)


def test_a_worker_that_starts_imports_neither_the_gateway_nor_a_codec():
    code = (
        "import sys\n"
        "from streams.cli.main import application\n"
        "application(['worker'])\n"
        "import streams.worker\n"
        "print(sorted({'fastapi', 'uvicorn', 'av', 'cv2', 'onnxruntime', 'jinja2', 'ops.bench'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
