"""A stage killed at any of its commits, and run again, leaves the tables of an undisturbed run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from lake_rows import lake_rows
from psycopg import sql

from perennial.sandbox.sources import DAYS
from perennial.settings import REPOSITORY
from perennial.stages.workspace import Workspace

from .conftest import ingest_history, workspace

DAY = DAYS[1]
AS_OF = DAY + timedelta(days=1)
STAGES = ["signals", "value", "profiles", "audiences", "live", "insights"]

# A process of its own runs one stage and kills itself, as the kernel would, before its n-th commit.
RUN = """
import os, signal, sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from perennial.lake import files, tables
from perennial.settings import Settings
from perennial.stages.workspace import Workspace

stage, day, include, folder, landing, store, left = sys.argv[1:]
left = int(left)

def counted(commit):
    def wrapped(*args, **kwargs):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return commit(*args, **kwargs)
    return wrapped

tables.write_deltalake = counted(tables.write_deltalake)
files.commit = counted(files.commit)
psycopg.Connection.commit = counted(psycopg.Connection.commit)
workspace = Workspace(Settings(Path(include), folder + "/lake", landing, Path(folder)))
day = date.fromisoformat(day)
as_of = day + timedelta(days=1)
if stage == "signals":
    from perennial.stages.signals import ingest_batch
    for name, dataset in workspace.datasets.items():
        if dataset.source.daily:
            ingest_batch(workspace, name, day, datetime(2018, 1, 1, 3, tzinfo=UTC))
elif stage == "value":
    from perennial.stages.rfm import compute_rfm
    from perennial.stages.value import compute_value
    compute_rfm(workspace, as_of)
    compute_value(workspace, as_of)
elif stage == "profiles":
    from perennial.stages.profiles import build_profiles
    from perennial.stages.stitching import stitch
    stitch(workspace, datetime(2018, 1, 1, 4, tzinfo=UTC))
    build_profiles(workspace, as_of)
elif stage == "audiences":
    from perennial.stages.audiences import evaluate_audiences
    evaluate_audiences(workspace, as_of)
elif stage == "live":
    from perennial.stages.streaming import qualify
    qualify(workspace, datetime(as_of.year, as_of.month, as_of.day, 5, tzinfo=UTC))
else:
    from perennial.stages.insights import refresh_insights
    refresh_insights(workspace, store, "daily", as_of)
print(left)
"""
PLENTY = 1_000


def run(stage: str, folder: Path, landing: Path, store: str, day: date = DAY, commits: int = PLENTY) -> int:
    """Run a stage in a process; returns how many commits it made, or -1 if it was killed."""
    arguments = [stage, str(day), str(REPOSITORY / "include"), str(folder), str(landing), store, str(commits)]
    process = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode == -signal.SIGKILL:
        return -1
    assert process.returncode == 0, process.stderr
    return commits - int(process.stdout)


def store_rows(url: str) -> dict[str, list[tuple]]:
    """Every row of the star schema, but for the log of checkpoints, which knows when it was written."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'insights' AND table_name <> 'checkpoint_log'"
        ).fetchall()
        return {
            name: sorted(
                connection.execute(sql.SQL("TABLE {}").format(sql.Identifier("insights", name))).fetchall(),
                key=repr,
            )
            for (name,) in names
        }


def empty(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")


@pytest.fixture(scope="module")
def history(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A lake with the history, before the first daily run."""
    made = workspace(tmp_path_factory.mktemp("history"), sample)
    ingest_history(made)
    return made


@pytest.fixture(scope="module")
def before(history: Workspace, sample: Path, store_url: str, tmp_path_factory) -> dict[str, Path]:
    """For each stage, the lake as it is when the stage begins, an undisturbed day before it included."""
    folder = tmp_path_factory.mktemp("before")
    moving = folder / "moving"
    shutil.copytree(history.lake.root, moving / "lake")
    for stage in STAGES:
        run(stage, moving, sample, store_url, day=DAYS[0])
    copies = {}
    for stage in STAGES:
        copies[stage] = folder / stage
        shutil.copytree(moving, copies[stage])
        run(stage, moving, sample, store_url)
    return copies


@pytest.fixture
def copy(before: dict[str, Path], tmp_path: Path) -> Callable[[str, str], Path]:
    def made(stage: str, name: str) -> Path:
        shutil.copytree(before[stage], tmp_path / name)
        return tmp_path / name

    return made


@pytest.mark.store
@pytest.mark.parametrize("stage", STAGES)
def test_killed_before_any_commit_and_run_again_the_tables_are_the_same(stage, copy, sample, store_url):
    empty(store_url)
    undisturbed = copy(stage, "undisturbed")
    commits = run(stage, undisturbed, sample, store_url)
    assert commits >= 1
    lake, store = lake_rows(undisturbed / "lake"), store_rows(store_url)
    for survived in range(commits):
        empty(store_url)
        folder = copy(stage, f"killed-{survived}")
        assert run(stage, folder, sample, store_url, commits=survived) == -1
        run(stage, folder, sample, store_url)
        assert lake_rows(folder / "lake").keys() == lake.keys()
        for name, rows in lake_rows(folder / "lake").items():
            assert rows.equals(lake[name]), f"{name}, killed after {survived} of {commits} commits"
        assert store_rows(store_url) == store


@pytest.mark.store
def test_a_day_run_twice_leaves_the_same_tables(copy, sample, store_url):
    empty(store_url)
    folder = copy("signals", "twice")
    for stage in STAGES:
        run(stage, folder, sample, store_url)
    lake, store = lake_rows(folder / "lake"), store_rows(store_url)
    for stage in STAGES:
        run(stage, folder, sample, store_url)
    assert all(rows.equals(lake[name]) for name, rows in lake_rows(folder / "lake").items())
    assert store_rows(store_url) == store
