"""What a vision service is asked about videos, and what that costs, beside one picture a second, each on its own.

The pictures go over the real path to a service on loopback that counts them. Tokens of text are bytes by four, of
pictures by the model's rule; of an answer, 110 for each picture: a sentence of 20 words, six labels and their form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ops.bench.machine import describe
from ops.bench.vision_service import Sent, VisionService
from processors.blobs import BlobStore
from processors.domain import MAX_BATCH_FRAMES, ExtractionEnd, FrameBatch
from processors.models.store import ModelStore
from processors.options import Options
from processors.service import HostedVision, ScenesPlace, ServiceConfig, forget_clients
from processors.service.cost import token_price, tokens_usd
from processors.tools import Tools
from processors.vision.analyse import analyse_batch
from processors.vision.extract import LONGEST_SIDE, extract_frames
from processors.vision.hosted_images import rule_of
from processors.vision.pixels import fit
from streams.settings import Settings

BYTES_PER_TOKEN: Final = 4
ANSWER_TOKENS: Final = 110
_PLAIN_NOTE_BYTES: Final = 20  # "Picture 1, at 0:12."
OnVideo = Callable[[int, int], None]
Price = tuple[float, float]


def run(videos: Sequence[Path], settings: Settings, on_video: OnVideo = lambda done, total: None) -> dict[str, Any]:
    """Send the pictures of videos.

    Args:
        videos: media files.
        settings: model and its price; where weights are.
        on_video: told how many are done, and how many there are.

    Raises:
        InvalidMedia: a file is no media.
    """
    model = settings.vision_openai_model
    known = token_price(model, settings.vision_prices)
    price = known or (0.0, 0.0)
    rows = []
    local: dict[str, int] = {}  # frames that the service was not asked about, by the reason
    with TemporaryDirectory() as folder, VisionService(model) as service:
        place = ScenesPlace(str(Path(folder) / "scenes"))
        config = ServiceConfig(service.base_url, "none", settings.openai_timeout_s)
        hosted = HostedVision(
            config,
            model,
            price,
            max_frames=settings.vision_max_frames,
            similarity=settings.vision_similarity,
            same=settings.vision_same,
            scenes=place,
        )
        models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
        # pictures are packed as for a user who has a service, whose settings may name none here
        selection = replace(settings.selection, batch=MAX_BATCH_FRAMES)
        tools = Tools(
            BlobStore(str(Path(folder) / "blobs")),
            models,
            1,
            None,
            Path(folder),
            hosted_vision=hosted,
            selection=selection,
        )
        for number, video in enumerate(videos):
            batches, length_ms = _extracted(video, tools)
            before = len(service.sent)
            for batch in batches:
                for frame in analyse_batch(batch, Options(), tools).frames:
                    if frame.reason is not None:
                        local[frame.reason] = local.get(frame.reason, 0) + 1
            sent = service.sent[before:]
            for batch in batches:
                analyse_batch(batch, Options(), tools)
            again = len(service.sent) - before - len(sent)
            rows.append({"item": video.name, **_row(batches, length_ms, sent, again, model, price)})
            on_video(number + 1, len(videos))
        forget_clients()
    return {
        "bench": "vision",
        "machine": describe(),
        "model": model,
        "price": known,
        "not_asked": local,
        "rows": rows,
        **_pooled(rows),
    }


def _extracted(video: Path, tools: Tools) -> tuple[list[FrameBatch], int]:
    batches: list[FrameBatch] = []
    length_ms = 0
    for found in extract_frames(video, Options(), tools):
        if isinstance(found, ExtractionEnd):
            length_ms = found.duration_ms or 0
        else:
            batches.append(found)
    return batches, length_ms


def _row(
    batches: Sequence[FrameBatch], length_ms: int, sent: Sequence[Sent], again: int, model: str, price: Price
) -> dict[str, Any]:
    frames = [frame for batch in batches for frame in batch.frames]
    seconds = math.ceil(length_ms / 1000)
    fixed = sent[0].fixed_bytes if sent else 0
    whole = 0  # tokens of a picture of this video as it is stored, in high detail
    if frames:
        size = fit(frames[0].width, frames[0].height, LONGEST_SIDE)
        whole = rule_of(model).tokens(*size, "high")
    pictures = [
        (note, tokens)
        for one in sent
        for note, tokens in zip(one.note_bytes, one.picture_tokens, strict=True)
    ]  # fmt: skip
    usd = sum(_usd(one.fixed_bytes, one.note_bytes, one.picture_tokens, price) for one in sent)
    alone = sum(_usd(fixed, [note], [tokens], price) for note, tokens in pictures)
    unscaled = sum(_usd(fixed, [note], [whole], price) for note, _ in pictures)
    naive = seconds * _usd(fixed, [_PLAIN_NOTE_BYTES], [whole], price)
    told = sum(_usd(fixed, [], [], price) for _ in pictures)
    return {
        "seconds": seconds,
        "frames": len(frames),
        "pictures_sent": len(pictures),
        "requests": len(sent),
        "requests_again": again,
        "largest_request": max((len(one.picture_tokens) for one in sent), default=0),
        "usd": round(usd, 6),
        "usd_one_a_request": round(alone, 6),
        "usd_one_a_request_unscaled": round(unscaled, 6),
        "usd_one_a_request_fixed": round(told, 6),
        "usd_naive": round(naive, 6),
    }


def _usd(fixed_bytes: int, note_bytes: Sequence[int], picture_tokens: Sequence[int], price: Price) -> float:
    sent = (fixed_bytes + sum(note_bytes)) // BYTES_PER_TOKEN + sum(picture_tokens)
    return tokens_usd(sent, ANSWER_TOKENS * len(picture_tokens), price)


def _pooled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total = {name: sum(row[name] for row in rows) for name in rows[0] if name not in ("item", "largest_request")}

    def less(ours: str, theirs: str) -> float:
        return round(1 - total[ours] / total[theirs], 4) if total[theirs] else 0.0

    alone = total["usd_one_a_request"]
    # what batching shares is the text that is the same in every request; pictures, notes and answers are paid for each
    fixed_part = round(total["usd_one_a_request_fixed"] / alone, 4) if alone else 0.0
    pooled = {
        **{name: round(value, 6) for name, value in total.items()},
        "largest_request": max(row["largest_request"] for row in rows),
        "fewer_requests": less("requests", "seconds"),
        "fewer_pictures": less("pictures_sent", "seconds"),
        "saved": less("usd", "usd_naive"),
        "saved_by_choosing": less("usd_one_a_request_unscaled", "usd_naive"),
        "saved_by_scaling": less("usd_one_a_request", "usd_one_a_request_unscaled"),
        "saved_by_batching": less("usd", "usd_one_a_request"),
        "requests_saved_by_batching": less("requests", "pictures_sent"),
        "most_that_batching_saves": fixed_part,
    }
    naive = {"requests": total["seconds"], "pictures_sent": total["seconds"], "usd": round(total["usd_naive"], 6)}
    return {"pooled": pooled, "baselines": {"one picture a second": naive}}


__all__ = ["run"]
