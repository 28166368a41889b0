"""A workspace over CDNOW's purchases, with a document of lifetime value: settings and rows in."""

from pathlib import Path

import cdnow
import polars as pl

from perennial.settings import Settings
from perennial.stages.workspace import Workspace

DATASET = """
title: Orders
kind: event
source: {history: orders/*.parquet}
key: [order_id]
identities: [{column: customer_id, namespace: customer}]
columns:
  event_time: {type: timestamp, required: true}
  customer_id: {type: string, required: true}
  order_id: {type: string, required: true}
  total: {type: decimal, scale: 2, required: true}
"""
LIFETIME = """
kind: lifetime
title: What customers will be worth
dataset: orders
identity: customer_id
amount: total
calibration_days: 91
holdout_days: 91
horizon_days: 364
"""


def orders() -> pl.DataFrame:
    """Every purchase of CDNOW's 2,357 customers, as rows of the dataset."""
    rows = cdnow.events().with_row_index("n")
    return rows.select(
        "event_time",
        customer_id="person_id",
        order_id=pl.col("n").cast(pl.String),
        total="amount",
        event_id=pl.col("n").cast(pl.String),
        event_date=pl.col("event_time").dt.date(),
        batch=pl.lit("b"),
    )


def workspace(folder: Path, rows: pl.DataFrame, settings: str = "") -> Workspace:
    """A lake with these rows; `settings` are further lines of the document `clv`."""
    for name, text in {"datasets/orders": DATASET, "value/clv": LIFETIME + settings}.items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    made = Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))
    made.lake.events("orders").append(rows)
    return made


def put(made: Workspace, rows: pl.DataFrame) -> None:
    """Put rows in place of all that there are."""
    made.lake.events("orders").replace_where(rows, "batch", "b")
