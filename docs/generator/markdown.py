"""Headings, tables and anchors of Markdown as GitHub shows it."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

NOTE = "<!-- Written by `make reference` from the code: change it there. -->"


def page(title: str, *parts: str) -> str:
    """A whole page; parts without a text are left out."""
    return "\n\n".join([NOTE, f"# {title}", *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where there are no rows; columns without any text are left out."""
    lines = [list(row) for row in rows]
    kept = [n for n in range(len(head)) if any(row[n] for row in lines)]
    if not lines:
        return ""
    every = [list(head), ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell(row[n]) for n in kept) + " |" for row in every)


def cell(text: str) -> str:
    """One line, in which no sign ends the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", prose(text))


def prose(text: str | None) -> str:
    """A docstring as one line."""
    return " ".join((text or "").split())


def first(text: str | None) -> str:
    """The first sentence or line of a docstring, as one line."""
    return prose((text or "").strip().split("\n\n")[0])


def sentence(text: str | None) -> str:
    """The first sentence of a docstring."""
    found = re.match(r".*?\.(?=\s|$)", prose(text))
    return found[0] if found else prose(text)


def code(value: Any) -> str:
    """A value as a document writes it: `true`, `[]`, `after_evaluation`."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


def link(title: str, target: str) -> str:
    """A link to a page, or with `#` to a heading of this one."""
    return f"[{title}]({target})"


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
