"""Where errors become words and exit codes."""

from __future__ import annotations

import errno
import os

import pytest

from streams.cli import main


def test_a_full_disk_is_told_with_what_to_do(monkeypatch, capsys):
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/file")

    monkeypatch.setattr(main, "app", full)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "No space left on device: /full/file" in told
    assert "CLIPSTREAM_DATA_DIR" in told
