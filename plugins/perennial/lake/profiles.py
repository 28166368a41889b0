"""How profiles are recorded beside their rows."""

import polars as pl

ATTRIBUTES = pl.Schema({"policy": pl.String(), "as_of": pl.Date(), "columns": pl.List(pl.String())})
"""The columns that the profiles of a day were built with: their table has those of all days."""
