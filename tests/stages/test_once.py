"""A purchase that several events report counts once, in the sums of customers and in the store."""

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import psycopg
import pytest

from perennial.settings import REPOSITORY, Settings
from perennial.signals.ingest import ingest
from perennial.stages.insights import refresh_insights
from perennial.stages.value import compute_value, history
from perennial.stages.workspace import Workspace

DAY = date(2017, 12, 25)
NOW = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two events of one purchase of 5.00, and one of another."""
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    document = tmp_path / "include/datasets/transactions.yaml"
    text = document.read_text().replace("scale: 2, required: true, min: 0", "scale: 2, min: 0")
    rule = "once: [{per: household_id, key: basket_id, metrics: [sales_value]}]\n"
    document.write_text(text.replace("columns:\n", rule + "extra_columns: ignore\ncolumns:\n", 1))
    folder = tmp_path / "landing/transactions/daily"
    folder.mkdir(parents=True)
    rows = ["b1,p1,10:00,5.00", "b1,p2,10:05,5.00", "b2,p1,11:00,7.00"]
    lines = [f"{b},1,{p},1,2017-12-25 {at}:00,{value}" for b, p, at, value in (r.split(",") for r in rows)]
    head = "basket_id,household_id,product_id,quantity,transaction_timestamp,sales_value"
    (folder / f"{DAY}.csv").write_text("\n".join([head, *lines]) + "\n")
    made = Workspace(
        Settings(tmp_path / "include", str(tmp_path / "lake"), str(tmp_path / "landing"), tmp_path / "spool")
    )
    made.lake.records("products").replace(
        pl.DataFrame({"product_id": ["p1", "p2"], "department": ["DELI", "DELI"]})
    )
    ingest(made.intake(NOW), made.dataset("transactions"), made.settings.landing, DAY)
    return made


def test_sums_of_customers_count_it_once(workspace):
    compute_value(workspace, DAY + timedelta(days=1))
    value = history(workspace, "customer_value").read(DAY + timedelta(days=1)).filter(dimension="overall")
    assert value.filter(lookback="lifetime").collect()["spend"].to_list() == [Decimal("12.00")]


@pytest.mark.store
def test_the_store_counts_it_once_and_all_lines(workspace, store_url):
    for name in ("campaigns", "campaign_households", "households"):
        columns = dict.fromkeys(workspace.dataset(name).columns, pl.String)
        workspace.lake.records(name).replace(pl.DataFrame(schema=columns))
    model = "SELECT spend, lines FROM insights.fact_sales_by_day"
    _refresh_sales(workspace, store_url)
    with psycopg.connect(store_url) as connection:
        assert connection.execute(model).fetchall() == [(Decimal("12.00"), 3)]


def _refresh_sales(workspace: Workspace, store_url: str) -> None:
    folder = workspace.settings.include / "sql/insights"
    for file in folder.glob("*.sql"):
        if file.stem not in ("fact_sales_by_day", "adwh_dim_date", "adwh_dim_merge_policies"):
            file.unlink()
    refresh_insights(workspace, store_url, "daily", DAY + timedelta(days=1))
