"""Scheduled queries over a real lake: intervals and increments leave the same rows however often they run."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from queries.conftest import purchases

from perennial.lake.catalog import Lake
from perennial.lake.checkpoints import IncrementalReader
from perennial.lake.tables import Table
from perennial.queries import outputs
from perennial.queries.errors import QueryError
from perennial.settings import REPOSITORY, Settings
from perennial.signals.erased import fingerprint
from perennial.stages import scheduled_queries
from perennial.stages.personal_data import places
from perennial.stages.scheduled_queries import QueryDelayed, Run, run_scheduled
from perennial.stages.workspace import Workspace

DAILY = """/*
title: Spend of a day
schedule: daily
parameters:
  least: {type: number, default: 1}
*/
SELECT household_id, sum(sales_value) AS spend, min(event_time) AS first
FROM events.transactions
WHERE event_time >= $interval_start AND event_time < $interval_end AND sales_value >= $least
GROUP BY ALL
"""
NEW = """/*
title: What came
schedule: hourly
source: events/transactions
*/
SELECT count(*) AS events, hll_build_agg(household_id) AS households
FROM events.transactions BETWEEN $since AND $until
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    queries = tmp_path / "include" / "sql" / "queries"
    queries.mkdir(parents=True)
    (queries / "daily.sql").write_text(DAILY)
    (queries / "new.sql").write_text(NEW)
    (tmp_path / "include" / "sql" / "macros").symlink_to(REPOSITORY / "include" / "sql" / "macros")
    lake = Lake(str(tmp_path / "lake"))
    lake.events("transactions").append(purchases(0, 6))
    return Workspace(Settings(tmp_path / "include", lake.root, str(tmp_path), tmp_path / "spool"))


def day(number: int) -> Run:
    start, end = (datetime(2017, 12, n, tzinfo=UTC) for n in (number, number + 1))
    return Run(start, end, datetime(2018, 1, 1, tzinfo=UTC), {})


def no_store() -> str:
    raise AssertionError("the lake is enough")


def result(workspace: Workspace, name: str) -> pl.DataFrame:
    return Table(workspace.settings.lake, f"queries/{name}").scan().collect()


def test_a_run_gives_the_rows_of_its_interval_once(workspace):
    for number in (30, 29, 30):
        counts = run_scheduled(workspace, "daily", day(number), no_store)
    assert counts["rows"] == 1
    assert counts["table"] == "queries/daily"
    assert counts["snapshots"] == {"events/transactions": 0}
    assert counts["peak_megabytes"] > 0
    found = result(workspace, "daily")
    assert found["household_id"].to_list() == ["1"], "an event of the 30th: of the other, 0.50 was spent"
    assert found.schema["first"] == pl.Datetime("us", "UTC")


def test_values_of_a_run_by_hand_replace_the_defaults(workspace):
    run = day(30)
    assert run_scheduled(workspace, "daily", replace(run, given={"least": "9"}), no_store)["rows"] == 0
    with pytest.raises(QueryError, match=r"\$least is to be a number"):
        run_scheduled(workspace, "daily", replace(run, given={"least": "much"}), no_store)


def test_increments_follow_one_another(workspace):
    for rows in (0, 4):
        if rows:
            workspace.lake.events("transactions").append(purchases(6, rows))
        counts = run_scheduled(workspace, "new", day(30), no_store)
    assert counts["snapshots"] == {"events/transactions": 1}
    assert result(workspace, "new")["events"].sort().to_list() == [4, 6]


def test_an_interrupted_increment_is_repeated_and_counts_once(workspace, monkeypatch):
    class Killed(Exception):
        pass

    def killed(*arguments: Any) -> int:
        outputs.write(*arguments)
        raise Killed

    monkeypatch.setattr(scheduled_queries, "write", killed)
    with pytest.raises(Killed):
        run_scheduled(workspace, "new", day(30), no_store)
    monkeypatch.undo()
    workspace.lake.events("transactions").append(purchases(6, 2))
    run_scheduled(workspace, "new", day(30), no_store)
    assert result(workspace, "new")["events"].to_list() == [8]
    source = workspace.lake.events("transactions")
    assert IncrementalReader("queries/new", source).position() == source.version()


def test_a_query_that_fails_leaves_everything_as_it_was(workspace):
    run_scheduled(workspace, "daily", day(30), no_store)
    before = result(workspace, "daily")
    path = workspace.settings.include / "sql" / "queries" / "daily.sql"
    path.write_text(DAILY.replace("min(event_time)", "min(nothing)"))
    with pytest.raises(QueryError, match="nothing"):
        run_scheduled(workspace, "daily", day(30), no_store)
    assert result(workspace, "daily").equals(before)


def test_the_products_own_query_runs(workspace):
    product = Workspace(Settings(REPOSITORY / "include", workspace.settings.lake, "", Path("/nowhere")))
    counts = run_scheduled(product, "visitors_by_day", day(30), no_store)
    assert counts["rows"] == 2
    assert set(result(workspace, "visitors_by_day").columns) == {"event_date", "lines", "shoppers", "run_key"}


def test_a_person_is_found_in_what_queries_left(workspace):
    table = Table(workspace.settings.lake, "queries/mine")
    rows = {
        "household_id": ["1", "2"],
        "n": ["1", "1"],
        "who": [None, " Ann@Example.com"],
        "run_key": ["1", "1"],
    }
    table.append(pl.DataFrame(rows))
    product = Workspace(Settings(REPOSITORY / "include", workspace.settings.lake, "", Path("/nowhere")))
    for namespace, value, found in (
        ("household", "1", 1),
        ("email", "ann@example.com", 1),
        ("household", "9", 0),
    ):
        wanted = {namespace: frozenset([fingerprint(value, namespace)])}
        [place] = [each for each in places(product, wanted) if each.table.name == table.name]
        assert table.scan().filter(place.doomed).collect().height == found, (namespace, value)


def test_a_store_that_is_down_is_worth_another_try(workspace):
    path = workspace.settings.include / "sql" / "queries" / "daily.sql"
    path.write_text("/*\ntitle: T\nschedule: daily\ndialect: store\n*/ SELECT 1 AS x")
    with pytest.raises(QueryDelayed, match="cannot be reached"):
        run_scheduled(workspace, "daily", day(30), lambda: "postgresql://a:b@127.0.0.1:1/c")


def test_before_anything_has_come_there_is_no_increment_and_no_failure(tmp_path):
    product = Workspace(Settings(REPOSITORY / "include", str(tmp_path / "lake"), "", Path("/nowhere")))
    counts = run_scheduled(product, "visitors_by_day", day(30), no_store)
    assert counts["rows"] == 0
    product.lake.events("transactions").append(purchases(0, 6))
    assert run_scheduled(product, "visitors_by_day", day(30), no_store)["rows"] == 2
