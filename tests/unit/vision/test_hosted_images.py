"""Sizes and tokens of pictures as models count them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from processors.domain import FrameRef
from processors.vision.backend import LoadedFrame
from processors.vision.hosted_images import BUSY, busyness, prepared, rule_of, scaled_size
from tests.unit.vision.helpers import scenery


@pytest.mark.parametrize(
    ("model", "detail", "size", "sent", "tokens"),
    [
        # tiles of 512: the side that ends with one
        ("gpt-4o", "high", (1280, 720), (910, 512), 85 + 2 * 170),
        ("gpt-4o", "high", (720, 1280), (512, 910), 85 + 2 * 170),
        ("gpt-4o", "high", (1280, 1280), (1024, 1024), 85 + 4 * 170),
        ("gpt-4o", "high", (640, 360), (640, 360), 85 + 2 * 170),
        ("gpt-4o", "high", (512, 512), (512, 512), 85 + 170),
        ("gpt-4o", "low", (1280, 720), (512, 288), 85),
        ("gpt-4.1-2025-04-14", "low", (1280, 720), (512, 288), 85),
        ("gpt-4o-mini", "high", (1280, 720), (910, 512), 2_833 + 2 * 5_667),
        # patches of 32
        ("gpt-4.1-mini", "high", (1280, 720), (1024, 576), 934),  # 32 x 18 x 1.62
        ("gpt-4.1-mini", "low", (1280, 720), (512, 288), 234),  # 16 x 9 x 1.62
        ("gpt-4.1-mini", "high", (100, 30), (100, 30), 7),
        ("gpt-4.1-nano", "low", (720, 1280), (288, 512), 355),
        ("a-model-of-ours", "low", (1280, 720), (512, 288), 355),
        # extremes
        ("gpt-4o", "high", (1280, 20), (1280, 20), 85 + 3 * 170),
        ("gpt-4.1-mini", "low", (1, 1), (1, 1), 2),
        ("gpt-4.1-mini", "low", (1280, 1), (512, 1), 26),
    ],
)
def test_a_picture_is_sent_at_the_size_that_pays(model, detail, size, sent, tokens) -> None:
    rule = rule_of(model)
    assert scaled_size(*size, rule, detail) == sent
    assert rule.tokens(*sent, detail) == tokens <= rule.most(detail)


def test_the_bound_holds_for_every_size() -> None:
    random = np.random.default_rng(0)
    for model in ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-5", "o4-mini", "none"):
        rule = rule_of(model)
        for width, height in random.integers(1, 1_281, (300, 2)).tolist():
            for detail in ("low", "high"):
                sent = scaled_size(width, height, rule, detail)
                assert sent[0] <= width
                assert sent[1] <= height
                assert rule.tokens(*sent, detail) <= rule.most(detail)


def test_a_picture_of_the_right_size_goes_out_as_it_is_stored() -> None:
    image = scenery(1, (512, 288))
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    frame = LoadedFrame(FrameRef("blob:x", 0, 0, 512, 288, 1.0, 0.0), jpeg, image)
    assert prepared(frame, "gpt-4.1-mini", "low").jpeg is jpeg
    large = scenery(1, (1280, 720))
    sent = prepared(LoadedFrame(frame.ref, jpeg, large), "gpt-4.1-mini", "high")
    picture = cv2.imdecode(np.frombuffer(sent.jpeg, np.uint8), 1)
    assert picture is not None
    assert (picture.shape, sent.tokens) == ((576, 1024, 3), 934)


def test_busy_pictures_are_told_from_quiet_ones() -> None:
    assert busyness(scenery(1)) < BUSY < busyness(np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8))
    assert busyness(np.zeros((1, 1, 3), np.uint8)) == 0.0
