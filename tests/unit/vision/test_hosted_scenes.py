"""Answers that are kept: nothing is paid for twice, whoever asks, and each answer's cost is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from processors.options import Options
from processors.service import forget_clients
from processors.vision import hosted_scenes
from processors.vision.analyse import analyse_batch
from processors.vision.likeness import Likeness, likeness_of
from tests.openai_service import OpenAiService, chat, describing, entry
from tests.unit.vision.helpers import Image, card, scenery
from tests.unit.vision.hosted_help import batch_of, hosted, sceneries

SOURCE = "openai:gpt-4.1-mini"


@pytest.fixture(autouse=True)
def _clients() -> Iterator[None]:
    yield
    forget_clients()


def encoded_anew(image: Image, quality: int = 60, scale: float = 0.7) -> Image:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)  # type: ignore[return-value]


def test_the_same_frames_are_not_paid_for_twice(tools) -> None:
    images = sceneries(3)
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        first = analyse_batch(batch_of(tools, images), Options(), there)
        again = analyse_batch(batch_of(tools, images), Options(), there)
        elsewhere = analyse_batch(batch_of(tools, images[1:], before=40), Options(), there)
        assert len(service.asked) == 1
    assert replace(again, requests=1) == first, "the batch that paid counts what it paid, once, also on a second try"
    assert elsewhere.cost_usd == 0.0
    assert [(frame.source, frame.shared, frame.tokens) for frame in elsewhere.frames] == [(SOURCE, True, 0)] * 2
    assert [frame.description for frame in elsewhere.frames] == [frame.description for frame in first.frames[1:]]


def test_a_near_same_frame_of_another_video_is_not_paid_for(tools) -> None:
    images = sceneries(6, size=(1280, 720))
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        first = analyse_batch(batch_of(tools, images), Options(), there)
        anew = analyse_batch(batch_of(tools, [encoded_anew(image) for image in images], before=9), Options(), there)
        assert len(service.asked) == 1
        exact = hosted(tools, service.base_url, same=1.01)
        analyse_batch(batch_of(tools, [encoded_anew(image) for image in images], before=9), Options(), exact)
        assert len(service.asked) == 2
    assert [frame.description for frame in anew.frames] == [frame.description for frame in first.frames]
    assert anew.cost_usd == 0.0


def test_slides_that_differ_in_a_word_are_not_the_same(tools) -> None:
    """Their thumbnails are: what was read in them tells, or that nothing could be read."""
    cards = [card("Profit rose to 41 %", scale=1.0), card("Profit rose to 14 %", scale=1.0)]
    one, other = map(likeness_of, cards)
    assert one.cosine(other) > 0.98
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        for number, image in enumerate(cards):
            analyse_batch(batch_of(tools, [image], before=number), Options(), there)
        assert len(service.asked) == 2


def test_near_same_frames_of_one_batch_share_an_answer(tools) -> None:
    images = [scenery(1), scenery(2), encoded_anew(scenery(1), 80, 1.0)]
    with OpenAiService(answer=describing) as service:
        result = analyse_batch(batch_of(tools, images), Options(), hosted(tools, service.base_url))
        assert [len(asked.pictures) for asked in service.asked] == [2]
    assert result.frames[2].description == result.frames[0].description
    assert [frame.shared for frame in result.frames] == [False, False, True]
    assert sum(frame.cost_usd for frame in result.frames) == pytest.approx(result.cost_usd)


def test_partial_answers_are_kept_and_only_the_rest_is_asked_again(tools) -> None:
    batch = batch_of(tools, sceneries(3))
    with OpenAiService(chat({"pictures": [entry(2)]}), answer=None) as service:
        service.replies += [chat({"pictures": []}), chat({"pictures": [entry(1, "At last."), entry(2, "This too.")]})]
        there = hosted(tools, service.base_url)
        first = analyse_batch(batch, Options(), there)
        second = analyse_batch(batch, Options(), there)
        assert [len(asked.pictures) for asked in service.asked] == [3, 2, 2]
    assert [frame.source for frame in first.frames] == ["local", SOURCE, "local"]
    assert [frame.description for frame in second.frames] == [
        "At last.", "A thing of number 2 stands in a room.", "This too.",
    ]  # fmt: skip
    assert second.fallback is None


@pytest.mark.parametrize("changed", ["model", "address", "prompt"])
def test_answers_of_others_are_not_taken(tools, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    batch = batch_of(tools, sceneries(1))
    with OpenAiService(answer=describing) as service, OpenAiService(answer=describing) as second:
        analyse_batch(batch, Options(), hosted(tools, service.base_url))
        if changed == "prompt":
            monkeypatch.setattr(hosted_scenes, "PROMPT_VERSION", "frames-0")
        url = second.base_url if changed == "address" else service.base_url
        model = "gpt-4.1" if changed == "model" else "gpt-4.1-mini"
        analyse_batch(batch, Options(), hosted(tools, url, model=model))
        assert len(service.asked) + len(second.asked) == 2


def test_what_was_damaged_in_the_cache_is_asked_for_anew(tools) -> None:
    batch = batch_of(tools, sceneries(2))
    with OpenAiService(answer=describing) as service:
        there = hosted(tools, service.base_url)
        first = analyse_batch(batch, Options(), there)
        for path in (Path(tools.work_dir) / "cache").rglob("*"):
            if path.is_file():
                path.write_bytes(path.read_bytes()[:-7] + b"garbage")
        assert analyse_batch(batch, Options(), there) == first
        assert len(service.asked) == 2


def test_a_likeness_survives_being_kept() -> None:
    one = likeness_of(scenery(3))
    back = Likeness.from_json(one.to_json())
    assert back.cosine(one) == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(ValueError, match="576 values"):
        Likeness.from_json({**one.to_json(), "unit": "AAAAAAAA"})


@pytest.mark.parametrize(("quality", "scale"), [(60, 0.667), (40, 0.5), (85, 0.9)])
def test_a_picture_encoded_anew_is_found_under_its_address(quality: int, scale: float) -> None:
    for seed in range(20):
        image = scenery(seed, (960, 540))
        image = cv2.add(image, card(f"Line {seed}", size=(960, 540), ground=(0, 0, 0)))
        one, anew = likeness_of(image), likeness_of(encoded_anew(image, quality, scale))
        assert one.address in anew.addresses()
        assert one.cosine(anew) > 0.98
        other = likeness_of(scenery(seed + 100, (960, 540)))
        assert other.address not in one.addresses()


def test_pictures_of_one_tone_and_of_other_colours_are_not_alike() -> None:
    grey = np.full((90, 160, 3), 120, np.uint8)
    assert likeness_of(grey).cosine(likeness_of(grey)) == -1.0
    image = scenery(4)
    tinted = cv2.add(image, np.full_like(image, (60, 0, 0)))
    assert likeness_of(image).cosine(likeness_of(tinted)) == -1.0
    with pytest.raises(ValueError, match="uint8"):
        likeness_of(image[:, :, 0])
