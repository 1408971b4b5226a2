"""`bench asr`: recognition beside faster-whisper's defaults, and the profiles beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.bench_output import FORM, check, give
from streams.cli.console import console, out, print_text
from streams.cli.process import SAMPLE
from streams.reading import load_settings


def asr(
    data: Annotated[Path, typer.Option(help=f"Folder with one folder an item, media with truth beside it. {FORM}")],
    model: Annotated[str, typer.Option(help="Recogniser of both sides.")] = "base",
    profiles: Annotated[
        bool, typer.Option("--profiles", help="Instead: fast, balanced and best with the models of the settings.")
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Also count invented words in 10 minutes each of music, noise, silence.")
    ] = False,
    baseline: Annotated[
        Literal["default", "int8"], typer.Option(help="Numbers of the baseline: the library's default, or ours.")
    ] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Speech recognised whole by faster-whisper's defaults and in chunks by clipstream: words wrong, lost, speed.

    Examples:

        clipstream bench asr --data folder --model tiny.en

        clipstream bench asr --data folder --profiles
    """
    from ops.bench.asr import PROFILES, run, run_profiles
    from streams.cli.embedded import pull_models

    check(output)
    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.")
    if profiles:
        settings = load_settings()
        pull_models(settings, PROFILES)
        give(run_profiles(data.absolute(), SAMPLE, settings), as_json, output, _print_profiles)
        return
    settings = load_settings(asr_model=model)
    pull_models(settings, {"balanced"})
    give(run(data.absolute(), model, SAMPLE, settings, baseline, empty), as_json, output, _print)


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    return table


def _head(found: dict[str, Any]) -> None:
    machine, layout = found["machine"], found["layout"]
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}; "
        f"{layout['processes']} processes, {layout['threads']} threads each"
    )


def _print(found: dict[str, Any]) -> None:
    _head(found)
    table = _table("item", "words", "WER (whole)", "lost (whole)", "ratio", "languages")
    for row in found["rows"]:
        table.add_row(
            row["item"].rpartition("/")[2],
            str(row["reference_words"]),
            f"{row['wer']:.1%} ({row['naive_wer']:.1%})" if "wer" in row else "-",
            f"{row['lost']} ({row['naive_lost']})" if "lost" in row else "-",
            f"{row['ratio']:.2f}",
            f"{row['language_right']}/{row['language_segments']}",
        )
    out().print(table)
    pooled = found["pooled"]
    for name, base in found["baselines"].items():
        print_text(
            f"{found['model']}: WER {pooled['wer']:.1%}, {pooled['lost']} of {pooled['reference_words']} words lost; "
            f"{name}: {base['wer']:.1%}, {base['lost']} lost\n"
            f"{pooled['ratio']:.2f} times as fast ({pooled['processor_ratio']:.2f} by processor time), "
            f"{pooled['real_time']} times real time, {pooled['cores_used']:.0%} of the cores used\n"
            f"speech outside chunks {pooled['uncovered_ms']} ms; languages right {pooled['language_accuracy']:.1%} of "
            f"{pooled['language_segments']}\n"
            f"largest child {pooled['memory_mb']['largest_child']} MB, all {pooled['memory_mb']['all_children']} MB; "
            f"{name} {base['memory_mb']} MB"
        )
    for row in found.get("empty", []):
        print_text(
            f"{row['item']}, {row['seconds_of_sound']} s: {row['words']} words invented {row['text'][:60]} "
            f"({row['naive_words']} by the other side)"
        )


def _print_profiles(found: dict[str, Any]) -> None:
    _head(found)
    table = _table("profile", "WER", "lost", "s", "x real time", "largest child", "models")
    for row in found["rows"]:
        table.add_row(
            row["item"],
            f"{row['wer']:.1%}",
            str(row["lost"]),
            f"{row['seconds']:.1f}",
            str(row["real_time"]),
            f"{row['memory_mb']['largest_child']} MB",
            ", ".join(f"{name}: {count}" for name, count in row["models"].items()),
        )
    out().print(table)


__all__ = ["asr"]
