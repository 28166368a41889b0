"""Queries that are saved, with parameters: files in `include/sql/templates`, and values that are checked."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from perennial.documents import Document
from perennial.queries.errors import QueryError
from perennial.queries.jobs import Dialect
from perennial.queries.tokens import parameters_of, unwrapped

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Type = Literal["text", "integer", "number", "date", "timestamp", "boolean"]


class Parameter(Document):
    """A value that is asked for: `$name` in the SQL."""

    type: Type = "text"
    """What is taken for a value."""
    title: str = ""
    """What people call it."""
    description: str = ""
    """For people."""
    default: str | int | float | bool | date | datetime | None = None
    """Taken where none is given; without one, a value has to be given."""
    choices: list[str | int | float] = []
    """The only values that are allowed."""


class Template(Document):
    """A saved query."""

    name: Name
    title: Annotated[str, Field(min_length=1)]
    """What people call it."""
    description: str = ""
    """For people."""
    dialect: Dialect = "lake"
    """Where it runs: DuckDB over the `lake`, or PostgreSQL over the `store`."""
    parameters: dict[Name, Parameter] = {}
    """The values that it asks for, by name."""
    sql: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _declared(self) -> "Template":
        used, declared = set(used_in(self.sql)), set(self.parameters)
        if missing := sorted(used - declared):
            raise ValueError(f"the SQL uses ${', $'.join(missing)}, which `parameters` does not declare")
        if idle := sorted(declared - used):
            raise ValueError(f"the SQL does not use ${', $'.join(idle)}, which `parameters` declares")
        return self


def used_in(sql: str) -> list[str]:
    """The parameters of a statement, or of a block that stands between dollars."""
    try:
        return parameters_of(unwrapped(sql)[1])
    except QueryError as error:
        raise ValueError(str(error)) from None


def values_for(declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter. Raises `QueryError` where one is missing, strange, or not allowed."""
    if strangers := sorted(set(given) - set(declared)):
        known = ", ".join(f"${name}" for name in declared) or "none"
        raise QueryError("parameter", f"There is no parameter ${strangers[0]}.", f"There are: {known}.")
    return {name: _value(name, each, given.get(name)) for name, each in declared.items()}


def _value(name: str, declared: Parameter, given: Any) -> Any:
    value = declared.default if given is None or given == "" else given
    if value is None:
        said = declared.title or declared.description
        hint = f"{said}." if said else f"It is a {declared.type}."
        raise QueryError("parameter", f"The parameter ${name} has no value.", hint)
    if declared.choices and value not in declared.choices and str(value) not in map(str, declared.choices):
        allowed = ", ".join(map(str, declared.choices))
        raise QueryError("parameter", f"${name} cannot be {value!r}.", f"It is one of {allowed}.")
    try:
        return _READ[declared.type](value)
    except (ValueError, ArithmeticError, TypeError):
        message = f"${name} is to be {_SAID[declared.type]}; found {str(value)[:100]!r}."
        raise QueryError("parameter", message, "") from None


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _boolean(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError
    return str(value).lower() == "true"


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _timestamp(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


_READ: dict[str, Any] = {
    "text": str,
    "integer": _integer,
    "number": lambda value: value if isinstance(value, int | float | Decimal) else Decimal(str(value)),
    "date": _date,
    "timestamp": _timestamp,
    "boolean": _boolean,
}
_SAID = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "date": "a day such as 2017-12-31",
    "timestamp": "a moment such as 2017-12-31T12:00:00Z",
    "boolean": "true or false",
}
