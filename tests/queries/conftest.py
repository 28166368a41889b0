"""A small lake with a history, and an engine over it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.queries.catalog import LakeTables
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.limits import SHOWN
from perennial.settings import REPOSITORY

MACROS = REPOSITORY / "include" / "sql" / "macros"
START = datetime(2017, 12, 30, 22, tzinfo=UTC)


def purchases(first: int, count: int) -> pl.DataFrame:
    """Events numbered from `first`, an hour apart."""
    numbers = range(first, first + count)
    return pl.DataFrame(
        {
            "event_id": [f"e{number:03}" for number in numbers],
            "household_id": [str(number % 3) for number in numbers],
            "sales_value": [f"{number}.50" for number in numbers],
            "event_time": [START + timedelta(hours=number) for number in numbers],
        }
    ).with_columns(
        pl.col("sales_value").cast(pl.Decimal(18, 2)),
        pl.col("event_time").dt.cast_time_unit("us"),
        event_date=pl.col("event_time").dt.date(),
    )


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three snapshots of `events/transactions`, with 2, 3 and 4 events; households."""
    lake = Lake(str(tmp_path_factory.mktemp("queries") / "lake"))
    first = 0
    for count in (2, 3, 4):
        lake.events("transactions").append(purchases(first, count))
        first += count
    households = pl.DataFrame({"household_id": ["0", "1", "2"], "town": ["Ulm", "Köln", None]})
    lake.records("households").append(households)
    return lake


Run = Callable[..., list[tuple]]


@pytest.fixture(scope="session")
def engine(lake: Lake) -> LakeEngine:
    """An engine over the lake, with the product's functions."""
    return LakeEngine(LakeTables(lake.root), MACROS, SHOWN)


@pytest.fixture
def run(engine: LakeEngine) -> Run:
    """The rows that a statement gives."""

    def rows(sql: str, **parameters: object) -> list[tuple]:
        _, pieces = engine.run(sql, parameters)
        return [row for piece in pieces for row in piece.rows()]

    return rows


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file that no query may see."""
    folder: Path = tmp_path_factory.mktemp("outside")
    (folder / "secret.csv").write_text("password\nhunter2\n")
    return folder
