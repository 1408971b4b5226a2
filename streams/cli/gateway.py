"""`gateway` and `keys`: the stream over HTTP, and who may use it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import typer
from rich.table import Table

from streams.cli.console import console, escape, out, print_json, print_text
from streams.clock import SYSTEM_CLOCK
from streams.gateway.keys import SCOPES, KeyRing, Scope, create_key, keys_path, revoke_key
from streams.places import check_places
from streams.reading import load_settings

keys: Final = typer.Typer(no_args_is_help=True, help="API keys of the gateway; only their hashes are kept.")
_PANEL: Final = "Cluster and agents"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=_PANEL)(gateway)
    app.add_typer(keys, name="keys", rich_help_panel=_PANEL)


def gateway(
    host: Annotated[str | None, typer.Option(help="Address; beyond loopback only with API keys.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any that is free.", min=0, max=65_535)] = None,
) -> None:
    """Serve the HTTP interface and the page, against the broker in the settings.

    Examples:

        clipstream gateway --port 8080

        curl -d '{"uri": "/videos/talk.mp4"}' -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/videos
    """
    from streams.admin import create_topics
    from streams.gateway.server import run_gateway

    settings = load_settings(gateway_host=host, gateway_port=port)
    settings.bootstrap_servers()
    check_places(settings)
    asyncio.run(create_topics(settings))  # also says within seconds when there is no broker
    run_gateway(settings)


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who has it.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may: {', '.join(SCOPES)}; may be given repeatedly.")],
) -> None:
    """Make a key and print it, once.

    Examples:

        clipstream keys create editors --scope read --scope write
    """
    wanted: list[Scope] = []
    for one in scope:
        if one not in SCOPES:
            raise typer.BadParameter(f"No scope '{one}'. There are: {', '.join(SCOPES)}.", param_hint="--scope")
        wanted.append(one)
    settings = load_settings()
    token = create_key(keys_path(settings), name, tuple(wanted), SYSTEM_CLOCK.now_ms())
    console.print("It is shown this once; only its hash is kept.")
    print_text(token)


@keys.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Names and scopes of the keys."""
    found = KeyRing(keys_path(load_settings())).keys()
    if as_json:
        listed = [{"name": key.name, "scopes": key.scopes, "created_at_ms": key.created_at_ms} for key in found]
        print_json({"keys": listed})
        return
    table = Table("name", "scopes", box=None, header_style="bold", pad_edge=False)
    for key in found:
        table.add_row(escape(key.name), ", ".join(key.scopes))
    out().print(table)


@keys.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="Whose key.")]) -> None:
    """Remove a key; gateways that run refuse it from their next request on."""
    path = keys_path(load_settings())
    revoke_key(path, name)
    console.print(f"The key '{escape(name)}' is gone.")
    if not KeyRing(path).keys():
        console.print(
            "It was the last one: the gateway answers nobody until there is another one. To have it answer everybody "
            f"on this machine again, remove {escape(str(path))} and start it anew.",
            soft_wrap=True,
        )


__all__ = ["register"]
