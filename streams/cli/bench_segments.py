"""`bench segments`: ranked segments beside what people marked, and beside simple ways to choose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from streams.cli.bench_output import FORM, check, give
from streams.cli.console import console, escape, out, print_text
from streams.hosted_services import hosted_text
from streams.reading import load_settings

# In the order of `METRICS` of the bench, in words that fit a terminal.
_NAMES: Final = {
    "map": "mAP",
    "best_iou": "best IoU of a span",
    "starts_on_sentence": "starts on sentence",
    "ends_on_sentence": "ends on sentence",
    "words_cut": "words cut a segment",
}
_FEWER: Final = frozenset({"words_cut"})  # metrics of which less is better
_NAME_WIDTH: Final = 30
_WIDTH: Final = 140  # of the tables: figures that are cut off say nothing, lines that a narrow terminal folds do


def segments(
    data: Annotated[
        Path,
        typer.Option(
            help=f"Folder with NAME.highlights.json beside transcripts or media, or meetings of QMSum's form. {FORM}"
        ),
    ],
    model: Annotated[str | None, typer.Option(help="Recogniser of media; without it the usual one.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random segments and of the intervals.", min=0)] = 0,
    half: Annotated[
        Literal["both", "even", "odd"],
        typer.Option(help="Items by number: tune on the even ones, and report the odd ones."),
    ] = "both",
    llm: Annotated[
        bool,
        typer.Option("--llm", help="The language model of the settings instead of its stand-in (TEXT_BACKEND=openai)."),
    ] = False,
    ablate: Annotated[bool, typer.Option("--ablate", help="Rank once more without each signal.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Reliability of the confidence, as a PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Ranked segments against spans that people marked: found among the first k, edges on sentences.

    Beside them, with segments of the same lengths: random ones, even spacing, the loudest, the densest speech,
    TextTiling's topics, our own candidates by lot; and what a language model names by the whole transcript, for which
    a stand-in answers by keyword density. With intervals.

    Examples:

        clipstream bench segments --data meetings

        clipstream bench segments --data meetings --half odd

        clipstream bench segments --data talks --ablate --plot reliability.png

        clipstream bench segments --data folder --model tiny.en --json -o segments.json

        CLIPSTREAM_TEXT_BACKEND=openai clipstream bench segments --data meetings --llm
    """
    from ops.bench.segments import run
    from ops.bench.segments_calibration import draw

    check(output)
    check(plot)
    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.", "Name a folder that is there with --data.")
    settings = load_settings(asr_model=model) if model else load_settings()
    hosted = hosted_text(settings, 1) if llm else None
    if llm and hosted is None:
        raise InvalidMessage("No language model is set.", "Set CLIPSTREAM_TEXT_BACKEND=openai and its key.")
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        found = run(
            data.absolute(),
            models,
            settings.asr_model,
            settings.threads,
            seed,
            half=half,
            hosted=hosted,
            ablate=ablate,
            on_item=lambda name, done, total: bar.update(
                task, description=escape(name[:_NAME_WIDTH]), completed=done, total=total
            ),
        )
    if plot is not None and found["calibration"]["n"]:
        draw(found["calibration"], plot)
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    from ops.bench.segments_metrics import METRICS

    pooled = found["pooled"]
    known = {
        name: row for name, row in found["baselines"].items() if any(row[metric] is not None for metric in METRICS)
    }
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))  # 100 columns hold all of it
    table.add_column("", no_wrap=True)
    for name in ("clipstream", *known):
        table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for metric in METRICS:
        ours = f"{_figure(pooled[metric])} {_interval(pooled['intervals'][metric])}"
        theirs = (f"{_figure(row[metric])}{_verdict(metric, row['difference'][metric])}" for row in known.values())
        table.add_row(_NAMES.get(metric, metric), ours, *theirs)
    _wide().print(table)
    print_text(
        f"Items: {pooled['items']}, segments: {pooled['segments']}, marked spans: {pooled['spans']} "
        f"({pooled['marked']:.0%} of the time), of which {pooled['spans_in_reach']} have\na length that a segment of "
        f"{pooled['min_segment_ms'] / 1000:.0f} to {pooled['max_segment_ms'] / 1000:.0f} s can match.\n"
        f"Some candidate finds {pooled['candidates_recall']:.1%} of the spans; best IoU of a span among all: "
        f"{pooled['candidates_best_iou']:.3f}.\n"
        "[]: 95 % of bootstraps over the items. +: ours is better, -: worse, and the difference's interval\n"
        "does not hold 0; no sign also where one side is the same on all items.\n"
        f"shuffled: our candidates by lot. random, shuffled: means of {found['random_draws']} draws.\n"
        + ("llm stand-in: no language model; it answers by keyword density." if "llm stand-in" in known else "")
    )
    calibrated = found["calibration"]
    if calibrated["n"]:
        print_text(
            f"Confidence: of {calibrated['n']} segments {calibrated['right']:.0%} are right (half or more is marked);\n"
            f"expected calibration error {calibrated['ece']:.3f}, Brier score {calibrated['brier']:.3f}."
        )
    if ablated := found.get("ablation"):
        _print_ablation(ablated)
    if unknown := [name for name in found["baselines"] if name not in known]:
        print_text(f"Not known on these items (no loudness, no measured times): {', '.join(unknown)}.")


def _wide() -> Console:
    console = out()
    console.width = max(console.width, _WIDTH)
    return console


def _print_ablation(ablated: dict[str, Any]) -> None:
    measures = [name for name in next(iter(ablated.values())) if name not in ("weight", "there", "changed")]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("without", no_wrap=True)
    for name in ("weight", "items", "changed", *measures):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in ablated.items():
        if row["there"]:
            losses = (f"{-row[measure]:+.3f}" for measure in measures)
            table.add_row(name, f"{row['weight']:.3f}", str(row["there"]), f"{row['changed']:.0%}", *losses)
    _wide().print(table)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(bounds: list[float] | None) -> str:
    return "" if bounds is None else f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"


def _verdict(metric: str, difference: dict[str, Any]) -> str:
    """One character: whether ours is better or worse beyond chance."""
    bounds = difference["interval"]
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return " "
    return "+" if (bounds[0] > 0) != (metric in _FEWER) else "-"


__all__ = ["segments"]
