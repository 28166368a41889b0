"""What the manual of the insights model shows works, and it names every key, table and KPI."""

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from perennial.insights.catalogue import read
from perennial.insights.kpi import load_kpis
from perennial.insights.model import Model, load_models
from perennial.settings import REPOSITORY
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace
from perennial.web.dashboards import load_dashboards
from perennial.web.selections import select
from perennial.web.store import Store

from .conftest import DAY

MANUAL = (REPOSITORY / "docs/insights.md").read_text()
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```", MANUAL, re.DOTALL))


@pytest.mark.store
def test_a_dimension_and_a_fact_of_ones_own_are_filled_joined_and_shown(filled, store, tmp_path):
    include = tmp_path / "include"
    shutil.copytree(filled.settings.include, include)
    for name, text in EXAMPLES.items():
        (include / name).write_text(text)
    workspace = Workspace(replace(filled.settings, include=include))
    refresh_insights(workspace, store.url, "daily", DAY + timedelta(days=1))
    with psycopg.connect(store.url, options="-c search_path=insights") as connection:
        catalogue = read(connection)
    assert catalogue.tables["fact_sales_by_store"].title == "Sales per day and store"
    joined = {join.alias: join.on for join in catalogue.joins("fact_sales_by_store")}
    assert joined["dim_store"] == "fact_sales_by_store.store_id = dim_store.store_id"

    board = load_dashboards(include)["stores"]
    shown = Store(lambda: store.reader_url)
    try:
        day = DAY + timedelta(days=1)
        rows = shown.query(board.widgets[0].sql, select(board, day, None, {}).parameters).rows
    finally:
        shown.close()
    # Two sales of 1.25 on the first day, three on the second; the last person's are in the other store.
    assert {name: spend for spend, name in rows} == {"Store 1": Decimal("3.75"), "Store 2": Decimal("2.50")}


def test_every_key_of_a_declaration_is_explained():
    keys = {*Model.model_fields} - {"name", "query"}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []


def test_every_table_and_every_kpi_is_named():
    tables = load_models(REPOSITORY / "include/sql/insights")
    families = ("_trendlines", "fact_model_")
    missing = [name for name in tables if name not in MANUAL and not any(each in name for each in families)]
    assert missing == []
    kpis = load_kpis(REPOSITORY / "include/sql/kpi")
    assert [name for name in kpis if f"`{name}`" not in MANUAL] == []
