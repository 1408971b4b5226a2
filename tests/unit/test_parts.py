"""`python -m tests`: every test is in one part, parts run side by side, and a failure in any of them is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.__main__ import HERE, PARTS, folders_of, worst
from tests.conftest import REPO

# Each waits until the other one is there too, so they pass only if both run at one time.
_MEETS = """
import pathlib, time
def test_meets():
    here = pathlib.Path(__file__).parents[1]
    (here / "{me}.here").touch()
    deadline = time.monotonic() + 100
    while not (here / "{other}.here").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    print("{me} met")
    assert {outcome}
"""


def test_every_file_with_tests_is_in_exactly_one_part() -> None:
    folders = [folder for found in folders_of(HERE).values() for folder in found]
    assert len(folders) == len(set(folders))
    inside = {path for folder in folders for path in (HERE / folder).rglob("test_*.py")}
    assert inside == set(HERE.rglob("test_*.py"))
    assert {folder for named in PARTS.values() for folder in named} <= set(folders), "no part names what is not there"


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 1, 0], 1), ([0, 5], 0), ([5, 5], 5), ([5, 2], 2), ([0, -9], -9)]
)
def test_the_worst_code_is_that_of_all(codes: list[int], code: int) -> None:
    assert worst(codes) == code


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("outcome", "code"), [(True, 0), (False, 1)])
def test_parts_run_side_by_side_and_are_told_in_turn(tmp_path: Path, outcome: bool, code: int) -> None:
    for folder, me, other, good in (("stream", "a", "b", True), ("anything", "b", "a", outcome)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"test_{me}.py").write_text(_MEETS.format(me=me, other=other, outcome=good))
    code_of_run = (
        "import sys, pathlib; from tests.__main__ import main; sys.exit(main(['-rA'], pathlib.Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code_of_run, tmp_path], cwd=REPO, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == code, done.stdout + done.stderr
    told = done.stdout
    assert 0 <= told.index("a met") < told.index("b met")
    assert told.count("1 passed") == (2 if outcome else 1)
    assert told.splitlines()[-2].startswith("stream: code 0")
    assert told.splitlines()[-1].startswith(f"units: code {code}")
