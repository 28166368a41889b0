"""The `references` of a table's declaration in; its foreign keys out: which columns lead to which table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TARGET = re.compile(r"^(?P<table>\w+)(?:\s*\(\s*(?P<columns>\w+(?:\s*,\s*\w+)*)\s*\))?$")


@dataclass(frozen=True)
class ForeignKey:
    """Columns of one table whose values are those of columns of another one; declared, and not enforced."""

    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]
    """The other table's columns, in the same order."""


def foreign_keys(references: Mapping[str, str | list[str]]) -> list[ForeignKey]:
    """Read `columns: table` and `columns: table (columns)`, where columns are separated by commas."""
    return [
        _foreign_key(tuple(column.strip() for column in columns.split(",")), target)
        for columns, targets in references.items()
        for target in ([targets] if isinstance(targets, str) else targets)
    ]


def _foreign_key(columns: tuple[str, ...], target: str) -> ForeignKey:
    said = _TARGET.match(target.strip())
    if said is None:
        raise ValueError(f"references: expected a table, or `table (column, …)`; found {target!r}")
    referenced = tuple(re.findall(r"\w+", said["columns"])) if said["columns"] else columns
    if len(referenced) != len(columns):
        raise ValueError(
            f"references: {', '.join(columns)}: {target} names {len(referenced)} columns; "
            f"expected {len(columns)}"
        )
    return ForeignKey(columns, said["table"], referenced)
