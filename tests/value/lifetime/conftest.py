"""CDNOW, as the wheel of `lifetimes` has it: the data of the papers."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from perennial.value.lifetime.summary import summarise


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder with the data files."""
    found = find_spec("lifetimes")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package lifetimes, whose wheel holds CDNOW, is not installed")
    return Path(found.submodule_search_locations[0]) / "datasets"


@pytest.fixture(scope="session")
def cdnow(datasets: Path) -> pl.DataFrame:
    """The published summary of 2,357 customers: weeks, rounded to two decimals."""
    names = {"x": "frequency", "t_x": "recency", "T": "age", "zbar": "mean_spend"}
    return pl.read_csv(datasets / "cdnow_customers_summary_with_transactions.csv").rename(names)


@pytest.fixture(scope="session")
def cdnow_events(datasets: Path) -> pl.LazyFrame:
    """Every transaction of these customers in 18 months from 1997 on."""
    rows = [line.split() for line in (datasets / "CDNOW_sample.txt").read_text().splitlines() if line.strip()]
    columns = {"person_id": 1, "event_time": 2, "amount": 4}
    frame = pl.DataFrame({name: [row[place] for row in rows] for name, place in columns.items()})
    return frame.lazy().with_columns(
        pl.col("event_time").str.to_datetime("%Y%m%d", time_unit="us", time_zone="UTC"),
        pl.col("amount").cast(pl.Decimal(18, 2)),
    )


@pytest.fixture(scope="session")
def cdnow_exact(cdnow_events: pl.LazyFrame) -> pl.DataFrame:
    """Our summary of the same customers at the end of September 1997: not rounded."""
    return summarise(cdnow_events, date(1997, 10, 1)).sort("person_id").collect()
