"""The stand-in's only page: what this is, and what is in it. Counts, never a person."""

from pathlib import Path
from typing import Any

from jinja2 import Environment

TEMPLATE = Environment(autoescape=True).from_string(
    (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
)


def render(counts: dict[str, int], lists: list[dict[str, Any]], campaigns: list[dict[str, Any]]) -> str:
    """The page as HTML."""
    return TEMPLATE.render(counts=counts, lists=lists, campaigns=campaigns)
