"""The SQL of the manual can be run as it stands there."""

import re
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.queries.blocks import run_block
from perennial.queries.catalog import LakeTables
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.limits import SHOWN
from perennial.queries.scheduled import ScheduledQuery
from perennial.queries.templates import Template
from perennial.settings import REPOSITORY
from perennial.sql_files import load_sql

from .conftest import MACROS, purchases

TEXT = (REPOSITORY / "docs" / "queries.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> LakeEngine:
    """A lake with the tables that the manual speaks of, and enough snapshots."""
    lake = Lake(str(tmp_path_factory.mktemp("manual")))
    more = {"basket_id": pl.lit("b"), "product_id": pl.lit("p"), "device_id": pl.lit("d")}
    for number in range(12):
        lake.events("transactions").append(purchases(number, 1).with_columns(**more))
    app = purchases(0, 9).rename({"event_id": "message_id"}).with_columns(**more)
    lake.events("app_events").append(app)
    tables = LakeTables(lake.root)
    sketches = LakeEngine(tables, MACROS, SHOWN)
    _, pieces = sketches.run(
        "SELECT event_date, hll_build_agg(household_id) AS shoppers FROM events.transactions GROUP BY 1", {}
    )
    rows = pl.concat(pieces).rename({"c0": "event_date", "c1": "shoppers"})
    rows.write_delta(f"{lake.root}/queries/visitors_by_day")
    return LakeEngine(LakeTables(lake.root), MACROS, SHOWN)


@pytest.mark.parametrize("sql", EXAMPLES, ids=lambda sql: sql.strip().splitlines()[0][:40])
def test_an_example_runs(engine: LakeEngine, tmp_path: Path, sql: str) -> None:
    values: dict[str, object] = {}
    if sql.startswith("/*"):
        path = tmp_path / "example.sql"
        path.write_text(sql)
        model = ScheduledQuery if "schedule:" in sql else Template
        query = load_sql(path, model)
        values = {name: each.default for name, each in query.parameters.items()}  # type: ignore[attr-defined]
        values |= {"interval_start": "2017-12-01", "interval_end": "2018-02-01"}
        sql = query.sql  # type: ignore[attr-defined]
    _, pieces = run_block(engine, sql, values)
    assert sum(piece.height for piece in pieces) > 0


def test_there_are_examples_of_everything():
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(
    "name", sorted(re.findall(r"`(sess_\w+|attribution_\w+|hll_\w+|time_between_\w+)", TEXT))
)
def test_a_function_that_is_named_is_there(engine: LakeEngine, name: str) -> None:
    assert name in engine.macros


def test_the_limits_are_those_that_are_documented():
    assert f"| time | {SHOWN.seconds} s |" in TEXT
    assert f"| rows | {SHOWN.rows:,} |" in TEXT
    assert f"{SHOWN.result_megabytes} MB" in TEXT
