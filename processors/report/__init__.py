"""The report: one HTML file that shows a result to people, readable offline."""

from __future__ import annotations

from processors.report.render import render_report

__all__ = ["render_report"]
