"""Renders a result as one HTML file.

The file loads nothing: styles, timeline and pictures are inside, scripts there are none, and a content security policy
forbids the browser to fetch anything. Every text of the result is escaped and isolated, so a title cannot become
markup nor turn the text around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from processors.domain import Document
from processors.report.pictures import Pictures
from processors.report.source import document_of
from processors.report.view import build_view


def render_report(
    result: Mapping[str, Any], image: Callable[[str], bytes | None], document: Document | None = None
) -> str:
    """Render a report.

    Args:
        result: a result in JSON, record and document merged. Absent keys are passed over.
        image: the bytes of a picture by the URI that stands in the result, None when it is not there.
        document: the document itself, which also has the interest curve; read from `result` when None.

    Returns:
        A complete HTML document.
    """
    view = build_view(result, document_of(result) if document is None else document, Pictures(image))
    return _template().render(report=view)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("processors.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


__all__ = ["render_report"]
