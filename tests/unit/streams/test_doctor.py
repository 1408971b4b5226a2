"""What `doctor` says of agents without a member in their group."""

from __future__ import annotations

import os

from ops.local.info import LOCK_FILE, write_json
from ops.local.owner_lock import OwnerLock
from streams.cli import doctor
from streams.groups import READS, GroupState
from streams.settings import Settings
from streams.supervisor import STATES_FILE

EMPTY = [GroupState(agent, members=0, lag=0, committed=0) for agent in READS]


def test_agents_that_were_just_started_are_starting(tmp_path):
    settings = Settings(data_dir=tmp_path)
    assert "`clipstream up`" in doctor._agents(settings, EMPTY).remedy
    states = {agent: {"state": "running"} for agent in READS}
    write_json(tmp_path / STATES_FILE, {"supervisor": os.getpid(), "agents": states})
    found = doctor._agents(settings, EMPTY)
    assert (found.text, found.remedy) == ("starting: " + ", ".join(READS), "")
    states["vision"] = {"state": "restarting"}
    write_json(tmp_path / STATES_FILE, {"supervisor": os.getpid(), "agents": states})
    found = doctor._agents(settings, EMPTY)
    assert found.text == "without a worker: vision"
    assert "status" in found.remedy


async def test_a_cluster_that_starts_is_not_called_absent(tmp_path):
    lock = OwnerLock(tmp_path / LOCK_FILE)
    assert lock.acquire()
    assert "starting" in (await doctor._broker(Settings(data_dir=tmp_path)))[0].text
    lock.release()
    assert "no embedded cluster runs" in (await doctor._broker(Settings(data_dir=tmp_path)))[0].text
