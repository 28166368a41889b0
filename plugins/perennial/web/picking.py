"""A widget and its result's columns in; those that tell its marks and rows from each other out."""

from collections.abc import Iterable, Sequence

from perennial.web.channels import Kinds, type_of
from perennial.web.store import Column
from perennial.web.widgets import Encoding, Mark, Widget

PLACES = ("nominal", "ordinal")
WHOLE = (Mark.NUMBER, Mark.HISTOGRAM)
"""What stands for many rows at once."""


def keys_of(widget: Widget, columns: Sequence[Column]) -> list[str]:
    """The columns that tell a mark or a row from the others; days only where nothing else does.

    So a point of a line picks its line, and a cell of a heat map both of its names.
    """
    kinds: Kinds = {column.name: column.kind for column in columns}
    if widget.mark in WHOLE:
        return []
    if widget.mark is Mark.TABLE:
        return _of_row(widget, columns)
    roles = [role for role in (widget.x, widget.y, widget.color) if role and role.column in kinds]
    if widget.mark is Mark.SCATTER and widget.label:
        roles.append(widget.label)
    if widget.mark is Mark.BAR and widget.x and not _named(roles, kinds, (*PLACES, "temporal")):
        return [widget.x.column]
    return _named(roles, kinds, PLACES) or _named(roles, kinds, ("temporal",))


def _named(roles: Iterable[Encoding], kinds: Kinds, wanted: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(role.column for role in roles if type_of(role, kinds) in wanted))


def _of_row(widget: Widget, columns: Sequence[Column]) -> list[str]:
    """The first name of a row, else its day, else the number that it begins with."""
    shown = list(widget.columns) or [Encoding(column=column.name) for column in columns]
    kinds: Kinds = {column.name: column.kind for column in columns}
    there = [role for role in shown if role.column in kinds]
    plain = [role.column for role in there[:1] if role.format is None]
    return (_named(there, kinds, PLACES) or plain or _named(there, kinds, ("temporal",)))[:1]
