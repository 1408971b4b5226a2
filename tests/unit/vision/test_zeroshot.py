"""Words of one's own, with two little networks of CLIP's form: a picture is its mean colour, a text the sum of its
words, of which three are colours and the others say nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from processors.domain import FrameBatch, FrameRef
from processors.errors import ModelUnavailable
from processors.models import manifest
from processors.models.manifest import MODELS, Model, ModelFile
from processors.models.store import ModelStore
from processors.options import Options
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from processors.vision.zeroshot import CLIP_MODEL, PICTURES, SIDE, TEXTS, TOKENIZER, WordFinder
from tests.onnx_file import Node, Value, write_onnx
from tests.unit.vision.helpers import Image
from tests.unit.vision.test_analyse import store

WORDS = ["red", "green", "blue"]


def write_clip(folder: Path, *, size: int = 4, mask: bool = True, output: str = "image_embeds") -> Path:
    """The files of a model; `size` numbers an embedding of a text, 4 of a picture."""
    project = np.zeros((3, 4), np.float32)
    project[:, :3] = np.eye(3) * 3 - 1  # what one colour has and the others have not
    write_onnx(
        folder / PICTURES,
        [
            Node("GlobalAveragePool", ["pixel_values"], "pooled", {}),
            Node("Flatten", ["pooled"], "flat", {"axis": 1}),
            Node("Gemm", ["flat", "project", "nothing"], output, {}),
        ],
        [Value("pixel_values", "float32", (None, 3, SIDE, SIDE))],
        [Value(output, "float32", (None, 4))],
        {"project": project, "nothing": np.array([0, 0, 0, 0.5], np.float32)},
    )
    table = np.zeros((8, size), np.float32)
    table[1:4, :3] = np.eye(3) * 3 - 1
    table[0, -1] = 0.5  # every other word
    inputs = [Value("input_ids", "int64", (None, None))]
    write_onnx(
        folder / TEXTS,
        [
            Node("Gather", ["table", "input_ids"], "words", {"axis": 0}),
            Node("ReduceMean", ["words"], "text_embeds", {"axes": [1], "keepdims": 0}),
        ],
        [*inputs, Value("attention_mask", "int64", (None, None))] if mask else inputs,
        [Value("text_embeds", "float32", (None, size))],
        {"table": table},
    )
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "red": 1, "green": 2, "blue": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / TOKENIZER))
    return folder


def coloured(blue: int, green: int, red: int, size: tuple[int, int] = (320, 180)) -> Image:
    return np.full((size[1], size[0], 3), (blue, green, red), np.uint8)


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize(
    ("image", "words"),
    [
        pytest.param(coloured(0, 0, 255), ["red"], id="red"),
        pytest.param(coloured(0, 255, 0), ["green"], id="green"),
        pytest.param(coloured(255, 0, 0, (90, 400)), ["blue"], id="blue, upright"),
        pytest.param(coloured(0, 0, 255, (20, 20)), ["red"], id="small"),
    ],
)
def test_the_right_words_are_found(tmp_path: Path, image: Image, words: list[str], mask: bool):
    labels = WordFinder(write_clip(tmp_path, mask=mask), WORDS, 1).find(image)
    assert [label.name for label in labels] == words
    assert all(0.9 <= label.confidence <= 1 for label in labels)


def test_what_is_nothing_in_particular_has_no_word(tmp_path: Path):
    finder = WordFinder(write_clip(tmp_path), WORDS, 1)
    mean = coloured(104, 117, 123)  # the colour that the network takes for 0
    assert finder.find(mean) == []


def test_words_of_which_no_one_fits_are_not_said(tmp_path: Path):
    assert WordFinder(write_clip(tmp_path), ["green", "blue"], 1).find(coloured(0, 0, 255)) == []


def test_words_are_embedded_once(tmp_path: Path):
    finder = WordFinder(write_clip(tmp_path), WORDS, 1)
    (tmp_path / TEXTS).unlink()
    assert finder.find(coloured(0, 0, 255)) == finder.find(coloured(0, 0, 255)) != []


# ------------------------------------------------------------------------------------------------- misfits


@pytest.mark.parametrize("name", [PICTURES, TEXTS, TOKENIZER])
def test_a_broken_file_is_fatal(tmp_path: Path, name: str):
    (write_clip(tmp_path) / name).write_bytes(b"nothing of the kind")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        WordFinder(tmp_path, WORDS, 1)


def test_networks_of_another_form_are_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="has another form: it takes pixel_values and gives pooled_output"):
        WordFinder(write_clip(tmp_path, output="pooled_output"), WORDS, 1)


def test_networks_that_do_not_go_together_are_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="makes 4 numbers"):
        WordFinder(write_clip(tmp_path, size=5), WORDS, 1)


# --------------------------------------------------------------------------------------------- in the stage


@pytest.fixture
def own(tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Tools with words, and the little networks in the place of the large ones."""
    folder = write_clip(tmp_path / "models" / CLIP_MODEL)
    files = tuple(
        ModelFile(name, (folder / name).stat().st_size, hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for name in (PICTURES, TEXTS, TOKENIZER)
    )
    monkeypatch.setitem(manifest.MODELS, CLIP_MODEL, replace(MODELS[CLIP_MODEL], files=files))
    models_store = ModelStore(tmp_path / "models", tmp_path / "cache", allow_download=False)
    return replace(tools, models=models_store, vision_labels=("green", "red"))


def red_scene() -> Image:
    """Red all over, but not of one tone, or nobody would look at it."""
    image = coloured(0, 0, 255, (640, 360))
    image[:180, :, 2] = 170
    return image


def test_frames_have_the_words(own: Tools):
    (found,) = analyse_batch(FrameBatch([store(red_scene(), own)], []), Options(), own).frames
    assert "red" in [label.name for label in found.labels]
    assert "green" not in [label.name for label in found.labels]
    assert found.model.startswith(f"yunet-2023mar+nanodet-g+efficientnet-lite0+{CLIP_MODEL}")
    assert found.source == "local"


def test_without_words_nothing_is_loaded(own: Tools):
    usual = replace(own, vision_labels=(), models=ModelStore(None, own.work_dir / "c", allow_download=False))
    (found,) = analyse_batch(FrameBatch([store(red_scene(), own)], []), Options(), usual).frames
    assert "red" not in [label.name for label in found.labels]
    assert CLIP_MODEL not in found.model


def test_words_without_the_model_are_an_error_that_says_what_to_do(tools: Tools):
    words = replace(tools, vision_labels=("red",))
    with pytest.raises(ModelUnavailable, match=CLIP_MODEL) as caught:
        analyse_batch(FrameBatch([FrameRef("blob:x", 0, 0, 1, 1, 1.0, 0.0)], []), Options(), words)
    assert "CLIPSTREAM_MODELS_DIR" in caught.value.remedy


def test_the_model_is_pinned_and_not_fetched_with_the_others():
    model: Model = MODELS[CLIP_MODEL]
    assert [file.name for file in model.files] == [PICTURES, TEXTS, TOKENIZER]
    assert model.on_demand
    assert len(model.revision) == 40
