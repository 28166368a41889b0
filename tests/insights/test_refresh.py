"""A refresh takes in what changed, in one transaction, and run again leaves the same tables."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import psycopg
import pytest

from perennial.errors import TransientError
from perennial.insights.engine import QueryError
from perennial.insights.model import load_models
from perennial.insights.store import transaction
from perennial.lake.signals import BATCHES
from perennial.stages.insights import refresh_insights
from perennial.stages.workspace import Workspace

from .conftest import DAY, add_day, email_events

pytestmark = pytest.mark.store
AS_OF = [DAY + timedelta(days=1), DAY + timedelta(days=2)]
LOGS = {"checkpoint_log"}


@pytest.fixture
def url(store) -> str:
    with psycopg.connect(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS insights CASCADE")
    return str(store.url)


def query(url: str, sql: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def tables(url: str) -> dict[str, list[tuple]]:
    """Every table's rows, but for the log of checkpoints."""
    names = query(url, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'insights'")
    return {
        name: sorted(query(url, f"SELECT * FROM insights.{name}"), key=repr)
        for (name,) in names
        if name not in LOGS
    }


def test_sales_are_exact_and_unknown_departments_have_a_name(filled, url):
    refresh_insights(filled, url, "daily", AS_OF[0])
    assert query(url, "SELECT * FROM insights.fact_sales_by_day ORDER BY date_key, department") == [
        (DAY, "DELI", Decimal("1.25"), 1, 1, 1),
        (DAY, "UNKNOWN", Decimal("1.25"), 1, 1, 1),
        (AS_OF[0], "DELI", Decimal("2.50"), 2, 2, 2),
        (AS_OF[0], "UNKNOWN", Decimal("1.25"), 1, 1, 1),
    ]


def test_a_day_shows_nothing_of_the_days_after_it(filled, url):
    refresh_insights(filled, url, "daily", AS_OF[0])
    assert query(url, "SELECT DISTINCT date_key FROM insights.adwh_fact_profile") == [(DAY,)]
    assert query(url, "SELECT process_date FROM insights.adwh_lkup_process_delta_log") == [(DAY,)]


def test_people_orphans_and_identities_are_counted(filled, url):
    refresh_insights(filled, url, "daily", AS_OF[0])
    refresh_insights(filled, url, "daily", AS_OF[1])
    counts = query(
        url,
        "SELECT date_key, count_of_profiles, count_of_single_identity_profiles, count_of_orphan_profiles, "
        "count_of_identities FROM insights.adwh_fact_profile ORDER BY date_key",
    )
    assert counts == [(DAY, 2, 1, 1, 4), (AS_OF[0], 3, 2, 3, 5)]


def test_audiences_count_who_is_in_and_who_left(filled, url):
    for as_of in AS_OF:
        refresh_insights(filled, url, "daily", as_of)
    rows = query(
        url,
        "SELECT date_key, segment, count_of_profiles, count_of_calculated_realized_profiles, "
        "count_of_exited_profiles FROM insights.adwh_fact_profile_by_segment "
        "JOIN insights.adwh_dim_segments USING (segment_id) ORDER BY date_key",
    )
    assert rows == [(DAY, "top_spenders", 1, 1, 0), (AS_OF[0], "top_spenders", 0, 0, 1)]


def test_deciles_carry_their_sums(filled, url):
    refresh_insights(filled, url, "daily", AS_OF[0])
    rows = query(
        url,
        "SELECT metric, lookback, dimension, dimension_value, decile, count_of_profiles, metric_sum "
        "FROM insights.fact_value_by_decile ORDER BY decile",
    )
    assert rows == [
        ("spend", "12m", "overall", "all", 1, 1, Decimal("10.00")),
        ("spend", "12m", "overall", "all", 2, 1, Decimal("9.00")),
    ]


def test_movement_between_deciles_is_since_the_last_day_of_the_month_before(filled, url):
    for as_of in AS_OF:
        refresh_insights(filled, url, "daily", as_of)
    rows = query(url, "SELECT * FROM insights.fact_decile_movement ORDER BY date_key, to_decile")
    began = date(2017, 11, 30)
    assert rows == [
        (DAY, began, "spend", "12m", 1, 1, 1),
        (DAY, began, "spend", "12m", 0, 2, 1),
        (AS_OF[0], began, "spend", "12m", 1, 1, 1),
        (AS_OF[0], began, "spend", "12m", 0, 2, 1),
        (AS_OF[0], began, "spend", "12m", 0, 3, 1),
    ]


def test_run_again_and_in_another_order_the_tables_are_the_same(filled, url):
    for as_of in AS_OF:
        refresh_insights(filled, url, "daily", as_of)
    first = tables(url)
    for as_of in (AS_OF[1], AS_OF[0], AS_OF[0]):
        refresh_insights(filled, url, "daily", as_of)
    assert tables(url) == first
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA insights CASCADE")
    for as_of in reversed(AS_OF):
        refresh_insights(filled, url, "daily", as_of)
    assert tables(url) == first


def test_late_events_are_added_to_their_day(filled, url):
    for as_of in AS_OF:
        refresh_insights(filled, url, "daily", as_of)
    unchanged = refresh_insights(filled, url, "daily", AS_OF[1])
    assert "fact_sales_by_day" not in unchanged.rows
    add_day(filled, date(2017, 12, 1), people="a")
    refresh_insights(filled, url, "daily", AS_OF[1])
    assert query(url, "SELECT sum(spend) FROM insights.fact_sales_by_day") == [(Decimal("7.50"),)]


def test_a_failed_refresh_leaves_everything_as_it_was(filled, url, tmp_path):
    refresh_insights(filled, url, "daily", AS_OF[0])
    before, log = tables(url), query(url, "SELECT * FROM insights.checkpoint_log")
    include = tmp_path / "include"
    shutil.copytree(filled.settings.include, include)
    broken = include / "sql/insights/fact_value_by_decile.sql"
    broken.write_text(broken.read_text().partition("*/")[0] + "*/ SELECT * FROM nowhere")
    workspace = Workspace(replace(filled.settings, include=include))
    with pytest.raises(QueryError, match=r"fact_value_by_decile.sql: .*nowhere"):
        refresh_insights(workspace, url, "daily", AS_OF[1])
    assert tables(url) == before
    assert query(url, "SELECT * FROM insights.checkpoint_log") == log


def test_readers_see_the_old_day_until_the_new_one_is_complete(filled, url):
    refresh_insights(filled, url, "daily", AS_OF[0])
    models = load_models(filled.settings.include / "sql/insights")
    nothing = pl.DataFrame(schema=dict.fromkeys(models["adwh_fact_profile"].columns, pl.Int64))
    with transaction(url) as opened:
        opened.put(models["adwh_fact_profile"], nothing, None)
        assert query(url, "SELECT count(*) FROM insights.adwh_fact_profile") == [(1,)]
    assert query(url, "SELECT count(*) FROM insights.adwh_fact_profile") == [(0,)]


def test_a_store_that_is_down_may_be_tried_again(filled):
    with pytest.raises(TransientError, match="the store cannot be reached"):
        refresh_insights(filled, "postgresql://nobody:x@127.0.0.1:1/nothing", "daily", AS_OF[0])


def test_responses_are_counted_once_per_send_on_the_day_of_the_first(filled, url):
    lake = filled.lake
    lake.email_events.append(
        email_events(
            ("1", "sent", 9, "a"),
            ("2", "delivered", 9, "a"),
            ("3", "opened", 20, "a"),
            ("4", "opened", 30, "a"),
            ("5", "sent", 9, "b"),
            ("6", "bounced", 10, "b"),
        )
    )
    refresh_insights(filled, url, "responses")
    opens = "SELECT date_key, decile, sent, opens_total, opens_unique, bounced_hard"
    assert query(url, f"{opens} FROM insights.fact_email_response ORDER BY 1, 2") == [
        (DAY, 1, 1, 1, 1, 0),
        (DAY, 2, 1, 0, 0, 1),
        (AS_OF[0], 1, 0, 1, 0, 0),
    ]
    # An earlier open that arrives late takes the first place on its own day, and gives back the other's.
    lake.email_events.append(email_events(("7", "opened", -5, "a")))
    refresh_insights(filled, url, "responses")
    unique = query(
        url,
        "SELECT date_key, opens_total, opens_unique FROM insights.fact_email_response "
        "WHERE opens_total > 0 ORDER BY 1",
    )
    assert unique == [(DAY - timedelta(days=1), 1, 1), (DAY, 1, 0), (AS_OF[0], 1, 0)]


def test_what_became_of_a_batch_and_why_rows_were_set_aside(filled, url):
    lake = filled.lake
    report = {
        "batch": "b",
        "step": 0,
        "dataset": "transactions",
        "source": "files",
        "day": DAY,
        "status": "success",
    }
    counts = {"read": 10, "accepted": 7, "duplicate": 1, "failed": 2}
    lake.batches.append(pl.DataFrame([report | counts], schema=BATCHES))
    reasons = [["quantity: below 0"], ["quantity: below 0", "basket_id: required, but missing"]]
    lake.quarantine("transactions").append(
        pl.DataFrame({"batch": "b", "reasons": reasons, "quarantined_on": DAY})
    )
    refresh_insights(filled, url, "daily", AS_OF[0])
    batches = query(url, "SELECT * FROM insights.fact_batch")
    assert batches == [("b", "transactions", "files", DAY, "success", 10, 7, 1, 2)]
    assert query(url, "SELECT * FROM insights.fact_quarantine ORDER BY reason") == [
        ("b", "basket_id: required, but missing", 1),
        ("b", "quantity: below 0", 2),
    ]


def test_tables_and_columns_say_what_they_hold(filled, url, tmp_path):
    include = tmp_path / "include"
    shutil.copytree(filled.settings.include, include)
    file = include / "sql/insights/fact_batch.sql"
    declared = file.read_text()
    for text in ("Rows that broke a rule", "Rows that were set aside"):
        file.write_text(declared.replace("*/", f"comments:\n  rows_set_aside: {text}\n*/", 1))
        workspace = Workspace(replace(filled.settings, include=include))
        refresh_insights(workspace, url, "daily", AS_OF[0])
        told = query(
            url,
            "SELECT obj_description(t), col_description(t, 9) "
            "FROM (SELECT 'insights.fact_batch'::regclass::oid AS t) AS it",
        )
        assert told == [("Batches of signals, and what became of their rows", text)]
