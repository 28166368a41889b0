"""A table of the star schema: a SQL file whose opening comment declares what its query gives.

The query runs in DuckDB over the lake's tables. It sees `refreshed`, the days (date_key) that it has to give.
"""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from perennial.documents import Document, DocumentError

Process = Literal["daily", "responses"]


class Model(Document):
    """One table: its columns and keys as the store has them, and the query that fills it."""

    name: str
    title: str
    kind: Literal["fact", "dimension"]
    grain: str = ""
    process: list[Process] = ["daily"]
    """In which refreshes the table takes part."""
    source: str | None = None
    """The lake's table whose changed partitions are refreshed; without one the whole table is replaced."""
    refreshed: str | None = None
    """A query that gives the days to refresh from `changed` (key); by default the changed days themselves."""
    columns: dict[str, str] = Field(min_length=1)
    primary_key: list[str] = Field(min_length=1)
    references: dict[str, str] = {}
    """Which dimension each foreign key points to: declared for readers, and not enforced."""
    comments: dict[str, str] = {}
    """What a reader of the store should know of a column."""
    query: str

    @model_validator(mode="after")
    def _comments_on_columns(self) -> "Model":
        if strangers := sorted(set(self.comments) - set(self.columns)):
            raise ValueError(f"comments on columns that are not declared: {', '.join(strangers)}")
        return self


def load_models(folder: Path) -> dict[str, Model]:
    """All `*.sql` of a folder by table name: dimensions first, then facts."""
    models = [_load(path) for path in sorted(folder.glob("*.sql"))]
    return {model.name: model for model in sorted(models, key=lambda m: (m.kind != "dimension", m.name))}


def _load(path: Path) -> Model:
    text = path.read_text(encoding="utf-8").strip()
    header, separator, query = text.removeprefix("/*").partition("*/")
    if not text.startswith("/*") or not separator:
        raise DocumentError(f"{path}: expected a comment /* … */ at the top that declares the table")
    try:
        return Model.model_validate({"name": path.stem, **yaml.safe_load(header), "query": query.strip()})
    except (yaml.YAMLError, ValidationError) as error:
        raise DocumentError(f"{path}: {error}") from error
