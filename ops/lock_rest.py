"""Print what the second of two lock files has beside the first: `python -m ops.lock_rest requirements.lock ALL`."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def entries(text: str) -> dict[str, str]:
    """The pinned packages of a lock file with hashes: name and marker to the whole entry."""
    found = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n +--hash[^\n]*)*", text, flags=re.MULTILINE)
    return {entry.split("\\", 1)[0].strip(): entry for entry in found}


def main() -> None:
    """Write the rest on standard output."""
    known, everything = (entries(Path(name).read_text()) for name in sys.argv[1:3])
    print("# What tests, checks and optional parts need beside requirements.lock; made by `make lock`.")
    print("\n".join(entry for line, entry in everything.items() if line not in known))


if __name__ == "__main__":
    main()
