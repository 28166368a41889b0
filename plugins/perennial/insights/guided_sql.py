"""A question and the catalogue in, one SELECT for PostgreSQL out: readable, quoted, and checked.

Where one row meets several of a join, sums would count it several times: such a join then gives each
combination of the asked values once, so that a row counts once in each group.
"""

from collections.abc import Collection, Iterable

from perennial.insights.catalogue import Catalogue, Column
from perennial.insights.guided import GuideError, Measure, Query
from perennial.insights.guided_conditions import conditions_of, where
from perennial.insights.guided_scope import Once, Scope, indented, is_day, is_number, joined, quoted

CALLS = {
    "sum": "sum({})",
    "average": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
}
AGAIN = {"sum": "sum", "count": "sum", "average": "avg", "min": "min", "max": "max", "count_distinct": "max"}
"""How the parts of a group, split by colour, are ranked together."""
UNHARMED = {"min", "max", "count_distinct"}
"""What is the same when a row is seen twice."""


def compile_query(query: Query, catalogue: Catalogue, lists: Collection[str] = ()) -> str:
    """The SELECT that answers a question; `$day`, `$from_day` and filters' names are its parameters.

    :param lists: filters of which several values can be chosen: their parameters are arrays of texts
    :raises GuideError: a table, column or value that the store cannot have, or a sum that would be doubled.
    """
    scope = Scope(query.table, catalogue)
    names = query.names
    columns: dict[str, str] = {}
    kinds: dict[str, Column | None] = {}
    for place, part in query.parts.items():
        columns[names[place]], kinds[names[place]] = _expression(part, place, scope)
    measures = {names[place]: part for place, part in query.parts.items() if part.aggregate}
    conditions = conditions_of(query.filters, scope, lists)
    once = _once(query, scope, columns, conditions)
    condition = where([text for alias, text in conditions if scope.several(alias) not in once])
    selected = ",\n".join(f"    {expression} AS {quoted(name)}" for name, expression in columns.items())
    groups = [str(number) for number, name in enumerate(columns, start=1) if name not in measures]
    grouped = f"GROUP BY {', '.join(groups)}" if measures and groups else ""
    whole = joined("\n", [f"SELECT\n{selected}", scope.clause(once), condition, grouped])
    order = _order(query, columns, measures, kinds)
    axis = next((names[role] for role in ("x", "y") if role in names and names[role] not in measures), None)
    split = axis is not None and len(columns) > len(measures) + 1
    if axis and split and measures:
        along = _is_ordered(kinds[axis]) and "color" in names and names["color"] not in measures
        ranked = names["color"] if along else axis
        if along or query.top or order.startswith(_by_measure(measures)):
            return _best(query, whole, ranked, columns, measures, order)
    if query.top and measures and groups:
        return _first(query, whole, measures, order)
    return joined("\n", [whole, order, f"LIMIT {query.top}" if query.top else ""])


def _expression(part: Measure, place: str, scope: Scope) -> tuple[str, Column | None]:
    if part.column is None:
        return "count(*)", None
    name, column = scope.find(part.column, f"{place}.column")
    if part.aggregate in ("sum", "average") and not is_number(column):
        raise GuideError(
            f"{place}.aggregate", f"{column.name} is a {column.type}, which has no {part.aggregate}"
        )
    if part.aggregate:
        return CALLS[part.aggregate].format(name), None
    if isinstance(part.bin, str):
        if not is_day(column):
            raise GuideError(f"{place}.bin", f"{column.name} is a {column.type}, not a date")
        return f"CAST(date_trunc('{part.bin}', {name}) AS date)", column
    if part.bin is not None:
        if not is_number(column):
            raise GuideError(f"{place}.bin", f"{column.name} is a {column.type}, not a number")
        return f"floor({name} / {part.bin:f}) * {part.bin:f}", column
    return name, column


def _once(
    query: Query, scope: Scope, columns: dict[str, str], conditions: list[tuple[str, str]]
) -> dict[str, Once]:
    """What is asked of joins of several where something is added up; `columns` then name what they give."""
    if all(part.aggregate in UNHARMED for part in query.parts.values() if part.aggregate):
        return {}
    found: dict[str, Once] = {}
    for place, part in query.parts.items():
        root = scope.several(part.column.partition(".")[0]) if part.column else None
        if root is None:
            continue
        if part.aggregate:
            raise GuideError(
                f"{place}.aggregate",
                f"one row of {query.table} meets several of {root}, so that they cannot be aggregated beside "
                f"what is added up of {query.table}; group by them, or take one of both out",
            )
        name = query.names[place]
        found.setdefault(root, Once()).columns.setdefault(name, columns[name])
    for root, once in found.items():
        columns |= {name: quoted(root, name) for name in once.columns}
    for alias, condition in conditions:
        if (root := scope.several(alias)) is not None:
            found.setdefault(root, Once()).conditions.append(condition)
    return found


