"""Replays that need stopped agents, with the embedded cluster alone: down, replay, up."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.cluster import read_cluster
from streams.client import latest_results
from streams.groups import group_states
from streams.settings import Settings
from streams.worker import living_workers
from tests.e2e.test_embedded import ended, of_folder, start
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(600)]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    ended(start(folder, "down"))
    until(lambda: of_folder(folder) == [], "all have ended")


def done(state: Path, *arguments: str) -> str:
    code, out, err = ended(start(state, *arguments))
    assert code == 0, err
    return out


def refused(state: Path, *arguments: str) -> str:
    code, _, err = ended(start(state, *arguments))
    assert code == 1, err
    return " ".join(err.split())


def reached(state: Path) -> Settings:
    cluster = read_cluster(state)
    assert cluster is not None
    return Settings(data_dir=state, **cluster.addresses())


def test_topics_and_the_join_are_replayed_between_down_and_up(state, sample):
    done(state, "up", "--detach")
    first = json.loads(done(state, "process", str(sample), "--json"))["results"][0]
    assert first["status"] == "final"
    video_id = first["video_id"]
    shown = json.loads(done(state, "status", "--json"))["videos"][0]["summary"]
    counts = re.fullmatch(r"speech (\d+)/(\d+) · pictures (\d+)/(\d+)", shown)
    assert counts is not None, shown
    assert counts[1] == counts[2]
    assert counts[3] == counts[4]
    canonical = done(state, "results", video_id, "--canonical")

    for arguments in (("--rebuild-join",), ("--topic", "audio-chunk", "--offset", "0")):
        said = refused(state, "replay", *arguments)
        assert "`clipstream down`" in said
        assert "then run this command again" in said
    (worker,) = [one for one in living_workers(state) if one["agent"] == "segmenter"]
    told = done(state, "restart", "segmenter")
    (again,) = [one for one in living_workers(state) if one["agent"] == "segmenter"]
    assert again["pid"] != worker["pid"]
    assert told.startswith(f"segmenter  version {again['version']}, process {again['pid']}, back after ")
    done(state, "down")

    moved = json.loads(done(state, "replay", "--topic", "audio-chunk", "--offset", "0", "--json"))["positions"]
    assert sum(one["records"] for one in moved) > 1
    rebuilt = json.loads(done(state, "replay", "--rebuild-join", "--json"))
    assert (rebuilt["videos"], rebuilt["open"], rebuilt["published"]) == (1, 0, [])
    assert of_folder(state) == [], "what replay started it has stopped"

    done(state, "up", "--detach")
    settings = reached(state)
    until(
        lambda: all(one.members and not one.lag for one in asyncio.run(group_states(settings))), "all is through", 180
    )
    assert {one.status for one in asyncio.run(latest_results(settings)).values()} == {"final"}
    assert done(state, "results", video_id, "--canonical") == canonical


def test_servers_without_agents(state):
    done(state, "up", "--detach", "--no-agents")
    found = json.loads(done(state, "status", "--json"))
    assert [agent["members"] for agent in found["agents"]] == [0] * len(found["agents"])
    assert json.loads(done(state, "replay", "--rebuild-join", "--json"))["videos"] == 0
    done(state, "down")
    until(lambda: of_folder(state) == [], "all have ended")
