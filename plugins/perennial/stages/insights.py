"""The lake in, the star schema of a day, or of the responses that arrived, out."""

from collections.abc import Iterable
from datetime import date
from functools import partial

import polars as pl

from perennial.documents import Document
from perennial.insights.model import Process, load_models
from perennial.insights.refresh import RefreshReport, refresh
from perennial.signals.batches import Batches
from perennial.signals.once import once
from perennial.stages.workspace import Workspace
from perennial.value.lifetime import relations
from perennial.value.rfm.segments import described


def refresh_insights(
    workspace: Workspace, store_url: str, process: Process, as_of: date | None = None
) -> RefreshReport:
    """Refresh the tables of a process from everything that changed since the last time."""
    lake = workspace.lake
    tables = {name: workspace.table(name) for name in workspace.datasets}
    tables |= {f"{name}_by_decile": lake.value_by_decile(name) for name in workspace.value}
    tables |= {f"{name}_movement": lake.value_movement(name) for name in workspace.value}
    tables |= {name: lake.rfm(name) for name in workspace.rfm}
    tables |= relations.tables(lake, workspace.lifetime)
    tables |= {"profiles": lake.profiles, "membership": lake.membership, "email_events": lake.email_events}
    frames = {
        "audience_definitions": _described(workspace.audiences.values()),
        "profile_definitions": _described([workspace.policy]),
        "batches": Batches(lake.batches).current().drop("errors").collect(),
        "quarantined": _quarantined(workspace),
        "rfm_segments": described(workspace.rfm),
        **relations.frames(lake, workspace.lifetime),
    }
    models = load_models(workspace.settings.include / "sql" / "insights")
    views = {name: partial(once, dataset=document) for name, document in workspace.datasets.items()}
    return refresh(store_url, lake, models, tables, frames, process, as_of, views)


def _described(documents: Iterable[Document]) -> pl.DataFrame:
    return pl.DataFrame([d.model_dump(include={"name", "title", "description"}) for d in documents])


def _quarantined(workspace: Workspace) -> pl.DataFrame:
    """How many rows of each batch were set aside for each reason: (batch, reason, rows)."""
    schema = pl.Schema({"batch": pl.String(), "reason": pl.String(), "rows": pl.Int64()})
    counts = [pl.LazyFrame(schema=schema)]
    for name in workspace.datasets:
        table = workspace.lake.quarantine(name)
        if table.exists():
            reasons = table.scan().select("batch", reason="reasons").explode("reason")
            counts.append(reasons.group_by("batch", "reason").agg(rows=pl.len().cast(pl.Int64)))
    return pl.concat(counts).sort("batch", "reason").collect()
