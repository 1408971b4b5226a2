"""What is sent again of the messages that stages gave up on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.errors import ClipstreamError
from schemas.messages import DeadLetter
from streams.letters import Letter, is_result, requeue
from streams.settings import Settings

LETTER = DeadLetter("enricher", "mine-segments", 3, 41, b"v", b"x", "v", "JobTimedOut", "No output.", "", 4, 5)


async def test_a_result_is_not_sent_again() -> None:
    """The topic keeps the last record of a video: an old result would become it."""
    settings = Settings(topic_prefix="mine-")
    result = Letter(LETTER, requeued=False)
    assert is_result(result, settings)
    with pytest.raises(ClipstreamError, match="is a result") as raised:
        await requeue(settings, [result])
    assert "replay --video v --from enricher" in raised.value.remedy
    part = Letter(replace(LETTER, topic="mine-audio-chunk"), requeued=False)
    assert not is_result(part, settings)
    assert not is_result(result, Settings())
