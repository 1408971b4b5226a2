"""`make chaos`: the long storm. One JSON document at the end; exit code 1 when what must hold did not."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.chaos.storm import Storm
from tests.conftest import SAMPLE


def main() -> int:
    """Run a storm as told on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--video", type=Path, action="append", help="sources; the bundled sample when left out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipstream-chaos-") as folder:
        outcome = Storm(Path(folder), chosen.video or [SAMPLE], chosen.seed).run(
            chosen.rounds, lambda text: sys.stderr.write(f"{text}\n")
        )
    sys.stdout.write(json.dumps(outcome.to_json(), indent=2) + "\n")
    return 0 if outcome.sound else 1


if __name__ == "__main__":
    sys.exit(main())
