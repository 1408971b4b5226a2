"""The runbooks' form, how their commands are read, and that transcripts are of the pages as they stand."""

from __future__ import annotations

import importlib.util
import re

import pytest

from ops.runbooks import page as pages
from ops.runbooks.page import PageWrong, call_of, parse
from ops.runbooks.runner import Book, ScenarioFailed
from ops.runbooks.transcript import PROJECT, Transcript, commands_in

TRANSCRIPTS = PROJECT / "docs" / "runbooks"
NOT_RUN: set[str] = set()  # pages that wait for their first whole run: `make runbooks`
HEADINGS = ["Symptoms", "How to be sure", "What to do", "How to see that it worked", "What not to do"]
PAGE = """# A page

```console run=first
$ python -c 'print("abc", 7)'
abc ...
```

1. In a list:

   ```console run=second
   # a remark
   $ python -c 'import sys; sys.exit(int(sys.argv[1]))' EXIT_CODE
   ```

```console
$ kubectl get pods
```
"""


def book_of(text: str, tmp_path) -> tuple[Book, Transcript]:
    transcript = Transcript(lambda: 1.5, {str(tmp_path): "<folder>"}, lambda _: None)
    return Book(parse("a-page", text), tmp_path, transcript), transcript


def test_a_page_is_read():
    page = parse("a-page", PAGE)
    assert list(page.steps) == ["first", "second"]
    assert page.steps["first"][0].prints == ("abc ...",)
    assert page.steps["second"][0].text.endswith("EXIT_CODE")
    assert [command.text for command in page.elsewhere] == ["kubectl get pods"]


def test_blocks_of_one_name_are_refused():
    with pytest.raises(PageWrong, match="two of that name"):
        parse("a-page", PAGE + PAGE)


def test_a_step_runs_the_commands_of_the_page(tmp_path):
    book, transcript = book_of(PAGE, tmp_path)
    (said,) = book.run("first")
    assert (said.code, said.out) == (0, "abc 7\n")
    assert book.unused() == ["second"]
    with pytest.raises(PageWrong, match="bound to EXIT_CODE"):
        book.run("second")
    book.bind(EXIT_CODE=3)
    book.run("second", code=3)
    with pytest.raises(ScenarioFailed, match="ends with 0, not 3"):
        book.run("second")
    assert book.unused() == []
    first, second = book.page.steps["first"][0], book.page.steps["second"][0]
    told = commands_in(transcript.text())
    assert told[0] == first.text
    assert second.pattern().fullmatch(told[1])
    assert not first.pattern().fullmatch(told[1])


def test_a_command_that_prints_something_else_than_the_page_shows_fails(tmp_path):
    book, transcript = book_of(PAGE.replace("abc ...", "abd ..."), tmp_path)
    with pytest.raises(ScenarioFailed, match="prints `abd"):
        book.run("first")
    assert "NOT " in transcript.text()


def test_a_command_that_takes_too_long_fails(tmp_path):
    book, _ = book_of("```console run=long\n$ python -c 'import time; time.sleep(60)'\n```\n", tmp_path)
    with pytest.raises(ScenarioFailed, match=r"ends within 0 s"):
        book.run("long", limit_s=0.2)


def test_what_a_page_starts_in_the_background_is_ended(tmp_path):
    book, _ = book_of("```console run=on\n$ python -c 'import time; time.sleep(60)' &\n```\n", tmp_path)
    book.run("on")
    book.until("it runs", lambda: len(book.processes()) == 1, 20)
    book.end()
    book.until("it was ended", lambda: not book.processes(), 20)


def test_paths_of_the_machine_are_not_told(tmp_path):
    _, transcript = book_of(PAGE, tmp_path)
    transcript.output(f"\x1b[31m{tmp_path}/data/logs\x1b[0m\n" + "line\n" * 100)
    assert "<folder>/data/logs\n" in transcript.text()
    assert "(61 more lines)" in transcript.text()
    short = Transcript(lambda: 0.0, {"vm": "<host>"}, lambda _: None)
    short.output("at vm, by jvm")
    assert "at <host>, by jvm" in short.text()


@pytest.mark.parametrize(
    "text", ["a | b", "a > b", "a && b", "a; b", "a $(b)", "a `b`", "& a", "(a)", "A=1", ""], ids=lambda text: text
)
def test_what_needs_a_shell_is_refused(text):
    with pytest.raises(PageWrong, match="needs a shell"):
        call_of(text)


def test_a_call_has_words_and_variables():
    call = call_of("CLIPSTREAM_GC_DAYS=0 clipstream gc --days '1 2' &")
    assert call.words == ("clipstream", "gc", "--days", "1 2")
    assert (dict(call.environment), call.background) == ({"CLIPSTREAM_GC_DAYS": "0"}, True)


@pytest.mark.parametrize("name", pages.names())
def test_a_runbook_has_its_parts(name):
    page = pages.read(name)
    assert re.findall(r"^## (.*)$", page.text, re.MULTILINE) == HEADINGS
    assert f"(../../docs/runbooks/{name}.txt)" in page.text
    for target in re.findall(r"\]\(([^)#]+\.(?:md|txt))", page.text):
        if name in NOT_RUN and target.endswith(f"{name}.txt"):
            continue
        assert (pages.FOLDER / target).resolve().is_file(), target
    assert importlib.util.find_spec(f"ops.runbooks.scenarios.{name.replace('-', '_')}")


@pytest.mark.parametrize("name", pages.names())
def test_commands_of_a_runbook_need_no_shell_and_are_run_unless_they_are_for_containers(name):
    page = pages.read(name)
    for command in (one for step in page.steps.values() for one in step):
        call_of(command.text)
    assert page.steps
    for command in page.elsewhere:
        assert call_of(command.text).words[0] in ("docker", "kubectl"), command.text


@pytest.mark.parametrize("name", [name for name in pages.names() if name not in NOT_RUN])
def test_the_transcript_is_of_the_page_as_it_stands(name):
    page = pages.read(name)
    path = TRANSCRIPTS / f"{name}.txt"
    told = commands_in(path.read_text(encoding="utf-8"))
    patterns = [one.pattern() for step in page.steps.values() for one in step]
    unknown = [text for text in told if not any(pattern.fullmatch(text) for pattern in patterns)]
    assert unknown == [], f"{path} is of an older page: `make runbooks` runs it anew"
    assert all(any(pattern.fullmatch(text) for text in told) for pattern in patterns)
    assert "NOT " not in path.read_text(encoding="utf-8")


def test_there_is_a_page_for_each_scenario_and_no_transcript_of_another():
    scenarios = {path.stem.replace("_", "-") for path in (pages.FOLDER / "scenarios").glob("[a-z]*.py")}
    assert scenarios == set(pages.names())
    assert {path.stem for path in TRANSCRIPTS.glob("*.txt")} == scenarios - NOT_RUN
