"""Logs of workers: lines of JSON with the work in hand, without secrets, in files that stay small, read in order."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path

from processors.logline import ChildLog
from streams.current import Current, working_on
from streams.logs import JsonFormatter, log_path
from streams.reading_logs import Follower, Wanted, as_text, written
from streams.secrets import secrets_of
from streams.settings import Settings


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("clipstream.stage", logging.WARNING, "f", 1, message, args, None)


async def test_a_line_has_what_is_worked_on_in_the_task_that_writes_it():
    form, lines = JsonFormatter("vision", ()), {}

    async def work(number: int) -> None:
        with working_on(Current("vision", f"v{number}", number, 7)):
            await asyncio.sleep(0)
            lines[number] = json.loads(await asyncio.to_thread(form.format, record("try %d", number)))

    await asyncio.gather(*(work(number) for number in range(3)))
    for number, line in lines.items():
        told = {name: line[name] for name in ("stage", "video_id", "generation", "index", "message", "level")}
        assert told == {
            "stage": "vision",
            "video_id": f"v{number}",
            "generation": number,
            "index": 7,
            "message": f"try {number}",
            "level": "WARNING",
        }
    outside = json.loads(form.format(record("started")))
    assert set(outside) == {"at", "level", "logger", "stage", "message"}


def test_no_secret_is_in_a_line_however_json_would_spell_it():
    settings = Settings(
        broker_url="kafka://h:1", security_protocol="SASL_SSL", sasl_username="a", sasl_password='hush"\\ü',
        openai_api_key="hush-key", cache_url="redis://u:hush-cache@h:1/0",
    )  # fmt: skip
    form = JsonFormatter("vision", secrets_of(settings))
    said = 'redis://u:hush-cache@h:1/0 and hush"\\ü'
    try:
        raise ConnectionError(said)
    except ConnectionError:
        one = record('Bearer hush-key, hush"\\ü, https://x:hush-else@i/')
        one.exc_info = sys.exc_info()
    line = json.loads(form.format(one))
    assert "hush" not in json.dumps(line, ensure_ascii=False)
    assert line["message"] == "Bearer ***, ***, https://x:***@i/"
    child = ChildLog({"hosted": {"service": {"api_key": "hush-key"}}})
    child.about = {"stage": "vision", "video_id": "v"}
    told = json.loads(child.format(record("key %s", "hush-key")))
    assert (told["message"], told["video_id"]) == ("key ***", "v")


def test_a_full_file_is_put_aside_and_what_the_process_prints_follows(tmp_path):
    path = log_path(tmp_path / "logs", "metadata", "1")
    path.parent.mkdir()
    code = (
        "import logging, os, sys; from pathlib import Path; from streams import logs; "
        "from streams.clock import SYSTEM_CLOCK; from streams.settings import Settings; "
        f"s = Settings(data_dir=Path({str(tmp_path)!r}), log_max_bytes=10_000, log_files=2); "
        "logs.set_up(s, 'metadata', '1', SYSTEM_CLOCK); log = logging.getLogger('clipstream.stage'); "
        "[log.warning('%d %s', n, 'x' * 100) for n in range(200)]; os.write(2, b'the end of a library\\n')"
    )
    with path.open("ab") as file:
        subprocess.run([sys.executable, "-c", code], stderr=file, check=True, timeout=60)
    files = sorted(one.name for one in path.parent.iterdir())
    assert files == ["metadata.log", "metadata.log.1", "metadata.log.2"]
    assert all(one.stat().st_size < 11_000 for one in path.parent.iterdir())
    assert path.read_text().endswith("the end of a library\n")
    told = [line["message"].split()[0] for line in written(path.parent, Wanted())]
    numbers = [int(word) for word in told if word.isdigit()]
    assert numbers == list(range(numbers[0], 200)), "the youngest, without a gap and in order"


def line(at: str, video: str, message: str, stage: str = "vision") -> str:
    return json.dumps({"at": at, "level": "INFO", "stage": stage, "video_id": video, "message": message}) + "\n"


def test_lines_of_all_files_come_in_the_order_of_time(tmp_path: Path):
    (tmp_path / "vision.log.1").write_text(line("2026-01-01T00:00:01Z", "v", "one"))
    (tmp_path / "vision.log").write_text(
        line("2026-01-01T00:00:03Z", "v", "three") + "Traceback\n" + line("2026-01-01T00:00:04Z", "other", "no")
    )
    (tmp_path / "content.log").write_text(line("2026-01-01T00:00:02Z", "v", "two", "content") + '{"broken\n')
    found = list(written(tmp_path, Wanted("v")))
    assert [one["message"] for one in found] == ["one", "two", "three"]
    assert [one["message"] for one in written(tmp_path, Wanted("v", "content"))] == ["two"]
    everything = [one["message"] for one in written(tmp_path, Wanted())]
    assert everything == ["one", "two", '{"broken', "three", "Traceback", "no"]
    assert as_text(found[1]) == "2026-01-01T00:00:02Z INFO content v: two"


def test_following_goes_on_in_the_next_file_and_waits_for_the_end_of_a_line(tmp_path: Path):
    path = tmp_path / "vision.log"
    path.write_text(line("1", "v", "before"))
    follower = Follower(tmp_path, Wanted("v"))
    assert follower.news() == []
    whole = line("2", "v", "half")
    with path.open("a") as file:
        file.write(whole[:20])
    assert follower.news() == []
    with path.open("a") as file:
        file.write(whole[20:] + line("3", "v", "last of it"))
    path.rename(tmp_path / "vision.log.1")
    path.write_text(line("4", "v", "first of the next"))
    (tmp_path / "content.log").write_text(line("5", "v", "another stage"))
    assert [one["message"] for one in follower.news()] == ["half", "last of it", "first of the next", "another stage"]
    assert follower.news() == []
    follower.close()


def test_logs_of_servers_are_not_those_of_workers(tmp_path: Path):
    for name in ("kafka.log", "up.log", "audio-extractor-2.log", "vision.log.1"):
        (tmp_path / name).write_text(line("1", "v", name))
    assert sorted(one["message"] for one in written(tmp_path, Wanted("v"))) == ["audio-extractor-2.log", "vision.log.1"]


def test_following_tells_a_trace_behind_its_line(tmp_path: Path):
    path = tmp_path / "vision.log"
    path.write_text("")
    follower = Follower(tmp_path, Wanted())
    path.write_text(line("2026-01-01T00:00:01Z", "v", "one") + "Traceback\n" + line("2026-01-01T00:00:02Z", "v", "two"))
    (tmp_path / "content.log").write_text(line("2026-01-01T00:00:00Z", "v", "zero", "content"))
    assert [one["message"] for one in follower.news()] == ["zero", "one", "Traceback", "two"]
    with path.open("a") as file:
        file.write("  of the next look\n")
    with (tmp_path / "content.log").open("a") as file:
        file.write(line("2026-01-01T00:00:01.5Z", "v", "between", "content"))
    assert [one["message"] for one in follower.news()] == ["between", "of the next look"]
    follower.close()


def test_following_hears_those_who_still_write_into_the_file_that_was_put_aside(tmp_path: Path):
    path, aside = tmp_path / "vision.log", tmp_path / "vision.log.1"
    path.write_text("")
    follower = Follower(tmp_path, Wanted())
    path.rename(aside)
    path.write_text(line("1", "v", "the worker"))
    assert [one["message"] for one in follower.news()] == ["the worker"]
    with aside.open("a") as child:
        child.write(line("2", "v", "its child"))
    assert [one["message"] for one in follower.news()] == ["its child"]
    follower.close()


def test_a_child_goes_on_in_the_file_that_its_worker_writes(tmp_path: Path):
    """After three full files the one that it began in is removed."""
    path = log_path(tmp_path / "logs", "metadata", "1")
    path.parent.mkdir()
    with path.open("ab") as file:
        subprocess.run(
            [sys.executable, "-m", "tests.unit.streams.saying_child", "worker", str(tmp_path)],
            stderr=file, check=True, timeout=120, cwd=Path(__file__).parents[3],
        )  # fmt: skip
    files = {one.name: one.read_text() for one in path.parent.iterdir()}
    assert set(files) == {"metadata.log", "metadata.log.1"}
    assert "the second word of a child" in files["metadata.log"]
    assert "the first word of a child" not in "".join(files.values()), "its file went with the oldest"
