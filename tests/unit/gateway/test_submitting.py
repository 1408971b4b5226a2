"""What a submission may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.errors import InvalidMessage
from processors.options import Options
from streams.gateway.models import Submission
from streams.gateway.submitting import _options
from streams.settings import Settings


def test_a_platform_that_nobody_knows_is_refused_at_once(tmp_path: Path) -> None:
    asked = Submission(uri="/v.mp4", options=Options(platforms=["myspace"]))
    with pytest.raises(InvalidMessage, match="myspace"):
        _options(asked, Settings(data_dir=tmp_path))
    known = Submission(uri="/v.mp4", options=Options(platforms=["tiktok"]))
    assert _options(known, Settings(data_dir=tmp_path)).platforms == ("tiktok",)
