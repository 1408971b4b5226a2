"""`bench mix` and `bench diarization`: made-up talks with known speakers, and how well they are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.table import Table

from processors.errors import InvalidMessage
from streams.cli.bench_output import FORM, check, give
from streams.cli.console import console, out, print_json, print_text
from streams.cli.reporting import check_writable
from streams.reading import load_settings

_PERCENT: Final = ".1%"
Data = Annotated[Path, typer.Option(help=f"Folder with folders of clips, a truth.json with speakers in each. {FORM}")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(commands: typer.Typer) -> None:
    """Add the commands to `bench`."""
    commands.command()(mix)
    commands.command()(diarization)


def mix(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for NAME.wav, NAME.rttm, NAME.truth.json.")],
    seed: Annotated[int, typer.Option(help="Another seed, another talk.", min=0)] = 1,
    count: Annotated[int, typer.Option(help="How many; seeds count on.", min=1, max=1_000)] = 1,
    speakers: Annotated[int, typer.Option(help="2 to 5 in turn, as there are, when 0.", min=0, max=20)] = 0,
    seconds: Annotated[float, typer.Option(help="About this long.", min=5.0, max=36_000.0)] = 120.0,
    overlap: Annotated[float, typer.Option(help="Share of turns that begin too early.", min=0.0, max=1.0)] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Make talks of several people with known turns from folders of read speech.

    Examples:

        clipstream bench mix --data ./speech --seed 7 --speakers 3 -o ./mixes
    """
    from ops.bench.mix import make_mix, voices_in_folders
    from processors.segments.formats import rttm
    from processors.speech.wav import to_wav

    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.")
    voices = voices_in_folders(data)
    check_writable(output / "talk.wav", "a talk as")
    made: list[dict[str, Any]] = []
    for number in range(count):
        people = speakers or min(2 + number % 4, len(voices))
        talk = make_mix(voices, seed + number, people, seconds, overlap)
        place = output / talk.name
        place.with_suffix(".wav").write_bytes(to_wav(talk.samples))
        place.with_suffix(".rttm").write_text(rttm(talk.turns, talk.name), encoding="utf-8")
        truth = {"duration_ms": len(talk.samples) // 16, "speakers": talk.speakers, "speech": talk.turns}
        place.with_suffix(".truth.json").write_bytes(orjson.dumps(truth, option=orjson.OPT_INDENT_2))
        made.append({"wav": str(place.with_suffix(".wav")), "speakers": talk.speakers, "turns": len(talk.turns)})
    if as_json:
        print_json({"mixes": made})
    else:
        for entry in made:
            print_text(f"{entry['wav']}: {len(entry['speakers'])} speakers, {entry['turns']} turns")


def diarization(
    data: Data,
    seed: Annotated[int, typer.Option(help="Of the mixes.", min=0)] = 1,
    as_json: AsJson = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Diarization error rate on 12 made-up talks and on labelled samples, beside two baselines.

    Examples:

        clipstream bench diarization --data ./speech --json -o diarization.json
    """
    from ops.bench.diarization import run_alone

    check(output)
    if not data.is_dir():
        raise InvalidMessage(f"There is no folder {data}.")
    found = run_alone(data, seed, load_settings())
    give(found, as_json, output, _print)


def _print(found: dict[str, Any]) -> None:
    machine = found["machine"]
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}, seed {found['seed']}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    names = (
        "recording",
        "speakers",
        "found",
        "DER",
        "no collar",
        "whole file",
        "average linkage",
        "one speaker",
        "RTF",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "recording" else "right")
    for row in found["rows"]:
        table.add_row(row["item"], str(row["speakers"]), str(row["found"]["chunked"]), *_rates(row))
    for name, pooled in found["pooled"].items():
        right = f"{pooled['chunked']['right_number']} right"
        table.add_row(name, f"{pooled['items']} items", right, *_rates(pooled), style="bold")
    out().print(table)


def _rates(row: dict[str, Any]) -> list[str]:
    ways = ("chunked", "whole", "average_linkage", "one_speaker")
    wide, *others = [format(row[way]["collar_250_ms"]["der"], _PERCENT) for way in ways]
    narrow = format(row["chunked"]["collar_0_ms"]["der"], _PERCENT)
    return [wide, narrow, *others, f"{row['real_time_factor']:.4f}"]


__all__ = ["register"]
