"""The filters of a question in, WHERE out. Values are written as literals by the driver's own rules.

So the SQL that runs is the SQL that is shown, and can be gone on with; the reader's day and the dashboard's
filters stay parameters, which are bound.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg import sql

from perennial.insights.catalogue import Column
from perennial.insights.guided import Condition, GuideError, Value
from perennial.insights.guided_scope import Scope, is_day, is_number


def conditions_of(
    filters: tuple[Condition, ...], scope: Scope, lists: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Every filter as SQL, with the table that it asks about.

    :param lists: the dashboard's filters of which several values can be chosen
    """
    return [
        (each.column.partition(".")[0], _condition(each, f"filters.{number}", scope, lists))
        for number, each in enumerate(filters)
    ]


def where(conditions: list[str]) -> str:
    """All conditions, each on a line; nothing without any."""
    return "WHERE\n    " + "\n    AND ".join(conditions) if conditions else ""


def literal(value: Value, column: Column, path: str) -> str:
    """A value as the column has it.

    :raises GuideError: the column cannot have this value.
    """
    try:
        if is_number(column):
            number = Decimal(str(value))
            if isinstance(value, bool) or not number.is_finite():
                raise ValueError
            return sql.Literal(number).as_string(None).strip()
        if is_day(column):
            text = str(value)
            day = datetime.fromisoformat(text) if len(text) > len("2017-12-31") else date.fromisoformat(text)
            return sql.Literal(str(day)).as_string(None).strip()
        if column.type.lower().startswith("bool"):
            return {"true": "TRUE", "false": "FALSE"}[str(value).lower()]
    except (ValueError, InvalidOperation, KeyError):
        raise GuideError(path, f"{column.name} is a {column.type}; found {value!r:.80}") from None
    if "\0" in str(value):
        raise GuideError(path, f"{column.name} cannot hold this value")
    return sql.Literal(str(value)).as_string(None).strip()


def _condition(condition: Condition, place: str, scope: Scope, lists: Collection[str]) -> str:
    name, column = scope.find(condition.column, f"{place}.column")
    if condition.date is not None:
        if not is_day(column):
            raise GuideError(f"{place}.date", f"{column.name} is a {column.type}, not a date")
        day = name if column.type.lower() == "date" else f"CAST({name} AS date)"
        return f"{day} = $day" if condition.date == "recent" else f"{day} BETWEEN $from_day AND $day"
    if condition.filter is not None:
        parameter = f"${condition.filter}"
        if condition.filter in lists:
            return f"({parameter} = '{{}}' OR CAST({name} AS text) = ANY({parameter}))"
        return f"({parameter} = '' OR CAST({name} AS text) = {parameter})"
    if condition.between is not None:
        return _between(name, column, condition.between, f"{place}.between")
    if condition.include is not None:
        return _among(name, column, condition.include, f"{place}.include")
    among = _among(name, column, condition.exclude or (), f"{place}.exclude")
    return f"{among if among.startswith('(') else f'({among})'} IS NOT TRUE"


def _among(name: str, column: Column, values: tuple[Value, ...], path: str) -> str:
    told = [literal(value, column, f"{path}.{n}") for n, value in enumerate(values) if value is not None]
    ways = [f"{name} IN ({', '.join(told)})"] if told else []
    if None in values:
        ways.append(f"{name} IS NULL")
    return "FALSE" if not ways else ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"


def _between(name: str, column: Column, ends: tuple[Any, Any], path: str) -> str:
    limits = [
        f"{name} {sign} {literal(end, column, f'{path}.{number}')}"
        for number, (sign, end) in enumerate(zip((">=", "<="), ends, strict=True))
        if end is not None
    ]
    return " AND ".join(limits) or "TRUE"
