"""`kafka`: Apache Kafka's own console tools, from the jars of the embedded broker."""

from __future__ import annotations

import os
import tempfile
from typing import Annotated, Final

import typer

from ops.local.downloads import ConsoleReporter
from ops.local.jars import ensure_jars
from ops.local.java import ensure_java
from streams.cli.console import print_text
from streams.connection import java_properties
from streams.reading import load_settings

TOOLS: Final = {
    "console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "topics": "org.apache.kafka.tools.TopicCommand",
    "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}
_BROKER_FLAG: Final = "--bootstrap-server"
_CONFIG_FLAG: Final = "--command-config"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        rich_help_panel="Cluster and agents",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
        no_args_is_help=True,
    )(kafka)


def kafka(context: typer.Context, tool: Annotated[str, typer.Argument(help="One of: " + ", ".join(TOOLS))]) -> None:
    """Run one of Apache Kafka's own console tools against the broker in the settings.

    Examples:

        echo '{"uri": "/videos/talk.mp4"}' | clipstream kafka console-producer --topic video-ingested

        clipstream kafka consumer-groups --list
    """
    if tool in ("-h", "--help"):  # not declared as options, so that `kafka topics --help` asks the tool
        print_text(context.get_help())
        return
    if tool not in TOOLS:
        raise typer.BadParameter(f"No tool '{tool}'. There are: {', '.join(TOOLS)}.")
    settings = load_settings()
    reporter, online = ConsoleReporter(), not settings.offline
    java = ensure_java(settings.cache_dir, reporter, allow_download=online)
    jars = ensure_jars(settings.cache_dir, reporter, allow_download=online)
    arguments = list(context.args)
    if _BROKER_FLAG not in arguments:
        arguments = [_BROKER_FLAG, settings.bootstrap_servers(), *arguments]
        if settings.security_protocol != "PLAINTEXT" and _CONFIG_FLAG not in arguments:
            arguments = [_CONFIG_FLAG, _handed_over(java_properties(settings)), *arguments]
    class_path = os.pathsep.join(str(jar) for jar in jars)
    # without this the tools log their own start to standard output
    quiet = "-Dlog4j2.level=ERROR"
    os.execv(java.path, [str(java.path), "-Xmx256m", quiet, "-cp", class_path, TOOLS[tool], *arguments])  # noqa: S606


def _handed_over(text: str) -> str:
    """A path at which the tool reads the text: a password belongs neither into a named file nor on a command line."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("client.properties", 0)
    else:
        with tempfile.TemporaryFile() as unnamed:
            number = os.dup(unnamed.fileno())
    with os.fdopen(os.dup(number), "w", encoding="utf-8") as file:
        file.write(text)
    os.lseek(number, 0, os.SEEK_SET)
    os.set_inheritable(number, True)
    return f"/dev/fd/{number}"
