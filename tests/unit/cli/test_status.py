"""What `status` says of agents."""

from __future__ import annotations

import pytest

from streams.cli.status import told_of

KNOWN = {"restarts": 4, "reason": "No blob store. Check CLIPSTREAM_STORE_URL."}


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ({"members": 0}, ""),
        ({"members": 1, "state": "running", "last_exit": "", **KNOWN}, ""),
        ({"members": 1, "state": "running", "last_exit": "exit 75", **KNOWN}, ""),
        (
            {"members": 1, "state": "running", "last_exit": "exit 75", "fatal": 2, **KNOWN},
            "started again after exit 75, 4 restarts. No blob store. Check CLIPSTREAM_STORE_URL.",
        ),
        (
            {"members": 0, "state": "running", "last_exit": "exit 75", **KNOWN},
            "started again after exit 75, 4 restarts. No blob store. Check CLIPSTREAM_STORE_URL.",
        ),
        (
            {"members": 0, "state": "restarting", "last_exit": "SIGKILL", "restarts": 1, "reason": ""},
            "restarting after SIGKILL, 1 restarts.",
        ),
    ],
)
def test_agents_without_members_say_why(agent, told):
    assert told_of(agent) == told
