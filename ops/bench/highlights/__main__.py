"""Make constructed talks with known highlights: `python -m ops.bench.highlights OUT --split test --talks 40 --seed 0`.

For each talk NAME.transcript.json and NAME.highlights.json, which `clipstream bench segments --data OUT` reads, and
NAME.passages.json, which tells what the rest is made of. The same arguments make the same files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import orjson

from ops.bench.highlights.talks import highlights_of, passages_of, talk, transcript_of


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.highlights", description=__doc__)
    parser.add_argument("out", type=Path, help="folder, made where it is missing")
    parser.add_argument("--split", choices=("train", "test"), default="test", help="half of the passages (test)")
    parser.add_argument("--talks", type=int, default=40, help="how many (40)")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other talks (0)")
    given = parser.parse_args()
    if given.talks < 1:
        parser.error("--talks must be 1 or more")
    given.out.mkdir(parents=True, exist_ok=True)
    marked = length_ms = 0
    for number in range(given.talks):
        one = talk(given.split, given.seed, number)
        rows = highlights_of(one)
        for kind, content in (
            ("transcript", transcript_of(one)),
            ("highlights", rows),
            ("passages", passages_of(one)),
        ):
            (given.out / f"{one.name}.{kind}.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        marked, length_ms = marked + len(rows), length_ms + one.duration_ms
    print(f"{given.talks} talks of {length_ms / 60_000:.0f} min in all, {marked} highlights, in {given.out}")


if __name__ == "__main__":
    main()
