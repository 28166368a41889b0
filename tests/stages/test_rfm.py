"""RFM of a day is what its own events say: computed alone or among many, again or for the first time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perennial.lake.changes import touched
from perennial.lake.spark.cluster import SparkError
from perennial.settings import REPOSITORY, Settings
from perennial.stages.rfm import compute_rfm, compute_rfm_days
from perennial.stages.workspace import Workspace

AS_OF = date(2018, 1, 1)
DOCUMENT = (REPOSITORY / "include/value/rfm.yaml").read_text()


def workspace(folder: Path, document: str = DOCUMENT) -> Workspace:
    """The product's datasets and one RFM document."""
    dataset = folder / "include/datasets/transactions.yaml"
    dataset.parent.mkdir(parents=True)
    dataset.write_text((REPOSITORY / "include/datasets/transactions.yaml").read_text())
    (folder / "include/value").mkdir()
    (folder / "include/value/rfm.yaml").write_text(document)
    return Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))


def put(made: Workspace, *sales: tuple[str, str, str, datetime]) -> None:
    """Add lines: household, basket, amount, time."""
    rows = [
        {
            "event_id": f"{basket}|{n}",
            "event_time": time,
            "event_date": time.date(),
            "household_id": household,
            "basket_id": basket,
            "product_id": str(n),
            "sales_value": Decimal(amount),
        }
        for n, (household, basket, amount, time) in enumerate(sales)
    ]
    schema = {"sales_value": pl.Decimal(18, 2), "event_time": pl.Datetime("us", "UTC")}
    made.lake.events("transactions").append(pl.DataFrame(rows, schema_overrides=schema))


def history(made: Workspace) -> None:
    """A hundred baskets of nine households in the last hundred days before the day."""
    start = datetime(2017, 9, 23, 10, tzinfo=UTC)
    sales = [
        (f"h{n * n % 9}", f"b{n}", f"{n * 37 % 50}.{n % 100:02}", start + timedelta(days=n))
        for n in range(100)
    ]
    put(made, *sales)


def scores(made: Workspace, as_of: date = AS_OF) -> pl.DataFrame:
    return made.lake.rfm("rfm").scan().filter(as_of=as_of).collect()


def test_every_customer_has_a_row_a_day_with_exact_revenue(tmp_path):
    made = workspace(tmp_path)
    history(made)
    assert compute_rfm(made, AS_OF) == {"rfm": 4}
    rows = scores(made)
    assert rows.schema["revenue"] == pl.Decimal(18, 2)
    spent = made.lake.events("transactions").scan().select(pl.col("sales_value").sum()).collect().item()
    assert rows["revenue"].sum() == spent
    assert rows.select("person_id", "recency_days", "orders").row(0) == ("h0", 1, 34)


def test_days_in_one_pass_are_the_days_one_by_one(tmp_path):
    one, many = workspace(tmp_path / "one" / "a"), workspace(tmp_path / "many" / "a")
    days = [AS_OF - timedelta(days=n) for n in range(4, -1, -1)]
    for made in (one, many):
        history(made)
    for day in days:
        compute_rfm(one, day)
    assert compute_rfm_days(many, days[0], days[-1])["rfm"] == one.lake.rfm("rfm").scan().collect().height
    for day in days:
        assert scores(many, day).sort("person_id").equals(scores(one, day).sort("person_id"))


def test_a_day_sees_nothing_of_later_days_and_late_events_count_once_it_is_computed_again(tmp_path):
    made = workspace(tmp_path)
    history(made)
    compute_rfm(made, AS_OF)
    before = scores(made)
    put(made, ("h0", "later", "500.00", datetime(2018, 1, 3, tzinfo=UTC)))
    compute_rfm(made, AS_OF)
    assert scores(made).equals(before)
    put(made, ("late", "late", "9.00", datetime(2017, 12, 1, tzinfo=UTC)))
    compute_rfm(made, AS_OF)
    after = scores(made)
    assert "late" not in before["person_id"]
    assert set(after["person_id"]) == {*before["person_id"], "late"}
    assert after.height == before.height + 1


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "Pacific/Honolulu"])
def test_a_lookback_reads_only_the_files_of_its_days_and_loses_none(tmp_path, zone):
    whole = DOCUMENT.replace("lookback: lifetime", f"lookback: 1\ntime_zone: {zone}")
    made = workspace(tmp_path, whole)
    edges = [datetime(2017, 12, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)]
    hours = [edge + timedelta(hours=n) for edge in edges for n in range(-24, 25)]
    put(made, *((f"h{n}", f"b{n}", "1.00", at) for n, at in enumerate(hours)))
    compute_rfm(made, AS_OF)
    local = [at.astimezone(ZoneInfo(zone)).date() for at in hours]
    expected = {f"h{n}" for n, day in enumerate(local) if date(2017, 12, 1) <= day < AS_OF}
    assert set(scores(made)["person_id"]) == expected


def test_each_day_is_one_partition_for_who_reads_what_changed(tmp_path):
    made = workspace(tmp_path)
    history(made)
    compute_rfm_days(made, AS_OF - timedelta(days=1), AS_OF)
    version = made.lake.rfm("rfm").version()
    compute_rfm(made, AS_OF)
    assert touched(made.lake.rfm("rfm"), version) == ["2018-01-01"]
    assert made.lake.rfm("rfm").partitions() == ["2017-12-31", "2018-01-01"]


def test_spark_leaves_the_rows_that_polars_leaves(spark, tmp_path):
    made = workspace(tmp_path)
    (tmp_path / "include/value/there.yaml").write_text(DOCUMENT + "engine: spark\n")
    history(made)
    put(made, ("h0", "b1", "-3.00", datetime(2017, 12, 30, tzinfo=UTC)))
    day = AS_OF - timedelta(days=1)
    compute_rfm_days(made, day, AS_OF, lambda: spark)
    counts = compute_rfm(made, AS_OF, lambda: spark)
    assert counts["there"] == counts["rfm"] > 0
    for as_of in (day, AS_OF):
        there = made.lake.rfm("there").scan().filter(as_of=as_of).collect()
        assert_frame_equal(there, scores(made, as_of), check_row_order=False, check_column_order=False)


def test_without_a_place_to_compute_spark_is_refused(tmp_path):
    made = workspace(tmp_path, DOCUMENT + "engine: spark\n")
    with pytest.raises(SparkError, match="`engine: spark` takes a connection perennial_spark"):
        compute_rfm(made, AS_OF)


def test_nobody_bought_anything_yet(tmp_path):
    made = workspace(tmp_path)
    history(made)
    assert compute_rfm(made, date(2017, 1, 1)) == {"rfm": 0}
    assert scores(made, date(2017, 1, 1)).is_empty()
