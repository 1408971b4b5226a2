"""Words of one's own by CLIP (Radford et al., 2021): is a picture nearer to a word than to nothing in particular?

A network embeds pictures and another one texts, so that what goes together lies together. The texts are embedded once;
then a picture costs its own embedding, whatever the number of words. Each word is asked for by itself, against texts
that fit every picture: among words alone, one would always win.

The networks come from the model hub and are asked for where words are set, else never. They were not at hand where this
was written: tests run it with small networks of the same form, and `MIN_CONFIDENCE` is not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.domain import Label
from processors.errors import ModelUnavailable
from processors.models.runtime import session

CLIP_MODEL: Final = "clip-vit-base-patch32"
PICTURES: Final = "onnx/vision_model_quantized.onnx"
TEXTS: Final = "onnx/text_model_quantized.onnx"
TOKENIZER: Final = "tokenizer.json"
SIDE: Final = 224
# As the networks were trained, of red, green and blue, 0..1.
_MEAN: Final = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_SPREAD: Final = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
_TEMPERATURE: Final = 100.0  # of the cosines, likewise
_MAX_TOKENS: Final = 77
_PROMPT: Final = "a photo of {}"
_NEUTRAL: Final = ("a photo", "a picture of something", "a screenshot of a video")
# A cosine that is greater by 0.022 than that of the nearest neutral text.
MIN_CONFIDENCE: Final = 0.9
_ROUND: Final = 3

Vectors = NDArray[np.float32]


class WordFinder:
    """Looks for words in pictures; one per process and thread.

    Args:
        folder: of the model.
        words: to look for, at least one.
        threads: of the processor, >= 1.

    Raises:
        ModelUnavailable: a file cannot be read, or is a network of another form.
    """

    def __init__(self, folder: Path, words: Sequence[str], threads: int) -> None:
        self._words = list(words)
        self._pictures = session(folder / PICTURES, threads)
        _check(self._pictures, PICTURES, {"pixel_values"}, "image_embeds")
        texts = _TextEmbedder(folder, threads)
        self._wanted = texts.embed([_PROMPT.format(word) for word in words])
        self._neutral = texts.embed(_NEUTRAL)
        expected = self._wanted.shape[1]
        found = self._embed(np.zeros((SIDE, SIDE, 3), np.uint8)).size
        if found != expected:
            raise ModelUnavailable(f"{PICTURES} makes {found} numbers and {TEXTS} {expected}: they do not go together.")

    def find(self, image: NDArray[np.uint8]) -> list[Label]:
        """The words that are in a picture, the surest first.

        Args:
            image: uint8 (height, width, 3), BGR, upright.
        """
        picture = self._embed(image)
        margins = self._wanted @ picture - float((self._neutral @ picture).max())
        confidences = 1.0 / (1.0 + np.exp(-_TEMPERATURE * margins.astype(np.float64)))
        labels = [
            Label(word, round(float(confidence), _ROUND))
            for word, confidence in zip(self._words, confidences, strict=True)
            if confidence >= MIN_CONFIDENCE
        ]
        return sorted(labels, key=lambda label: (-label.confidence, label.name))

    def _embed(self, image: NDArray[np.uint8]) -> Vectors:
        pixels = (_middle(image)[..., ::-1].astype(np.float32) / 255 - _MEAN) / _SPREAD
        (found,) = self._pictures.run(["image_embeds"], {"pixel_values": pixels.transpose(2, 0, 1)[np.newaxis]})
        picture: Vectors = _unit(found)[0]
        return picture


class _TextEmbedder:
    """The network for texts, which is let go once all are embedded: it takes as much memory as that for pictures."""

    def __init__(self, folder: Path, threads: int) -> None:
        from tokenizers import Tokenizer

        self._session = session(folder / TEXTS, threads)
        self._inputs = _check(self._session, TEXTS, {"input_ids", "attention_mask"}, "text_embeds")
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # tokenizers raises plain Exceptions
            raise ModelUnavailable(f"{TOKENIZER} of {CLIP_MODEL} cannot be read: {error}.") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.concatenate([self._one(text) for text in texts])

    def _one(self, text: str) -> Vectors:
        ids = np.array([self._tokenizer.encode(text.lower()).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        (found,) = self._session.run(["text_embeds"], {name: given[name] for name in self._inputs})
        return _unit(found)


def _check(network: Any, name: str, inputs: set[str], output: str) -> list[str]:
    """The names of the network's inputs."""
    found = [entry.name for entry in network.get_inputs()]
    outputs = [entry.name for entry in network.get_outputs()]
    if not found or not set(found) <= inputs or output not in outputs:
        raise ModelUnavailable(
            f"{name} of {CLIP_MODEL} has another form: it takes {', '.join(found)} and gives {', '.join(outputs)}."
        )
    return found


def _middle(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square in the middle, as the network was trained on."""
    scale = SIDE / min(image.shape[:2])
    height, width = (max(SIDE, round(side * scale)) for side in image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, (width, height), interpolation=method)
    top, left = (height - SIDE) // 2, (width - SIDE) // 2
    square: NDArray[np.uint8] = small[top : top + SIDE, left : left + SIDE].astype(np.uint8, copy=False)
    return square


def _unit(vectors: NDArray[Any]) -> Vectors:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    units: Vectors = (vectors / lengths).astype(np.float32)
    return units


__all__ = ["CLIP_MODEL", "MIN_CONFIDENCE", "PICTURES", "SIDE", "TEXTS", "TOKENIZER", "WordFinder"]
