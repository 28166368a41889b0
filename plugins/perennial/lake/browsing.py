"""The shape of the table of what people left behind."""

import polars as pl

LEFT_BEHIND = pl.Schema(
    {
        "person_id": pl.String(),
        "product": pl.String(),
        "price": pl.Decimal(18, 2),
        "at": pl.Datetime("us", "UTC"),
        "as_of": pl.Date(),
    }
)
"""One row a person and day; the price has the type of the document's prices."""
