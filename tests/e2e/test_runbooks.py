"""Runbooks, run as an operator would run them: the trouble is real, the commands are those of the page.

The short ones run always, without the minutes that an alert takes; `make runbooks` or `-m slow` runs all.
"""

from __future__ import annotations

import pytest

from ops.runbooks import page as pages
from ops.runbooks import runner
from ops.runbooks.runner import NotHere

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1800)]
SHORT = ("worker-down",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SHORT else pytest.mark.slow) for name in pages.names()]
)
def test_a_runbook_helps(name, tmp_path):
    try:
        runner.run(name, tmp_path, patient=False)
    except NotHere as error:
        if name in SHORT:  # it needs nothing that a machine may lack
            raise
        pytest.skip(str(error))
    assert (tmp_path / f"{name}.txt").is_file()
