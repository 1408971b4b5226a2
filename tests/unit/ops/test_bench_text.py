"""Benches of the language model's job on a real meeting: which moments share answers, and what is sent and paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import copywriting, meanings
from processors.content.embedding import MODEL, SentenceEncoder
from processors.models.store import ModelStore
from streams.settings import Settings

pytestmark = [pytest.mark.data, pytest.mark.timeout(120)]


@pytest.fixture
def meeting(test_data: Path, tmp_path: Path) -> Path:
    """A folder with one meeting, the shortest: the first one of all that has the fewest bytes."""
    lines = [line for path in sorted((test_data / "text").rglob("*.jsonl")) for line in path.read_bytes().splitlines()]
    folder = tmp_path / "meeting"
    folder.mkdir()
    (folder / "one.jsonl").write_bytes(min((line for line in lines if line.strip()), key=len) + b"\n")
    return folder


def test_no_different_moments_share_an_answer_by_default(meeting: Path) -> None:
    found = meanings.run(meeting, SentenceEncoder(ModelStore(None, Settings().cache_dir).path(MODEL)))
    assert found["passages"] == 42
    assert found["pairs_of_passages"] == 819
    default = next(row for row in found["rows"] if row["item"] == f"{Settings().text_same:.2f}")
    assert (default["false_hits_of_minutes"], default["false_hits_of_passages"]) == (0, 0)
    assert default["found_misheard"] > 0.3
    assert found["highest_of_unlike"] < Settings().text_same
    rows = found["rows"][:-1]
    for name in ("false_hits_of_minutes", "found_paraphrases", "found_misheard", "found_shifted"):
        assert [row[name] for row in rows] == sorted((row[name] for row in rows), reverse=True), name


def test_words_that_are_left_out_and_answers_that_are_kept_save_money(meeting: Path, tmp_path: Path) -> None:
    found = copywriting.run(meeting, tmp_path / "work")
    assert Settings().text_same == copywriting.SAME
    rows = {row["item"]: row for row in found["rows"]}
    assert {row["segments"] for row in rows.values()} == {rows["whole"]["segments"]}
    assert rows["whole"]["cost_usd"] > rows["compressed"]["cost_usd"] > 0
    assert rows["compressed"]["tokens_sent"] == rows["compressed, kept"]["tokens_sent"]
    assert (rows["again"]["requests"], rows["again"]["cost_usd"]) == (0, 0.0)
    assert rows["misheard"]["cost_usd"] < rows["compressed"]["cost_usd"]
    assert rows["misheard"]["alike"] > 0
