"""`python -m ops.runbooks [NAME...]`: run runbooks for real, all without a name, and write their transcripts."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Final

from ops.runbooks import page, runner
from ops.runbooks.page import PageWrong
from ops.runbooks.runner import NotHere, ScenarioFailed
from ops.runbooks.transcript import PROJECT

TRANSCRIPTS: Final = PROJECT / "docs" / "runbooks"


def main() -> int:
    """Exit code 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m ops.runbooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(page.names())}")
    parser.add_argument("--out", type=Path, default=TRANSCRIPTS, help="folder of the transcripts")
    parser.add_argument("--quick", action="store_true", help="do not wait for alerts, which takes minutes")
    chosen = parser.parse_args()
    # what was started is ended by what the exception passes on its way
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    failed = []
    for name in chosen.names or page.names():
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            runner.run(name, chosen.out, patient=not chosen.quick)
        except NotHere as error:
            print(f"LEFT OUT {name}: {error}", file=sys.stderr)
        except (ScenarioFailed, PageWrong) as error:
            failed.append(str(error))
    for reason in failed:
        print(f"FAILED {reason}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
