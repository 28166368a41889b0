"""A stage killed at any of its commits, and run again, leaves the tables of an undisturbed run.

What a killed process leaves is what the disk held at that moment: so one run keeps a copy of the lake before
each of its commits, and the stage is run again on every copy. The store is no folder: there processes are
really killed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from lake_rows import lake_rows
from s3_server import upload
from store_rows import empty, store_rows

from perennial.sandbox.sources import DAYS
from perennial.settings import REPOSITORY
from perennial.stages.workspace import Workspace

from .conftest import ingest_history, workspace

DAY = DAYS[1]
AS_OF = DAY + timedelta(days=1)
IN_THE_LAKE = ["signals", "value", "profiles", "audiences", "live"]
QUICK = "audiences"
"""The stage that is tried by default; the end-to-end test kills others."""
STAGES = [*IN_THE_LAKE, "insights"]

# A process of its own runs stages one by one. It copies the folder of each first (`before`) or ahead of every
# commit (`at_commits`), or kills itself, as the kernel would, ahead of one (`killed_at`).
RUN = """
import json, os, shutil, signal, sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from perennial.lake import files, tables
from perennial.settings import Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.insights import refresh_insights
from perennial.stages.profiles import build_profiles
from perennial.stages.rfm import compute_rfm
from perennial.stages.signals import ingest_batch
from perennial.stages.stitching import stitch
from perennial.stages.streaming import qualify
from perennial.stages.value import compute_value
from perennial.stages.workspace import Workspace

job, commits = {}, 0

def counted(commit):
    def wrapped(*args, **kwargs):
        global commits
        if job.get("killed_at") == commits:
            os.kill(os.getpid(), signal.SIGKILL)
        if "at_commits" in job:
            shutil.copytree(job["folder"], Path(job["at_commits"], str(commits)))
        commits += 1
        return commit(*args, **kwargs)
    return wrapped

tables.write_deltalake = counted(tables.write_deltalake)
files.commit = counted(files.commit)
psycopg.Connection.commit = counted(psycopg.Connection.commit)

def run(stage, workspace, day, store):
    as_of = day + timedelta(days=1)
    if stage == "signals":
        for name, dataset in workspace.datasets.items():
            if dataset.source.daily:
                ingest_batch(workspace, name, day, datetime(2018, 1, 1, 3, tzinfo=UTC))
    elif stage == "value":
        compute_rfm(workspace, as_of)
        compute_value(workspace, as_of)
    elif stage == "profiles":
        stitch(workspace, datetime(2018, 1, 1, 4, tzinfo=UTC))
        build_profiles(workspace, as_of)
    elif stage == "audiences":
        evaluate_audiences(workspace, as_of)
    elif stage == "live":
        qualify(workspace, datetime(as_of.year, as_of.month, as_of.day, 5, tzinfo=UTC))
    else:
        refresh_insights(workspace, store, "daily", as_of)

include, landing, store, jobs = sys.argv[1:]
for job in json.loads(jobs):
    folder, commits = job["folder"], 0
    if "before" in job:
        shutil.copytree(folder, job["before"])
    lake = job.get("lake", folder + "/lake")
    workspace = Workspace(Settings(Path(include), lake, landing, Path(folder)))
    run(job["stage"], workspace, date.fromisoformat(job["day"]), store)
print(commits)
"""


def job(stage: str, folder: Path, day: date = DAY, **more: Any) -> dict[str, Any]:
    """One stage of a day in a folder, for `run`."""
    paths = {key: str(value) if isinstance(value, Path) else value for key, value in more.items()}
    return {"stage": stage, "folder": str(folder), "day": str(day), **paths}


def run(landing: Path, store: str, *jobs: dict[str, Any]) -> int:
    """Run stages in a process; returns how many commits the last one made, or -1 if it was killed."""
    process = subprocess.run(
        [sys.executable, "-c", RUN, str(REPOSITORY / "include"), str(landing), store, json.dumps(jobs)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode == -signal.SIGKILL:
        return -1
    assert process.returncode == 0, process.stderr
    return int(process.stdout)


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
    copies = {stage: folder / stage for stage in STAGES}
    first = [job(stage, moving, DAYS[0]) for stage in STAGES]
    run(sample, store_url, *first, *(job(stage, moving, before=copies[stage]) for stage in STAGES))
    return copies


@pytest.fixture
def copy(before: dict[str, Path], tmp_path: Path) -> Callable[[str, str], Path]:
    def made(stage: str, name: str) -> Path:
        shutil.copytree(before[stage], tmp_path / name)
        return tmp_path / name

    return made


def same(found: Path | str, expected: dict[str, Any], when: str = "") -> None:
    """A lake has these rows, and no others."""
    tables = lake_rows(f"{found}/lake")
    assert tables.keys() == expected.keys(), when
    for name, rows in tables.items():
        assert rows.equals(expected[name]), f"{name} {when}"


@pytest.mark.store
@pytest.mark.parametrize(
    "stage", [pytest.param(each, marks=() if each == QUICK else pytest.mark.long) for each in IN_THE_LAKE]
)
def test_ended_before_any_commit_and_run_again_the_tables_are_the_same(
    stage, copy, sample, store_url, tmp_path
):
    undisturbed = copy(stage, "undisturbed")
    ended = tmp_path / "ended"
    commits = run(sample, store_url, job(stage, undisturbed, at_commits=ended))
    assert commits >= 1
    expected = lake_rows(undisturbed / "lake")
    folders = [ended / str(survived) for survived in range(commits)]
    run(sample, store_url, *(job(stage, folder) for folder in folders))
    for survived, folder in enumerate(folders):
        same(folder, expected, f"ended after {survived} of {commits} commits")


@pytest.mark.long
@pytest.mark.store
def test_killed_before_any_commit_and_run_again_the_store_is_the_same(copy, sample, store_url):
    empty(store_url)
    folder = copy("insights", "undisturbed")
    commits = run(sample, store_url, job("insights", folder))
    assert commits >= 1
    lake, store = lake_rows(folder / "lake"), store_rows(store_url)
    for survived in range(commits):
        empty(store_url)
        assert run(sample, store_url, job("insights", folder, killed_at=survived)) == -1
        run(sample, store_url, job("insights", folder))
        assert store_rows(store_url) == store
    same(folder, lake)


@pytest.mark.long
@pytest.mark.store
def test_a_day_run_twice_or_in_an_object_store_leaves_the_same_tables(copy, sample, store_url, object_store):
    empty(store_url)
    folder, other = copy("signals", "twice"), copy("signals", "other")
    day = [job(stage, folder) for stage in STAGES]
    run(sample, store_url, *day)
    lake, store = lake_rows(folder / "lake"), store_rows(store_url)
    run(sample, store_url, *day)
    same(folder, lake)
    assert store_rows(store_url) == store
    empty(store_url)
    # A lake moves by its files: no table knows where it lies.
    upload(other / "lake", f"{object_store}/lake")
    run(sample, store_url, *(job(stage, other, lake=f"{object_store}/lake") for stage in STAGES))
    same(object_store, lake)
    assert store_rows(store_url) == store