def _order(
    query: Query, columns: Collection[str], measures: dict[str, Measure], kinds: dict[str, Column | None]
) -> str:
    """What is asked for, then what makes the order the same every time."""
    if query.sort:
        descending, wanted = query.sort.startswith("-"), query.sort.lstrip("-")
        name = query.names.get(wanted, wanted)
        if name not in columns:
            known = ", ".join([*query.names, *columns])
            raise GuideError("sort", f"nothing in the result is called {wanted}; there are {known}")
    else:
        name, descending = _usual([*columns], measures, kinds)
    first = f"{quoted(name)} DESC NULLS LAST" if descending else quoted(name)
    rest = [quoted(each) for each in columns if each != name and each not in measures]
    return f"ORDER BY {', '.join([first, *rest])}"


def _usual(
    columns: list[str], measures: dict[str, Measure], kinds: dict[str, Column | None]
) -> tuple[str, bool]:
    """Days and numbers by themselves; names by what is measured, the greatest first."""
    dimensions = [name for name in columns if name not in measures]
    if not measures or not dimensions:
        return columns[0], False
    days = [name for name in dimensions if (kind := kinds[name]) is not None and is_day(kind)]
    if days or _is_ordered(kinds[dimensions[0]]):
        return (days or dimensions)[0], False
    return next(iter(measures)), True


def _is_ordered(kind: Column | None) -> bool:
    return kind is not None and (is_day(kind) or is_number(kind))


def _by_measure(measures: dict[str, Measure]) -> tuple[str, ...]:
    return tuple(f"ORDER BY {quoted(name)}" for name in measures)


def _first(query: Query, whole: str, measures: dict[str, Measure], order: str) -> str:
    """The greatest groups by what is measured, in the order that was asked for."""
    measure = next(iter(measures))
    way = "" if _lowest(query, measure) else " DESC NULLS LAST"
    if order.startswith(f"ORDER BY {quoted(measure)}{way},"):
        return f"{whole}\n{order}\nLIMIT {query.top}"
    best = f"{whole}\nORDER BY {quoted(measure)}{way}, 1\nLIMIT {query.top}"
    return f"SELECT *\nFROM (\n{indented(best)}\n) AS best\n{order}"


def _best(
    query: Query, whole: str, group: str, columns: Iterable[str], measures: dict[str, Measure], order: str
) -> str:
    """Groups, each with all its parts, ordered and cut by what they come to together.

    Along days and numbers, the groups are the colours: the greatest series; else those of the axis.
    """
    measure, part = next(iter(measures.items()))
    way = "" if _lowest(query, measure) else " DESC NULLS LAST"
    total = f"{AGAIN[part.aggregate or 'sum']}({quoted(measure)}) OVER (PARTITION BY {quoted(group)})"
    found = f"SELECT *, {total} AS group_total\nFROM (\n{indented(whole)}\n) AS grouped"
    if query.top:
        rank = f"dense_rank() OVER (ORDER BY group_total{way}, {quoted(group)})"
        found = f"SELECT *, {rank} AS group_rank\nFROM (\n{indented(found)}\n) AS totalled"
    if order.startswith(_by_measure({measure: part})):
        rest = [quoted(name) for name in columns if name not in measures and name != group]
        order = f"ORDER BY group_total{way}, {', '.join([quoted(group), *rest])}"
    elif query.sort is None:
        first, *rest = order.removeprefix("ORDER BY ").split(", ")
        rest = [each for each in rest if each != quoted(group)]
        order = f"ORDER BY {', '.join([first, f'group_total{way}', quoted(group), *rest])}"
    cut = f"WHERE group_rank <= {query.top}" if query.top else ""
    named = ", ".join(map(quoted, columns))
    return joined("\n", [f"SELECT {named}\nFROM (\n{indented(found)}\n) AS found", cut, order])


def _lowest(query: Query, measure: str) -> bool:
    return query.sort is not None and query.names.get(query.sort, query.sort) == measure
