"""What Kafka's own tools are given."""

from __future__ import annotations

import os
import subprocess

import pytest

from streams.cli.kafka import _handed_over


@pytest.mark.parametrize("memory_files", [True, False])
def test_a_configuration_of_any_size_is_read_by_the_program_that_takes_our_place(monkeypatch, memory_files):
    """A bundle of all authorities of a system has 220 kB; a pipe holds 64."""
    if not memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    text = "ssl.truststore.certificates=" + "ü" * 300_000 + "\n"
    path = _handed_over(text)
    number = int(path.rpartition("/")[2])
    try:
        for _ in range(2):
            read = subprocess.run(["cat", path], pass_fds=[number], capture_output=True, check=True, timeout=30).stdout
            assert read.decode() == text
    finally:
        os.close(number)
