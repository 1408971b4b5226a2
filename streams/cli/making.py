"""How a result was made: models, cost, and what of it the result cache answered; for `status VIDEO_ID`."""

from __future__ import annotations

from typing import Any

from schemas.messages import Segments


def how_made(result: Segments) -> dict[str, Any]:
    """What `status --json` says of one video's result."""
    run = result.run
    return {
        "generation": result.generation,
        "revision": result.revision,
        "status": result.status,
        "cost_usd": run.cost_usd,
        "models": run.models,
        "stages": {one.stage: {"computed": one.records - one.cached, "cached": one.cached} for one in run.stages},
    }


def made_told(made: dict[str, Any]) -> list[str]:
    """The same for people."""
    told = [
        f"result: generation {made['generation']}, revision {made['revision']}, {made['status']}, "
        f"{made['cost_usd']:.4f} USD",
        f"models: {', '.join(made['models']) or 'none'}",
    ]
    for kind, words in (("computed", "computed"), ("cached", "from the cache")):
        counts = [f"{stage} {one[kind]}" for stage, one in sorted(made["stages"].items()) if one[kind]]
        told.append(f"{words}: {', '.join(counts) or 'nothing'}")
    return told


__all__ = ["how_made", "made_told"]
