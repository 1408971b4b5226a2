"""What is sent again of the messages that stages gave up on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.errors import ClipstreamError
from schemas.messages import DeadLetter
from streams.database.loop import NAME as SINK
from streams.gateway.webhooks import STAGE as WEBHOOKS
from streams.letters import Letter, is_result, kinds, requeue
from streams.replay import STAGES
from streams.settings import Settings

LETTER = DeadLetter("enricher", "mine-segments", 3, 41, b"v", b"x", "v", "JobTimedOut", "No output.", "", 4, 5)


@pytest.mark.parametrize(
    ("stage", "remedy"),
    [
        ("enricher", "clipstream replay --video v --from enricher"),
        (SINK, "clipstream db refill"),
        (WEBHOOKS, "clipstream replay --video v --from segmenter"),
    ],
)
async def test_a_result_is_not_sent_again(stage: str, remedy: str) -> None:
    """The topic keeps the last record of a video: an old result would become it. What to do instead is a command."""
    settings = Settings(topic_prefix="mine-")
    result = Letter(replace(LETTER, stage=stage), requeued=False)
    assert is_result(result, settings)
    with pytest.raises(ClipstreamError, match="is a result") as raised:
        await requeue(settings, [result])
    assert f"`{remedy}`" in raised.value.remedy
    _, _, asked = remedy.partition("--from ")
    assert asked in ("", *STAGES), "a replay begins there"
    part = Letter(replace(LETTER, topic="mine-audio-chunk"), requeued=False)
    assert not is_result(part, settings)
    assert not is_result(result, Settings())


def letter(number: int, reason: str, stage: str = "transcriber", requeued: bool = False) -> Letter:
    return Letter(replace(LETTER, stage=stage, offset=number, reason=reason, at_ms=number), requeued)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([], []),
        (["Blob 'a' is away.", "Blob 'b' is away.", "Blob 'c' is away."], [3]),  # what is quoted does not count
        (["Nothing for 3 s.", "Nothing for 44 s."], [2]),  # nor do numbers
        (["It starts with ff 87 8d.", "It starts with ff c7 f0 76.", "It starts with ff."], [3]),  # nor bytes
        ([f"The blob blob:{digit * 64} is not there." for digit in "ab1"], [3]),  # nor digests
        (["No such file.", "No right.", "No such file."], [2, 1]),  # the most frequent first
    ],
)
def test_letters_of_one_kind_are_counted_together(reasons: list[str], expected: list[int]) -> None:
    assert [kind.count for kind in kinds(letter(n, reason) for n, reason in enumerate(reasons))] == expected


def test_a_kind_says_what_waits_since_when_and_which_is_the_newest() -> None:
    one, other = letter(1, "No 1.", requeued=True), letter(2, "No 2.")
    (kind,) = kinds([other, one])
    assert (kind.count, kind.waiting, kind.first_ms, kind.last_ms, kind.example) == (2, 1, 1, 2, other)
    assert kind.to_json()["newest"] == other.id
    assert len(kinds([one, letter(3, "No 3.", stage="vision")])) == 2  # by stage
