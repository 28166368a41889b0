"""A year of real data through the stages, checked against another engine's answer to the same question."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest
from expected import WINDOWS, deciles_in_sql, source, spend_and_lines

from perennial.signals.batches import Batches
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.insights import refresh_insights
from perennial.stages.profiles import build_profiles
from perennial.stages.stitching import stitch
from perennial.stages.value import compute_value, history
from perennial.stages.workspace import Workspace

from .conftest import ingest_days, ingest_history, workspace

AS_OF = date(2018, 1, 1)
NOW = datetime(2018, 1, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def journey(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The whole year, ingested and computed as of its end."""
    made = workspace(tmp_path_factory.mktemp("journey"), landing)
    ingest_history(made)
    ingest_days(made)
    stitch(made, NOW)
    compute_value(made, AS_OF)
    build_profiles(made, AS_OF)
    evaluate_audiences(made, AS_OF)
    return made


def test_every_line_is_in_the_lake_once(journey):
    lake = journey.lake.events("transactions").scan()
    lines = lake.select(pl.len(), pl.col("event_id").n_unique().alias("ids")).collect().row(0)
    assert lines == (1_469_307, 1_469_307)


def test_broken_lines_are_set_aside_and_repeated_ones_are_not_counted(journey):
    batches = Batches(journey.lake.batches).current().filter(dataset="transactions").collect()
    assert batches.select(pl.col("duplicate", "failed").sum()).row(0) == (18, 24)
    assert batches["read"].sum() == 1_469_307 + 18 + 24
    assert journey.lake.quarantine("transactions").scan().collect().height == 24


@pytest.mark.parametrize(("window", "months"), WINDOWS.items())
def test_deciles_equal_ntile_for_every_household_department_and_lookback(journey, window, months):
    expected = deciles_in_sql(AS_OF, months)
    columns = ["spend", "baskets", "spend_decile", "baskets_decile"]
    ours = history(journey, "customer_value").read(AS_OF).filter(lookback=window).collect()
    ours = ours.select("person_id", "dimension", "dimension_value", *columns).drop_nulls()
    ours = ours.sort("dimension", "dimension_value", "person_id")
    assert ours.height > 14_000
    assert ours.rows() == expected.rows()


def test_audiences_equal_the_same_rules_in_sql(journey):
    members = journey.lake.membership.scan().filter(as_of=AS_OF).collect()
    buyers = "SELECT DISTINCT household_id FROM transactions JOIN products USING (product_id) WHERE "
    recent = (
        f"transaction_timestamp < TIMESTAMP '{AS_OF}' AND transaction_timestamp >= TIMESTAMP '2017-10-01'"
    )
    expected = source(f"""
        SELECT household_id::VARCHAR AS person_id
        FROM (
            SELECT household_id FROM transactions JOIN products USING (product_id)
            WHERE department = 'DELI' AND {recent}
            GROUP BY household_id HAVING sum(sales_value::DECIMAL(18, 2)) > 0
        )
        WHERE household_id NOT IN ({buyers} department = 'PRODUCE' AND {recent})
    """)
    ours = members.filter(audience="deli_not_produce")["person_id"]
    assert set(ours) == set(expected["person_id"])
    assert len(ours) == 89
    big = source(f"""
        SELECT household_id::VARCHAR AS person_id FROM transactions
        WHERE sales_value >= 5 AND transaction_timestamp >= TIMESTAMP '2017-12-01'
            AND transaction_timestamp < TIMESTAMP '{AS_OF}'
        GROUP BY household_id HAVING count(*) >= 10 AND sum(sales_value::DECIMAL(18, 2)) > 200
    """)
    assert set(members.filter(audience="big_baskets")["person_id"]) == set(big["person_id"])
    quiet = source(f"""
        SELECT household_id::VARCHAR AS person_id FROM transactions
        WHERE transaction_timestamp < TIMESTAMP '{AS_OF}' GROUP BY household_id
        HAVING max(transaction_timestamp) < TIMESTAMP '{AS_OF}' - INTERVAL 14 DAY
    """)
    top = set(members.filter(audience="top_spenders")["person_id"])
    assert set(members.filter(audience="best_gone_quiet")["person_id"]) == top & set(quiet["person_id"])
    regular = source(f"""
        SELECT household_id::VARCHAR AS person_id FROM transactions
        WHERE transaction_timestamp < TIMESTAMP '{AS_OF}' GROUP BY household_id
        HAVING count(*) FILTER (store_id = 367 AND transaction_timestamp >= TIMESTAMP '2017-10-01') > 0
            AND count(DISTINCT basket_id) FILTER (
                transaction_timestamp >= TIMESTAMP '2017-12-03'
                AND transaction_timestamp < TIMESTAMP '2017-12-31'
            ) >= 8
    """)
    assert set(members.filter(audience="regulars_of_367")["person_id"]) == set(regular["person_id"])
    assert regular.height > 20
    sizes = dict(members.group_by("audience").len().rows())
    assert sizes["top_spenders"] == 741, "three tenths of 2,468 or 2,469 households"


def test_every_household_has_one_profile_with_its_identities(journey):
    people = journey.lake.profiles.scan().filter(as_of=AS_OF).collect()
    assert people["person_id"].n_unique() == people.height == 2_469
    identities = people.explode("identities").select("person_id", pl.col("identities").struct.unnest())
    assert identities.group_by("namespace").len().sort("namespace").rows() == [
        ("email", 2_469),
        ("email_sha256", 2_469),
        ("household", 2_469),
    ]


@pytest.mark.store
def test_spend_in_the_store_equals_the_source_to_the_cent(journey, store_url):
    refresh_insights(journey, store_url, "daily", AS_OF)
    expected = spend_and_lines()
    with psycopg.connect(store_url) as connection:
        found = connection.execute("SELECT sum(spend), sum(lines) FROM insights.fact_sales_by_day").fetchone()
    assert found == expected
