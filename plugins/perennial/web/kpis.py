"""A widget's KPI in; the library's SQL, with the dashboard's names for its parameters, out."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from perennial.documents import Document
from perennial.insights.kpi import Kpi, load_kpis
from perennial.settings import Settings
from perennial.web.parameters import renamed
from perennial.web.watched import Watched

Listed = Callable[[], Mapping[str, Kpi]]


class KpiReference(Document):
    """A KPI of the library, by the name of its file in `include/sql/kpi`."""

    name: str
    """The KPI's name."""
    parameters: dict[str, str] = Field(default={})
    """Which of the dashboard's filters a parameter is asked for with, where they are not called alike."""


@cache
def kpis_of(include: Path) -> Listed:
    """The library of a deployment; read when somebody asks, and again when a file changes."""
    folder = include / "sql" / "kpi"
    return Watched(folder, lambda: load_kpis(folder), "*")


def sql_of(said: Any, context: Mapping[str, Any] | None) -> str:
    """The SQL that a widget's `kpi` stands for, by the library of the context, or else of this deployment."""
    reference = KpiReference.model_validate({"name": said} if isinstance(said, str) else said)
    listed: Listed = (context or {}).get("kpis") or kpis_of(Settings.from_env().include)
    kpis = listed()
    if reference.name not in kpis:
        raise ValueError(f"kpi: there is no {reference.name}; there are {', '.join(kpis)}")
    kpi = kpis[reference.name]
    if strangers := sorted(set(reference.parameters) - set(kpi.parameters)):
        known = ", ".join(kpi.parameters) or "none"
        raise ValueError(f"kpi: {kpi.name} has no parameter {', '.join(strangers)}; it has {known}")
    return renamed(kpi.query, reference.parameters)
