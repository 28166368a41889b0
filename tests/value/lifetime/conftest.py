"""CDNOW: as the papers summarise it, and every transaction."""

from datetime import date
from pathlib import Path

import cdnow as data
import polars as pl
import pytest

from perennial.value.lifetime.definition import LifetimeDefinition
from perennial.value.lifetime.summary import summarise


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder with the data files."""
    return data.folder()


@pytest.fixture(scope="session")
def cdnow(datasets: Path) -> pl.DataFrame:
    """The published summary of 2,357 customers: weeks, rounded to two decimals."""
    names = {"x": "frequency", "t_x": "recency", "T": "age", "zbar": "mean_spend"}
    return pl.read_csv(datasets / "cdnow_customers_summary_with_transactions.csv").rename(names)


@pytest.fixture(scope="session")
def cdnow_events() -> pl.LazyFrame:
    """Every transaction of these customers in 18 months from 1997 on."""
    return data.events().lazy()


@pytest.fixture(scope="session")
def cdnow_exact(cdnow_events: pl.LazyFrame) -> pl.DataFrame:
    """Our summary of the same customers at the end of September 1997: not rounded."""
    return summarise(cdnow_events, date(1997, 10, 1)).sort("person_id").collect()


@pytest.fixture(scope="session")
def weekly() -> LifetimeDefinition:
    """A document over CDNOW's purchases: a quarter of calibration at the least, and one of holdout."""
    return LifetimeDefinition(
        kind="lifetime",
        name="clv",
        title="T",
        dataset="orders",
        identity="person_id",
        amount="amount",
        calibration_days=91,
        holdout_days=91,
        horizon_days=364,
    )
