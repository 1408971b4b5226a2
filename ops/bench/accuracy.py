"""What clipstream's shortcuts cost in accuracy: its words, shots and segments beside those of the naive pipeline.

Clipstream leaves out silence, pictures that show nothing new and frames that nothing refers to. What is kept is the
share of the naive pipeline's accuracy, by the same truth: above 1 where clipstream is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ops.bench.segments_metrics import IOU, iou
from ops.bench.shot_truth import Agreement, Film, agreement
from ops.bench.shots import step_ms
from processors.domain import Span

# Pictures that a boundary may lie beside the known one, as in `bench shots`.
TOLERANCE: Final = 2
DEPTH: Final = 10
DECIMALS: Final = 4


def words_kept(wrong: float, naive_wrong: float) -> float | None:
    """Share of right words against the naive share.

    Args:
        wrong, naive_wrong: word error rates, >= 0; above 1 where more words were made up than there are.

    Returns:
        None where the naive pipeline has nothing right.
    """
    naive = max(0.0, 1.0 - naive_wrong)
    return round(max(0.0, 1.0 - wrong) / naive, DECIMALS) if naive > 0 else None


def shots_kept(film: Film, found_ms: Sequence[int], naive_ms: Sequence[int]) -> dict[str, Any]:
    """F1 of both on a film whose transitions are known."""
    within_ms = TOLERANCE * step_ms(film.path)
    ours, naive = (agreement(film, times, within_ms) for times in (found_ms, naive_ms))
    return {"f1": round(ours.f1, DECIMALS), "naive_f1": round(naive.f1, DECIMALS), **kept_of(ours, naive)}


def kept_of(ours: Agreement, naive: Agreement) -> dict[str, float | None]:
    """Our F1 as a share of the naive one; None where that is 0."""
    return {"kept": round(ours.f1 / naive.f1, DECIMALS) if naive.f1 > 0 else None}


def spans_kept(segments: Sequence[Span], naive: Sequence[Span]) -> dict[str, Any]:
    """How many of the naive pipeline's segments are among ours.

    Args:
        segments, naive: best first; the first ten count.
    """
    nearest = [max((iou(one, other) for other in segments[:DEPTH]), default=0.0) for one in naive[:DEPTH]]
    return {
        "segments": len(segments[:DEPTH]),
        "naive_segments": len(nearest),
        "mean_best_iou": round(sum(nearest) / len(nearest), DECIMALS) if nearest else None,
        "found": round(sum(near >= IOU for near in nearest) / len(nearest), DECIMALS) if nearest else None,
    }


def highlights_kept(segments: Sequence[Span], naive: Sequence[Span], known: Sequence[Span]) -> dict[str, Any]:
    """How near the segments of both come to the highlights that are known.

    Args:
        segments, naive: best first; the first ten count.
        known: at least one.
    """

    def near(chosen: Sequence[Span]) -> float:
        return sum(max((iou(one, span) for one in chosen[:DEPTH]), default=0.0) for span in known) / len(known)

    return {
        "highlights": len(known),
        "best_iou": round(near(segments), DECIMALS),
        "naive_best_iou": round(near(naive), DECIMALS),
    }


def pooled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several videos: words by how many were spoken, segments by how many there are, F1 as a mean of the films."""
    spoken = [row for row in rows if "wer" in row]
    known = [row["shots_accuracy"] for row in rows if row.get("shots_accuracy") is not None]
    chosen = [row["spans_accuracy"] for row in rows if row["spans_accuracy"]["naive_segments"]]
    counts = [row["wer"]["reference_words"] for row in spoken]
    wrong, naive_wrong = (_mean([row[name]["all"] for row in spoken], counts) for name in ("wer", "naive_wer"))
    sizes = [row["naive_segments"] for row in chosen]
    films = [row["highlights_accuracy"] for row in rows if row.get("highlights_accuracy") is not None]
    marked = [row["highlights"] for row in films]
    near, naive_near = (_mean([row[name] for row in films], marked) for name in ("best_iou", "naive_best_iou"))
    f1, naive_f1 = (_mean([row[name] for row in known], [1] * len(known)) for name in ("f1", "naive_f1"))
    return {
        "wer": wrong,
        "naive_wer": naive_wrong,
        "words_kept": None if wrong is None or naive_wrong is None else words_kept(wrong, naive_wrong),
        "shots_f1": f1,
        "naive_shots_f1": naive_f1,
        "shots_kept": round(f1 / naive_f1, DECIMALS) if f1 is not None and naive_f1 else None,
        "spans_mean_best_iou": _mean([row["mean_best_iou"] for row in chosen], sizes),
        "spans_found": _mean([row["found"] for row in chosen], sizes),
        "spans_found_with_our_words": _mean([row["found_with_our_words"] for row in chosen], sizes),
        "spans_found_with_our_pictures": _mean([row["found_with_our_pictures"] for row in chosen], sizes),
        "naive_segments": sum(sizes),
        "highlights": sum(marked),
        "highlights_best_iou": near,
        "naive_highlights_best_iou": naive_near,
        "highlights_kept": round(near / naive_near, DECIMALS) if near is not None and naive_near else None,
    }


def _mean(values: Sequence[float], weights: Sequence[int]) -> float | None:
    total = sum(weights)
    pairs = zip(values, weights, strict=True)
    return round(sum(value * weight for value, weight in pairs) / total, DECIMALS) if total else None


__all__ = ["DEPTH", "TOLERANCE", "highlights_kept", "kept_of", "pooled", "shots_kept", "spans_kept", "words_kept"]
