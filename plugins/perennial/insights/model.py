"""A table of the star schema: a SQL file whose opening comment declares what its query gives.

The query of a table runs in DuckDB over the lake, that of a view in PostgreSQL over the store. Where days are
refreshed it sees them as `refreshed` (date_key), and the partitions of tables by `as_of` that hold them as
`refreshed_as_of` (as_of).
"""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from perennial.documents import Document, DocumentError
from perennial.insights.references import ForeignKey, foreign_keys
from perennial.sql_files import load_sql

Process = Literal["daily", "responses"]
Kind = Literal["fact", "dimension", "lookup"]
ORDER: list[Kind] = ["dimension", "fact", "lookup"]


class Lift(Document):
    """People in; in place of their rows, what sending brought them (see `perennial.insights.lift`), out."""

    outcomes: list[str] = Field(min_length=1)
    """Columns of the query with what people did: numbers, or true and false."""
    strata: list[str] = []
    """Columns by which only the same are compared."""


class Model(Document):
    """One table: its columns and keys as the store has them, and the query that fills it."""

    name: str
    title: str
    """What it holds."""
    kind: Kind
    """A `lookup` says something of the store itself, and takes no part in joins."""
    stored: Literal["table", "view"] = "table"
    """A `view` runs in PostgreSQL, over the store itself."""
    grain: str = ""
    """What one row is."""
    process: list[Process] = ["daily"]
    """In which refreshes the table takes part."""
    source: list[str] = []
    """The lake's tables whose changed partitions are refreshed; `profiles/*`: those of all merge policies."""
    refreshed: str | None = None
    """A query that gives the days to refresh from `changed` (key); by default the changed days themselves."""
    update: Literal["whole", "days", "keys"] = "whole"
    """What rows take the place of: everything, the same days, or the same keys, so that others are kept."""
    day: str = "date_key"
    """The column with the day, where days are replaced."""
    columns: dict[str, str] = Field(min_length=1)
    """The columns' names and PostgreSQL types, in their order."""
    primary_key: list[str] = Field(min_length=1)
    """Two rows with the same values in these are refused."""
    indexes: list[list[str]] = []
    """Columns by which queries look rows up, beside the primary key."""
    references: dict[str, str | list[str]] = {}
    """Which dimensions each foreign key points to: declared for readers, and not enforced."""
    lift: Lift | None = None
    """The query gives a row for each person, with `treated`; the table has the comparison of both groups."""
    comments: dict[str, str] = {}
    """What a reader of the store should know of a column."""
    query: str

    @model_validator(mode="before")
    @classmethod
    def _by_days(cls, said: dict[str, Any]) -> dict[str, Any]:
        if isinstance(said.get("source"), str):
            said = {**said, "source": [said["source"]]}
        by_days = said.get("source") or said.get("refreshed")
        return {"update": "days", **said} if by_days else said

    @model_validator(mode="after")
    def _consistent(self) -> "Model":
        known = set(self.columns)
        keys = {column for key in self.foreign_keys for column in key.columns}
        used = {
            "comments": set(self.comments),
            "primary_key": set(self.primary_key),
            "indexes": {column for index in self.indexes for column in index},
            "references": keys,
            "day": {self.day} if self.update == "days" else set(),
        }
        for place, columns in used.items():
            if strangers := sorted(columns - known):
                raise ValueError(f"{place} on columns that are not declared: {', '.join(strangers)}")
        if self.update != "whole" and not self.source and not self.refreshed:
            raise ValueError(f"update: {self.update} needs a source, or a query `refreshed`")
        if self.stored == "view" and (self.update != "whole" or self.indexes):
            raise ValueError("a view has neither a source nor indexes: it is what its query gives")
        return self

    @property
    def foreign_keys(self) -> list[ForeignKey]:
        """What `references` says."""
        return foreign_keys(self.references)

    @property
    def shape(self) -> dict[str, Any]:
        """What a table that is there must have been made from to be gone on with."""
        return {"stored": self.stored, "columns": self.columns, "primary_key": self.primary_key}

    @property
    def definition(self) -> str:
        """Tells two definitions apart: with another one, all rows are made anew."""
        said = [*self.shape.items(), self.source, self.refreshed, self.update, self.day, self.query]
        said += [repr(self.lift)] if self.lift else []
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def load_models(folder: Path) -> dict[str, Model]:
    """All `*.sql` of a folder by table name: dimensions first, then facts; views after all tables.

    Raises `DocumentError` for a declaration that cannot be understood, and for references that lead nowhere.
    """
    found = [load_sql(path, Model, into="query") for path in sorted(folder.glob("*.sql"))]
    found.sort(key=lambda each: (each.stored == "view", ORDER.index(each.kind), each.name))
    models = {model.name: model for model in found}
    for model in found:
        for key in model.foreign_keys:
            _check(folder / f"{model.name}.sql", key, models)
    return models


def _check(path: Path, key: ForeignKey, models: dict[str, Model]) -> None:
    if key.table not in models:
        raise DocumentError(f"{path}: references: no table {key.table}; there are {', '.join(models)}")
    if strangers := [column for column in key.referenced if column not in models[key.table].columns]:
        raise DocumentError(
            f"{path}: references: {key.table} has no column {', '.join(strangers)}; it has "
            f"{', '.join(models[key.table].columns)}"
        )
