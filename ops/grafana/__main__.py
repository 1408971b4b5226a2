"""`python -m ops.grafana`: write the dashboards anew. A test says when they are old."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from ops.grafana.boards import BOARDS

FOLDER: Final = Path(__file__).parent / "dashboards"


def written(name: str) -> str:
    """A dashboard as JSON."""
    return JSONEncoder(sort_keys=True, indent=1).encode(BOARDS[name]().build()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in BOARDS:
        (FOLDER / f"{name}.json").write_text(written(name), encoding="utf-8")
