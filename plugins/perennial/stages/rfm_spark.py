"""Events in the lake in; RFM scores as of a day, computed on Spark and committed to the lake, out."""

import json
from datetime import date

import polars as pl

from perennial.lake import files
from perennial.lake.foreign import swap
from perennial.lake.rfm import RFM_SCORES
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.reading import scan
from perennial.lake.spark.writing import write
from perennial.signals.once import once
from perennial.stages.workspace import Workspace
from perennial.value.money import DIGITS
from perennial.value.rfm.definition import RfmDefinition
from perennial.value.rfm.scores import rfm, scale
from perennial.value.spark import money


def compute(workspace: Workspace, definition: RfmDefinition, as_of: date, cluster: Cluster) -> int:
    """Score all customers as of a day, in place of its rows; returns how many there are."""
    table, source = workspace.lake.rfm(definition.name), workspace.table(definition.dataset)
    digits = scale(workspace.rows(definition.dataset), definition)
    since = files.create(table, pl.Schema({**RFM_SCORES, "revenue": pl.Decimal(DIGITS, digits)}))
    with cluster.session() as session:
        events = once(scan(session, cluster, source), workspace.dataset(definition.dataset))
        scores = rfm(events, definition, as_of)
        scores = scores.selectExpr(*money({"revenue": digits}, scores.columns))
        written = write(scores, cluster, table, as_of.isoformat())
    swap(table, written, as_of.isoformat(), since)
    return sum(json.loads(file.statistics)["numRecords"] for file in written)
