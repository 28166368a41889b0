"""Dashboards as people write them: a document or YAML in, a checked dashboard or mistakes out, and back."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from perennial.documents import Mistake
from perennial.queries.errors import QueryError
from perennial.queries.store_statement import read as read_statement
from perennial.queries.tokens import Token
from perennial.web.dashboards import Dashboard
from perennial.web.filters import BUILT_IN
from perennial.web.widgets import Widget
from perennial.web.yaml_text import read_yaml

HEADER = "# yaml-language-server: $schema=../schemas/dashboards.json\n"
_ROLES = ("x", "y", "low", "high", "color", "size", "label")


class DashboardRefused(Exception):
    """A document has mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(each.message for each in mistakes))
        self.mistakes = mistakes


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as SQL is read best."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def checked(name: str, document: Mapping[str, Any]) -> Dashboard:
    """Check the form of a document, and that its SQL only reads.

    :raises DashboardRefused: with all mistakes of the form, or the first one of each query.
    """
    try:
        found = Dashboard.model_validate({**document, "name": name})
    except ValidationError as error:
        raise DashboardRefused([_mistake(issue) for issue in error.errors()]) from None
    if mistakes := [mistake for place, sql in queries_of(found) if (mistake := _of_sql(place, sql, found))]:
        raise DashboardRefused(mistakes)
    return found


def queries_of(dashboard: Dashboard) -> list[tuple[str, str]]:
    """Every statement that a dashboard runs, with its place."""
    found = [("days", dashboard.days)]
    found += [(f"filters.{one.name}", one.offers or "") for one in dashboard.filters if one.offers]
    found += [(f"stages.{one.id}", one.sql) for one in dashboard.stages]
    found += [(f"widgets.{one.id}", one.sql) for one in dashboard.widgets if one.sql]
    return found


def calls_of(dashboard: Dashboard) -> dict[str, Token]:
    """Every function that its statements call, for PostgreSQL to say which of them act."""
    known = dict.fromkeys(_known(dashboard))
    calls: dict[str, Token] = {}
    for _, sql in queries_of(dashboard):
        calls |= read_statement(sql, known).calls
    return calls


def plain(dashboard: Dashboard) -> dict[str, Any]:
    """The document without its name and without what is as usual."""
    said = dashboard.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    return said | {"widgets": [plain_widget(widget) for widget in dashboard.widgets]}


def plain_widget(widget: Widget) -> dict[str, Any]:
    """The same of a widget; a column of which nothing else is said is its name alone.

    What a guided query says already is not said again: its SQL, and the names of its columns.
    """
    said = widget.model_dump(mode="json", exclude_defaults=True)
    for role in _ROLES:
        if role in said:
            said[role] = _column(said[role])
    if "columns" in said:
        said["columns"] = [_column(each) for each in said["columns"]]
    if "query" in said:
        named = {role for role in _ROLES if isinstance(said.get(role), str)}
        if all(isinstance(each, str) for each in said.get("columns", ())):
            named.add("columns")
        return {key: value for key, value in said.items() if key not in {"sql", *named}}
    return said


def to_yaml(dashboard: Dashboard) -> str:
    """The document as it stands in `include/dashboards`."""
    return HEADER + dump(plain(dashboard))


def dump(said: Any) -> str:
    """Any document as YAML."""
    return yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str) -> dict[str, Any]:
    """What a text says, unchecked. Raises `DashboardRefused` where it is no mapping."""
    try:
        said = read_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise DashboardRefused([Mistake("", f"{where}{getattr(error, 'problem', None) or error}")]) from None
    if not isinstance(said, dict):
        raise DashboardRefused(
            [Mistake("", "a document is a list of keys with their values, such as title: Sales")]
        )
    return said


def _column(said: Any) -> Any:
    return said["column"] if isinstance(said, dict) and set(said) == {"column"} else said


def _mistake(issue: Any) -> Mistake:
    place = ".".join(str(part) for part in issue["loc"])
    message = str(issue["msg"]).removeprefix("Value error, ")
    return Mistake(place, f"{place}: {message}" if place else message)


def _known(dashboard: Dashboard) -> frozenset[str]:
    return BUILT_IN | {one.name for one in dashboard.filters}


def _of_sql(place: str, sql: str, dashboard: Dashboard) -> Mistake | None:
    try:
        read_statement(sql, dict.fromkeys(_known(dashboard)))
    except QueryError as error:
        return Mistake(place, f"{place}: {error}")
    return None
