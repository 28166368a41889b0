"""The tutorial's commands run as they stand there; what Airflow is asked for is done by the stages."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Store as Urls

from perennial.settings import REPOSITORY, Settings
from perennial.stages.insights import refresh_days
from perennial.stages.recompute import plan, recompute
from perennial.stages.signals import ingest_batch
from perennial.stages.steps import STORED
from perennial.stages.workspace import Workspace
from perennial.web.dashboards import load_dashboards
from perennial.web.results import payload
from perennial.web.selections import select
from perennial.web.store import Store

TUTORIAL = REPOSITORY / "docs/tutorials/own_data.md"
NOW = datetime(2026, 7, 2, tzinfo=UTC)
SHELL = f"""
set -euo pipefail
make() {{
  case "$1" in
    dataset) PYTHONPATH="{REPOSITORY}/plugins" "{sys.executable}" -m perennial.propose \\
      "${{2#FILE=}}" "${{3#NAME=}}" ;;
    up) mkdir -p "$PERENNIAL_STATE"; echo "make up" >> asked ;;
    -s) true ;;
    *) echo "make $*: not of the tutorial" >&2; return 1 ;;
  esac
}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which all blocks of the tutorial were run, in their order."""
    made: Path = tmp_path_factory.mktemp("tutorial")
    for name in ("docs", "include"):
        (made / name).symlink_to(REPOSITORY / name)
    (made / ".venv/bin").mkdir(parents=True)
    airflow = made / ".venv/bin/airflow"
    airflow.write_text('#!/bin/sh\nfor each; do printf "%s\\n" "$each"; done >> asked\n')
    airflow.chmod(0o755)
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text(), re.DOTALL | re.MULTILINE)
    subprocess.run(["bash", "-c", SHELL + "\n".join(blocks)], cwd=made, check=True)
    return made


@pytest.fixture(scope="module")
def workspace(folder: Path) -> Workspace:
    """What Airflow was asked for, done."""
    state, include = folder / ".shop", folder / "shop"
    made = Workspace(Settings(include, str(state / "lake"), str(state / "landing"), state / "spool"))
    ingest_batch(made, "orders", None, NOW)
    (ranges,) = plan(made, "tutorial", days(folder), STORED, NOW)
    for step in STORED:
        recompute(made, "tutorial", step, ranges, lambda: NOW)
    return made


def days(folder: Path) -> list[date]:
    *_, form = (folder / "asked").read_text().split("\n")[:-1]
    first, last = (date.fromisoformat(json.loads(form)[key]) for key in ("from_day", "to_day"))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_airflow_is_asked_for_what_it_has(folder: Path) -> None:
    asked = (folder / "asked").read_text().split("\n")
    assert asked[:4] == ["make up", "dags", "trigger", "signals_history"]
    assert asked[4:7] == ["dags", "trigger", "recompute_days"]
    for dag in ("signals_history", "recompute_days"):
        assert f'"{dag}"' in (REPOSITORY / f"dags/{dag}.py").read_text()


def test_customers_are_ranked_as_another_engine_ranks_them(folder: Path, workspace: Workspace) -> None:
    last = days(folder)[-1]
    profiles = workspace.lake.profiles.scan().filter(as_of=last).collect()
    found = dict(profiles.select("person_id", "spend_lifetime_decile").rows())
    expected = duckdb.execute(
        "SELECT customer, ntile(10) OVER (ORDER BY sum(total::DECIMAL(18, 2)) DESC, customer)"
        f" FROM '{folder / 'orders.csv'}' WHERE ordered_at < '{last}' GROUP BY customer"
    ).fetchall()
    assert found == dict(expected)


def test_the_dashboard_has_something_to_show(folder: Path, workspace: Workspace, store: Urls) -> None:
    refresh_days(workspace, store.url, days(folder))
    (board,) = load_dashboards(folder / "shop").values()
    reader = Store(lambda: store.reader_url, timeout_s=5)
    try:
        day = days(folder)[-1] - timedelta(days=1)
        for widget in board.widgets:
            rows = payload(widget, select(board, day, None, {}), reader)["rows"]
            assert rows, widget.id
            assert None not in rows[-1], widget.id
    finally:
        reader.close()
