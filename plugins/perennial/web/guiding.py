"""A widget's guided query in; the roles that its columns have, and the SQL that answers it, out."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from perennial.insights.catalogue import Catalogue, describe
from perennial.insights.guided import ROLES, GuideError, Query
from perennial.insights.guided_sql import compile_query
from perennial.insights.model import load_models
from perennial.settings import Settings
from perennial.web.watched import Watched

Catalogued = Callable[[], Catalogue]


@cache
def catalogue_of(include: Path) -> Catalogued:
    """What a deployment declares of its store; read when somebody asks, and again when a file changes."""
    folder = include / "sql" / "insights"
    return Watched(folder, lambda: describe(load_models(folder).values()), "*.sql")


def with_roles(said: dict[str, Any]) -> dict[str, Any]:
    """A widget's document whose roles name the columns of its query; SQL beside the query is not read."""
    told = {key: value for key, value in said.items() if key != "sql"}
    try:
        query = Query.model_validate(said["query"])
    except ValidationError:
        # Its own field says what is wrong with it, and where; roles without a column would only follow it.
        unnamed = {role for role in ROLES if isinstance(told.get(role), dict) and "column" not in told[role]}
        return {key: value for key, value in told.items() if key not in {*unnamed, "columns"}}
    names = query.names
    for role in ROLES:
        if role in names:
            told[role] = _named(told.get(role), names[role])
    if query.columns:
        given = [*(told.get("columns") or ()), *[None] * len(query.columns)]
        told["columns"] = [_named(given[n], names[f"columns.{n}"]) for n in range(len(query.columns))]
    return told


def this_catalogue() -> Catalogue:
    """What this deployment declares of its store."""
    return catalogue_of(Settings.from_env().include)()


def compiled(query: Query, context: dict[str, Any] | None, lists: frozenset[str] = frozenset()) -> str:
    """The SQL of a query, by the catalogue of the context, or else of this deployment's documents.

    :param lists: filters of which several values can be chosen

    :raises PydanticCustomError: what cannot be asked; `ctx.path` is the place below the widget.
    """
    read: Catalogued | None = (context or {}).get("catalogue")
    try:
        return compile_query(query, read() if read else this_catalogue(), lists)
    except GuideError as error:
        place = {"path": f"query.{error.path}", "said": error.message}
        raise PydanticCustomError("query", "{path}: {said}", place) from None


def _named(given: Any, name: str) -> Any:
    return {**given, "column": name} if isinstance(given, dict) else {"column": name}
