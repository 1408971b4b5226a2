"""`python -m ops.bench.stub_worker PLAN worker NAME`: `clipstream worker NAME` with stub jobs in its pool children.

Everything else is the real worker: app, agent, guarded loop, publisher, pool, its protocol and its processes.
"""

from __future__ import annotations

import sys

from streams.cli.main import main
from streams.pool import ChildPool


def command(plan: str) -> list[str]:
    """How a supervisor starts stub workers.

    Args:
        plan: text of an `ops.bench.plan.Plan`.
    """
    return [sys.executable, "-m", "ops.bench.stub_worker", plan]


if __name__ == "__main__":
    ChildPool.child = ("ops.bench.stub_child", sys.argv.pop(1))
    main()
