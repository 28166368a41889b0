"""Columns and their values in; when it happened, what tells rows apart, and whose they are, out."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import polars as pl

MOMENT = re.compile(r"time|date|created|ordered|placed|purchased|occurred|\bat\b|_at$|^ts$")
NUMBER = re.compile(r"(^|_)(id|no|nr|num|number|key|code|sku|uuid|ref)(_|$)")
PEOPLE = "customer|client|user|member|household|account|contact|visitor|person|subscriber|shopper|buyer|guest"
PERSON = re.compile(rf"(^|_)({PEOPLE})(_?(id|no|nr|num|number|key|code|ref))?$")
MAIL = re.compile(r"e_?mail")
MOST = 3
"""Columns of a key."""

Columns = Mapping[str, dict[str, Any]]


def moment(columns: Columns, frame: pl.DataFrame) -> str | None:
    """The column that says when it happened: a moment rather than a day, and one that is called so."""
    full = [name for name in columns if not frame[name].has_nulls() and frame.height]
    found = [name for name in full if columns[name]["type"] in ("date", "timestamp")]
    # Of several, the first: files tell what happened before what became of it.
    return max(
        found,
        key=lambda name: (
            columns[name]["type"] == "timestamp",
            bool(MOMENT.search(name)),
            -found.index(name),
        ),
        default=None,
    )


def people(columns: Columns) -> dict[str, str]:
    """The columns that say whose row it is, with the namespace of their values; the primary one first."""
    found: dict[str, str] = {}
    for name, column in columns.items():
        if column["type"] not in ("string", "integer"):
            continue
        if column.get("format") == "email" or MAIL.search(name):
            found[name] = "email"
        elif match := PERSON.search(name):
            found[name] = match[2]
    return dict(sorted(found.items(), key=lambda each: each[1] == "email"))


def one_row_each(columns: Columns, frame: pl.DataFrame, owners: Sequence[str]) -> bool:
    """Whether rows are what is known of people: they begin with whose they are, and each with another."""
    first = next(iter(columns), None)
    return bool(owners) and owners[0] == first and bool(frame[first].is_unique().all()) and frame.height > 1


def key(columns: Columns, frame: pl.DataFrame, kind: str, owners: Sequence[str]) -> list[str] | None:
    """The fewest columns that no two rows have in common; `None` if there are none."""
    usable = [name for name in columns if not frame[name].has_nulls()]
    if kind == "record" and owners and owners[0] in usable and frame[owners[0]].is_unique().all():
        return [owners[0]]
    # Amounts tell rows apart by accident.
    usable = [name for name in usable if columns[name]["type"] not in ("decimal", "boolean")]
    ranked = sorted(usable, key=lambda name: (not NUMBER.search(name), columns[name]["type"] == "timestamp"))
    # Few rows differ by accident, too.
    numbers = {name for name in usable if NUMBER.search(name)} or set(usable)
    for size in range(1, MOST + 1):
        for names in combinations(ranked[:12], size):
            if numbers.intersection(names) and not frame.select(names).is_duplicated().any():
                return [name for name in columns if name in names]
    return None
