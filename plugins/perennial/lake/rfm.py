"""The shape of the table of RFM scores."""

import polars as pl

RFM_SCORES = pl.Schema(
    {
        "person_id": pl.String(),
        "recency_days": pl.Int64(),
        "orders": pl.Int64(),
        "revenue": pl.Decimal(18, 2),
        "recency": pl.Int16(),
        "frequency": pl.Int16(),
        "monetary": pl.Int16(),
        "score": pl.String(),
        "segment": pl.String(),
        "as_of": pl.Date(),
    }
)
"""One row a customer and day; revenue has as many decimals as the document's amounts."""
