"""Options of a request: what is taken, and what is said about what is not."""

from __future__ import annotations

import orjson
import pytest

from processors.errors import InvalidMessage
from processors.options import parse_options
from streams import codec, topics

BOUNDS = {"min_segment_ms": 9_000, "max_segment_ms": 8_000}


def test_reasons_are_those_of_this_program() -> None:
    with pytest.raises(InvalidMessage) as caught:
        codec.decode(topics.VIDEO_INGESTED, orjson.dumps({"uri": "file:///talk.mp4", "options": BOUNDS}))
    assert caught.value.reason == "The options are not valid: min_segment_ms must not be above max_segment_ms."
    with pytest.raises(InvalidMessage) as caught:
        parse_options({"language": "xx"})
    assert caught.value.reason.startswith("Option 'language' is not valid: 'xx' is no language")
