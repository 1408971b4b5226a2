"""What a worker does beside its agent."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from streams.dead_letters import EXIT_FATAL
from streams.logs import TEXT_FORMAT, Repeats
from streams.reading import to_environment
from streams.secrets import MaskingFormatter, secrets_of
from streams.settings import Settings
from tests.unit.streams.test_supervisor import HandClock


def record(name: str, text: str, *values: object, error: Exception | None = None) -> logging.LogRecord:
    told = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(name, logging.ERROR, "x.py", 1, text, values, told)


def test_the_same_complaint_of_the_kafka_client_is_written_once_in_ten_seconds():
    clock = HandClock()
    repeats = Repeats(clock)
    away = record("aiokafka", "Unable connect to node with id %s: %s", 1, "refused")
    assert [repeats.filter(away) for _ in range(3)] == [True, False, False]
    assert repeats.filter(record("aiokafka", "Unable to update metadata from %s", [1]))
    clock.now_s += 10.1
    assert repeats.filter(away)


def test_our_own_words_are_always_written():
    repeats, own = Repeats(HandClock()), record("clipstream.stage", "v: try %d failed", 1)
    assert all(repeats.filter(own) for _ in range(3))


def test_no_secret_of_the_settings_is_written_to_a_log_wherever_it_comes_from():
    settings = Settings(
        broker_url="kafka://h:1", security_protocol="SASL_SSL", sasl_username="a", sasl_password="hush-broker",
        openai_api_key="hush-key", cache_url="redis://u:hu/sh@cache@h:1/0",
    )  # fmt: skip
    written = MaskingFormatter(TEXT_FORMAT, secrets_of(settings)).format(
        record("redis", "%s and %s", "login hush-broker", "Bearer hush-key",
               error=ConnectionError("redis://u:hu/sh@cache@h:1/0, password hu/sh@cache, redis://x:else@i:1"))
    )  # fmt: skip
    for secret in ("hush", "hu/sh", "else"):
        assert secret not in written
    assert "login *** and Bearer ***" in written
    assert "redis://u:***@h:1/0" in written


@pytest.mark.parametrize(
    ("values", "why"),
    [({"store_url": "nonsuch://b"}, "CLIPSTREAM_STORE_URL"), ({"cache_url": "redis://h:abc"}, "CLIPSTREAM_CACHE_URL")],
)
def test_a_worker_without_a_store_or_with_a_wrong_cache_tells_its_supervisor_why(tmp_path, values, why):
    settings = Settings(data_dir=tmp_path, broker_url="kafka://127.0.0.1:1", **values)
    code = "from streams.worker import *; from streams.reading import *; run_worker('metadata', load_settings(), '1')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=to_environment(settings), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == EXIT_FATAL, done.stderr
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["level"], last["logger"]) == ("CRITICAL", "clipstream.stage")
    assert why in last["message"]
    assert "trace" not in last
