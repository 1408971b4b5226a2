"""`bench autoscale`: a simulated day of load under the autoscaling of the Kubernetes manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from streams.cli.bench_output import check, give
from streams.cli.console import out, print_text


def autoscale(
    seed: Annotated[int, typer.Option(help="Of the arrivals.", min=0)] = 1,
    plot: Annotated[Path | None, typer.Option(help="Also draw the transcriber's day here, as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """A day of load under the ScaledObjects of ops/k8s: replicas, waiting and cost beside fleets that stay.

    KEDA and the HPA are simulated by their documented rules, on the manifests themselves; nothing is started.

    Examples:

        clipstream bench autoscale

        clipstream bench autoscale --plot autoscale.svg --json
    """
    from ops.bench.machine import describe
    from ops.k8s.plot import picture
    from ops.k8s.simulate import WORKS, compare

    check(output)
    check(plot)
    rows: list[dict[str, Any]] = []
    for work in WORKS:
        found, day = compare(work, seed)
        rows += found
        if plot is not None and work is WORKS[0]:
            plot.write_text(picture(day, f"{work.agent}: a simulated day, scaled by its ScaledObject (seed {seed})"))
    scaled = [one for one in rows if one["item"].endswith(" scaled")]
    given = {
        "bench": "autoscale",
        "machine": describe(),
        "seed": seed,
        "rows": rows,
        "pooled": {"cost_share": round(sum(one["cost_share"] for one in scaled) / len(scaled), 3)},
        "baselines": {},
    }
    give(given, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("fleet", "pods", "pod hours", "cost", "up, down", "lag", "wait p50", "p95", "most"):
        table.add_column(name, justify="left" if name == "fleet" else "right", no_wrap=True)
    for row in found["rows"]:
        table.add_row(
            row["item"],
            f"{row['replicas_min']} to {row['replicas_max']}",
            f"{row['pod_hours']:.0f}",
            f"{row['cost_share']:.0%}",
            f"{row['ups']}, {row['downs']}",
            f"{row['lag_max']:,}",
            f"{row['wait_p50_s']:.1f} s",
            f"{row['wait_p95_s']:.0f} s",
            f"{row['wait_max_s']:.0f} s",
        )
    out().print(table)
    first = found["rows"][0]["after_burst"]
    print_text("After the large submission the transcriber has " + ", ".join(f"{n} pods at {t} s" for t, n in first))


__all__ = ["autoscale"]
