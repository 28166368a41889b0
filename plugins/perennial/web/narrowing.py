"""A widget and what is wanted alone in; the query that answers it, and which wishes it cannot meet, out.

A widget meets a wish by itself where its SQL asks for that filter's parameter. Otherwise a guided question
gets a condition on the column, wherever its table or a join has it, and a result that has the column is
narrowed from outside. Values are bound, never spliced.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perennial.insights.guided import Condition, GuideError, Query
from perennial.insights.guided_scope import quoted
from perennial.insights.guided_sql import compile_query
from perennial.web.filters import OWN
from perennial.web.guiding import this_catalogue
from perennial.web.parameters import parameters_of
from perennial.web.selections import Selection, Wish
from perennial.web.store import Store, around
from perennial.web.widgets import Widget

NOTHING = "\ufffd"
"""A value that no column has."""


@dataclass(frozen=True)
class Narrowed:
    """What is asked of the store for a widget."""

    sql: str
    parameters: dict[str, Any]
    unmet: tuple[str, ...] = ()
    """Titles of the wishes that it cannot meet."""


def narrowed(widget: Widget, selection: Selection, store: Store) -> Narrowed:
    """The query of a widget for a selection; without wishes it is the widget's own.

    :raises StoreError: the store could not say which columns the widget has.
    """
    sql, bound = widget.sql, selection.parameters
    wishes = [wish for wish in selection.wishes if wish.source != widget.id]
    rest = [wish for wish in wishes if not _asked_for(wish, selection, widget.sql, bound)]
    met: list[Wish] = []
    if widget.query is not None:
        sql, met = _questioned(widget.query, sql, rest, bound)
    unmet = []
    for wish in (wish for wish in rest if wish not in met):
        name = wish.column.rpartition(".")[2]
        if name and _has(name, widget, sql, bound, store):
            sql = f"{around(sql)}\nWHERE CAST({quoted(name)} AS text) = ANY(${_bind(wish, bound)})"
        else:
            unmet.append(wish.title)
    return Narrowed(sql, bound, tuple(dict.fromkeys(unmet)))


def _asked_for(wish: Wish, selection: Selection, sql: str, bound: dict[str, Any]) -> bool:
    """Whether the SQL has a parameter for it; what was picked in a widget is bound to its filter's."""
    names = parameters_of(sql)
    if wish.filter:
        return wish.filter in names
    for name, column in selection.columns.items():
        if column != wish.column or name not in names:
            continue
        if isinstance(bound[name], list):
            both = [value for value in wish.values if not bound[name] or value in bound[name]]
            bound[name] = both or [NOTHING]
            return True
        if len(wish.values) == 1:
            bound[name] = wish.values[0] if bound[name] in ("", wish.values[0]) else NOTHING
            return True
    return False


def _questioned(
    query: Query, sql: str, wishes: Iterable[Wish], bound: dict[str, Any]
) -> tuple[str, list[Wish]]:
    """A question with a condition for each wish whose column it can name."""
    catalogue = this_catalogue()
    met: list[Wish] = []
    for wish in wishes:
        column = catalogue.reach(query.table, wish.column)
        if column is None:
            continue
        name = _bind(wish, bound)
        longer = query.model_copy(update={"filters": (*query.filters, Condition(column=column, filter=name))})
        try:
            sql = compile_query(longer, catalogue, _lists(bound))
        except GuideError:
            continue
        query = longer
        met.append(wish)
    return sql, met


def _has(column: str, widget: Widget, sql: str, bound: dict[str, Any], store: Store) -> bool:
    """Whether a result has a column: as the document says, else as the store does."""
    if column in {role.column for role in widget.encodings}:
        return True
    return column in {each.name for each in store.query(f"{around(sql)}\nLIMIT 0", bound).columns}


def _bind(wish: Wish, bound: dict[str, Any]) -> str:
    name = next(f"{OWN}{n}" for n in range(len(bound) + 1) if f"{OWN}{n}" not in bound)
    bound[name] = list(wish.values)
    return name


def _lists(bound: dict[str, Any]) -> frozenset[str]:
    return frozenset(name for name, value in bound.items() if isinstance(value, list))
