"""A vision service that knows nothing: says something valid of every picture, and writes down what it was sent."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ops.bench.serving import JsonService
from processors.vision.hosted_images import Rule, rule_of


@dataclass(frozen=True)
class Sent:
    """One request: bytes of its fixed text, and of each picture's note, tokens of each picture."""

    fixed_bytes: int
    note_bytes: list[int]
    picture_tokens: list[int]


class VisionService(JsonService):
    """Listens on loopback; use as a context manager.

    Args:
        model: whose way of counting pictures is used.
    """

    def __init__(self, model: str) -> None:
        self.sent: list[Sent] = []
        self._rule = rule_of(model)
        super().__init__(self._answered)

    def _answered(self, body: bytes) -> dict[str, Any]:
        sent = weighed(json.loads(body), self._rule)
        self.sent.append(sent)
        return _answer(len(sent.picture_tokens))


def weighed(asked: dict[str, Any], rule: Rule) -> Sent:
    """What is in a request: the first text of the user and the system's words are fixed, then notes and pictures."""
    system, user = asked["messages"]
    texts = [part["text"] for part in user["content"] if part["type"] == "text"]
    pictures = [part["image_url"] for part in user["content"] if part["type"] == "image_url"]
    fixed = (
        system["content"]
        + texts[0]
        + json.dumps(asked["response_format"]["json_schema"]["schema"], separators=(",", ":"))
    )
    tokens = []
    for picture in pictures:
        jpeg = np.frombuffer(base64.b64decode(picture["url"].partition(",")[2]), np.uint8)
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("a picture that is no JPEG")
        tokens.append(rule.tokens(image.shape[1], image.shape[0], picture["detail"]))
    return Sent(len(fixed.encode()), [len(text.encode()) for text in texts[1:]], tokens)


def _answer(count: int) -> dict[str, Any]:
    entry = {"description": "Something.", "kind": "other", "labels": [], "text": [], "confidence": 0.5}
    content = json.dumps({"pictures": [{**entry, "number": number} for number in range(1, count + 1)]})
    message = {"role": "assistant", "content": content, "refusal": None}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


__all__ = ["Sent", "VisionService", "weighed"]
