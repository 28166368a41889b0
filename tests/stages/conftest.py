"""The Complete Journey data as the landing zone has it, whole and as a sample of households."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from perennial.sandbox.sources import DAYS, deliver
from perennial.settings import REPOSITORY, Settings
from perennial.stages.signals import ingest_batch
from perennial.stages.workspace import Workspace

SAMPLE = 50
"""One household in so many."""
NOW = datetime(2018, 1, 1, 3, tzinfo=UTC)


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of the demo."""
    folder = tmp_path_factory.mktemp("landing")
    deliver(folder)
    return folder


@pytest.fixture(scope="session")
def sample(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files with a sample of the households."""
    folder = tmp_path_factory.mktemp("sample") / "landing"
    shutil.copytree(landing, folder)
    for file in folder.glob("transactions/history/*.parquet"):
        pl.read_parquet(file).filter(pl.col("household_id") % SAMPLE == 0).write_parquet(file)
    for file in folder.glob("transactions/daily/*.csv"):
        household = pl.col("household_id").cast(pl.Int64)
        rows = pl.read_csv(file, infer_schema=False)
        rows.filter((household % SAMPLE == 0).fill_null(True)).write_csv(file)
    return folder


def workspace(folder: Path, landing: Path) -> Workspace:
    """The product's documents over a lake in `folder`."""
    return Workspace(Settings(REPOSITORY / "include", str(folder / "lake"), str(landing), folder / "spool"))


def ingest_history(made: Workspace) -> None:
    """What comes before the daily files."""
    for name in made.datasets:
        if made.datasets[name].source.history:
            ingest_batch(made, name, None, NOW)


def ingest_days(made: Workspace) -> None:
    """The daily files of the last week."""
    for day in DAYS:
        for name, dataset in made.datasets.items():
            if dataset.source.daily:
                ingest_batch(made, name, day, NOW)
