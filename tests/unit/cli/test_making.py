"""How a result was made, as `status VIDEO_ID` tells it."""

from __future__ import annotations

from processors.blobs import BlobStore
from schemas.messages import Run, StageRun
from streams.cli.making import how_made, made_told
from tests.databases import result


def test_models_and_what_was_computed_are_told(tmp_path):
    stages = [StageRun("transcriber", 40, 7, 4), StageRun("vision", 5, 5, 5), StageRun("segmenter", 5, 1, 0)]
    made = how_made(result(BlobStore(str(tmp_path)), "talk", 2, 3, run=Run(stages, ["base", "tiny.en"], 0.25, 1, 2)))
    assert made["stages"]["transcriber"] == {"computed": 3, "cached": 4}
    assert made_told(made) == [
        "result: generation 2, revision 3, final, 0.2500 USD",
        "models: base, tiny.en",
        "computed: segmenter 1, transcriber 3",
        "from the cache: transcriber 4, vision 5",
    ]


def test_nothing_is_told_as_nothing(tmp_path):
    made = how_made(result(BlobStore(str(tmp_path)), "talk", run=Run([], [], 0.0, 1, 2)))
    assert made_told(made)[1:] == ["models: none", "computed: nothing", "from the cache: nothing"]
