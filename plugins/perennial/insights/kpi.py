"""The library of KPIs: SQL files over the store, with `$parameters`; their comments say what they give.

They run in PostgreSQL, under the schema's `search_path`. "Now" is the latest complete day: the view
`complete_days` says which those are.
"""

from pathlib import Path

from perennial.documents import Document, DocumentError, load_mapping
from perennial.sql_files import load_sql


class Parameter(Document):
    """What stands for `$name` in KPIs."""

    title: str
    """What people call it."""
    about: str
    """What its values are."""
    choices: str | None = None
    """A query over the store that gives (value, label)."""


class Kpi(Document):
    """One figure, or one small table of figures."""

    name: str
    number: int | None = None
    """Its place in the catalogue of the reference; your own have none."""
    title: str
    """What people call it."""
    about: str
    """What is counted, and on which day."""
    parameters: list[str] = []
    """By their names in `parameters.yaml`."""
    query: str


def load_kpis(folder: Path) -> dict[str, Kpi]:
    """All `*.sql` of a folder, by name, in the order of their numbers; `parameters.yaml` explains parameters.

    Raises `DocumentError` for headers that cannot be understood and for parameters that nothing explains.
    """
    known = load_parameters(folder)
    found = [load_sql(path, Kpi, into="query") for path in sorted(folder.glob("*.sql"))]
    for kpi in found:
        if strangers := sorted(set(kpi.parameters) - set(known)):
            raise DocumentError(
                f"{folder}/{kpi.name}.sql: parameters: {', '.join(strangers)} is not in parameters.yaml; "
                f"there are {', '.join(known)}"
            )
    found.sort(key=lambda kpi: (kpi.number is None, kpi.number, kpi.name))
    return {kpi.name: kpi for kpi in found}


def load_parameters(folder: Path) -> dict[str, Parameter]:
    """What KPIs can be asked with, by name."""
    path = folder / "parameters.yaml"
    return load_mapping(path, Parameter) if path.exists() else {}
