"""The lake in, the star schema of a day, or of the responses that arrived, out."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from perennial.documents import Document
from perennial.insights.model import Process, load_models
from perennial.insights.refresh import RefreshReport, refresh
from perennial.stages.workspace import Workspace


def refresh_insights(
    workspace: Workspace, store_url: str, process: Process, as_of: date | None = None
) -> RefreshReport:
    """Refresh the tables of a process from everything that changed since the last time."""
    lake = workspace.lake
    tables = {name: workspace.table(name) for name in workspace.datasets}
    tables |= {name: lake.value(name) for name in workspace.value}
    tables |= {"profiles": lake.profiles, "membership": lake.membership, "email_events": lake.email_events}
    frames = {
        "audience_definitions": _described(workspace.audiences.values()),
        "profile_definitions": _described(workspace.profiles.values()),
    }
    models = load_models(workspace.settings.include / "sql" / "insights")
    return refresh(store_url, lake, models, tables, frames, process, as_of)


def _described(documents: Iterable[Document]) -> pl.DataFrame:
    return pl.DataFrame([d.model_dump(include={"name", "title", "description"}) for d in documents])
