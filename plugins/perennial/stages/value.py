"""Events in, ranks of all customers as of a day out."""

from datetime import date

import polars as pl

from perennial.stages.workspace import Workspace
from perennial.value.deciles import deciles


def compute_value(workspace: Workspace, as_of: date) -> dict[str, int]:
    """Rank all customers by every value document; returns the rows per document."""
    rows = {}
    for name, definition in workspace.value.items():
        lookups = {d.lookup for d in definition.dimensions.values() if d.lookup}
        ranked = deciles(
            workspace.rows(definition.dataset),
            definition,
            as_of,
            {lookup: workspace.rows(lookup) for lookup in lookups},
        ).collect()
        workspace.lake.value(name).replace(ranked.with_columns(as_of=pl.lit(as_of)), as_of)
        rows[name] = ranked.height
    return rows
