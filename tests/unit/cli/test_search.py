"""What a search shows: what was found in bold, and texts as they are, whatever characters they have."""

from __future__ import annotations

import pytest
from rich.console import Console

from streams.cli.search import marked
from streams.database.search import MARK_END, MARK_START


@pytest.mark.parametrize(
    ("text", "shown", "bold"),
    [
        (f"a {MARK_START}tide{MARK_END} and a {MARK_START}moon{MARK_END}.", "a tide and a moon.", ["tide", "moon"]),
        (f"one {MARK_END} alone", f"one {MARK_END} alone", []),
        (f"one {MARK_START} alone", f"one {MARK_START} alone", []),
        (f"path C:\\{MARK_START}word{MARK_END}", "path C:\\word", ["word"]),
        (f"[bold]no markup[/] {MARK_START}[/red]{MARK_END}", "[bold]no markup[/] [/red]", ["[/red]"]),
        ("a\x1b[31mred", "a[31mred", []),
        ("", "", []),
    ],
)  # fmt: skip
def test_what_was_found_is_bold_and_the_text_is_as_it_is(text, shown, bold):
    made = marked(text)
    assert made.plain == shown
    assert [made.plain[span.start : span.end] for span in made.spans if span.style == "bold"] == bold
    console = Console(width=200)
    with console.capture() as printed:
        console.print(made)
    assert printed.get().strip() == shown
