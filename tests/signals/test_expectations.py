"""What is expected of a day as a whole: measures against plain Python, verdicts, and what stops or warns."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from perennial.lake.catalog import Lake
from perennial.signals.batches import Batch, Status
from perennial.signals.dataset import Dataset
from perennial.signals.expectations import Counts, Expectation, judged, measured
from perennial.signals.expected import ExpectationBreached, newest
from perennial.signals.ingest import ingest, ingest_upload

from .conftest import ORDERS, line

MONDAY = date(2017, 12, 25)
END = datetime(2017, 12, 26, tzinfo=UTC)
ROWS = pl.LazyFrame(
    {
        "customer": ["c1", "c2", None, "c1"],
        "pieces": [1, 2, None, 4],
        "amount": ["0.10", "0.20", "0.30", None],
        "event_time": [END - timedelta(hours=hours) for hours in (20, 1.5, 3, 8)],
        "due": [date(2017, 12, 25)] * 4,
    }
).with_columns(pl.col("amount").cast(pl.Decimal(18, 2)))
COUNTS = Counts(read=10, accepted=4, known=1, failed=5)


def measure(**said: Any) -> float | None:
    one = Expectation(**{"max": 0, **said})
    return measured(ROWS, COUNTS, [one], END)[one.name]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"measure": "rows"}, 4),
        ({"measure": "quarantined_share"}, 0.5),
        ({"measure": "known_share"}, 0.1),
        ({"measure": "null_share", "column": "customer"}, 0.25),
        ({"measure": "repeated_share", "columns": ["customer"]}, 0.25),
        ({"measure": "repeated_share", "columns": ["customer", "pieces"]}, 0),
        ({"measure": "sum", "column": "amount"}, 0.6),
        ({"measure": "mean", "column": "pieces"}, 7 / 3),
        ({"measure": "age_hours", "column": "event_time"}, 1.5),
        ({"measure": "age_hours", "column": "due"}, 24),
    ],
)
def test_measures(said, expected):
    assert measure(**said) == pytest.approx(expected)


def test_no_rows_have_no_mean_and_nothing_missing():
    ones = [
        Expectation(measure="mean", column="pieces", min=0),
        Expectation(measure="age_hours", column="event_time", max=1),
        Expectation(measure="null_share", column="customer", max=0),
        Expectation(measure="quarantined_share", max=0),
    ]
    found = measured(ROWS.clear(), Counts(0, 0, 0, 0), ones, END)
    assert [*found.values()] == [None, None, 0, 0]
    verdicts = judged(ones, found, {})
    assert [each.outcome for each in verdicts] == ["breached", "breached", "met", "met"]
    assert verdicts[0].said == "mean of pieces: found no value, expected at least 0"


@pytest.mark.parametrize(
    ("said", "found", "before", "outcome", "words"),
    [
        ({"min": 3, "max": 9}, 3, [], "met", "rows: found 3, expected 3 to 9"),
        ({"min": 3, "max": 9}, 10, [], "breached", "rows: found 10, expected 3 to 9"),
        ({"min": 3}, 2, [], "breached", "rows: found 2, expected at least 3"),
        ({"max": 0.02}, 0.5, [], "breached", "rows: found 0.5, expected at most 0.02"),
        ({"within": 0.5}, 99, [1, 2], "learning", None),
        ({"within": 0.5}, 99, [100, 900, 90], "met", "rows: found 99, expected 50 to 150 (usual: 100)"),
        ({"within": 0.5}, 40, [100, 900, 90], "breached", None),
        ({"within": 0.5}, -40, [-100, -900, -90], "breached", None),
        ({"within": 0.5, "min": 60}, 55, [100, 900, 90], "breached", "rows: found 55, expected 60 to 150"),
        ({"within": 0.5, "max": 9}, 10, [], "breached", None),
    ],
)
def test_verdicts(said, found, before, outcome, words):
    one = Expectation(measure="rows", **said)
    (verdict,) = judged([one], {"rows": found}, {"rows": before})
    assert verdict.outcome == outcome
    assert verdict.said.startswith(words or "rows: ")
    (accepted,) = judged([one], {"rows": found}, {"rows": before}, accept=True)
    assert accepted.outcome == ("accepted" if outcome == "breached" else outcome)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"measure": "rows"}, "say what is expected: min, max or within"),
        ({"measure": "rows", "min": 2, "max": 1}, "min is above max: 2 > 1"),
        ({"measure": "rows", "max": 1, "column": "pieces"}, "rows has no column"),
        ({"measure": "sum", "max": 1}, "sum needs column"),
        ({"measure": "repeated_share", "max": 0, "column": "pieces"}, "repeated_share has no column"),
        ({"measure": "sum", "max": 1, "column": "price"}, "no such column: price"),
        ({"measure": "sum", "max": 1, "column": "channel"}, "must be integer or decimal"),
        ({"measure": "age_hours", "max": 1, "column": "pieces"}, "must be timestamp or date"),
    ],
)
def test_mistakes_are_explained(said, says):
    with pytest.raises(ValidationError, match=says):
        Dataset.model_validate({**ORDERS, "expectations": [said]})


DUE = {"measure": "null_share", "column": "due", "max": 0}


def expecting(*said: dict[str, Any]) -> Dataset:
    return Dataset.model_validate({**ORDERS, "expectations": [*said]})


def outcomes(lake: Lake) -> dict[tuple[str, str], tuple[str, float]]:
    rows = newest(lake, "orders").collect()
    return {(row["batch"], row["expectation"]): (row["outcome"], row["found"]) for row in rows.to_dicts()}


def test_a_breach_that_stops_takes_nothing_until_somebody_accepts_it(lake, intake, deliver):
    orders = expecting({"measure": "rows", "min": 3, "on_breach": "stop"})
    landing = deliver(line("o1"), line("o2"))
    says = r"orders-2017-12-25 is not what is expected: rows: found 2, expected at least 3\. Nothing was"
    with pytest.raises(ExpectationBreached, match=says):
        ingest(intake, orders, landing, MONDAY)
    assert not lake.events("orders").exists()
    failed = intake.batches.find("orders-2017-12-25")
    assert (failed.status, failed.errors[0].code) == ("failed", "expectation_breached")
    later = replace(intake, now=intake.now + timedelta(minutes=5))
    report = ingest(later, orders, landing, MONDAY, accept=True)
    assert report.accepted == 2
    assert report.breaches == ("rows: found 2, expected at least 3",)
    assert outcomes(lake) == {("orders-2017-12-25", "rows"): ("accepted", 2)}
    assert lake.expectations.scan().collect().sort("at")["outcome"].to_list() == ["breached", "accepted"]


def test_a_breach_that_warns_is_taken_and_told(lake, intake, deliver):
    orders = expecting({"measure": "quarantined_share", "max": 0.1}, {"measure": "rows", "min": 1})
    report = ingest(intake, orders, deliver(line("o1"), line("o2", amount="x")), MONDAY)
    assert report.accepted == 1
    assert report.breaches == ("quarantined_share: found 0.5, expected at most 0.1",)


def test_the_usual_is_the_median_of_what_was_taken_on_days_before(lake, intake, deliver):
    stop = {"measure": "sum", "column": "amount", "within": 0.5, "of_days": 7, "on_breach": "stop"}
    orders = expecting(stop)
    amounts = [10, 12, 14, 100]
    for n, amount in enumerate(amounts):
        day = MONDAY + timedelta(days=n)
        landing = deliver(line(f"o{n}", amount=f"{amount}.00", at=f"{day} 10:00:00"), day=str(day))
        if amount == 100:
            with pytest.raises(ExpectationBreached, match=r"found 100, expected 6 to 18 \(usual: 12\)"):
                ingest(intake, orders, landing, day)
        else:
            ingest(intake, orders, landing, day)
    day = MONDAY + timedelta(days=4)
    landing = deliver(line("o9", amount="17.00", at=f"{day} 10:00:00"), day=str(day))
    assert ingest(intake, orders, landing, day).breaches == (), "what was refused is not usual"
    later = MONDAY + timedelta(days=30)
    landing = deliver(line("o30", amount="999.00", at=f"{later} 10:00:00"), day=str(later))
    ingest(intake, orders, landing, later)
    assert outcomes(lake)[(f"orders-{later}", "sum of amount")] == ("learning", 999)


def test_a_day_in_the_past_is_not_judged_by_later_ones(lake, intake, deliver):
    orders = expecting({"measure": "rows", "within": 0.1, "on_breach": "stop"})
    for n in range(1, 5):
        day = MONDAY + timedelta(days=n)
        ingest(intake, orders, deliver(line(f"o{n}", at=f"{day} 10:00:00"), day=str(day)), day)
    ingest(intake, orders, deliver(line("a"), line("b"), line("c")), MONDAY)
    assert outcomes(lake)[("orders-2017-12-25", "rows")] == ("learning", 3)


def test_a_history_and_a_dry_run_are_not_judged(lake, intake, deliver):
    orders = expecting({"measure": "rows", "min": 100, "on_breach": "stop"})
    assert ingest(intake, orders, deliver(line("o1"), day=None), None).accepted == 1
    assert ingest(intake, orders, deliver(line("o2")), MONDAY, dry_run=True).accepted == 1
    assert not lake.expectations.exists()


def test_records_and_uploads_are_judged_too(intake, deliver):
    record = {
        **ORDERS,
        "kind": "record",
        "expectations": [DUE],
    }
    landing = deliver("2017-12-25 10:00:00,o1,c1,1.00,1,web,true,", line("o2"))
    batch = Batch("up-1", "orders", "upload", None, Status.LOADING, intake.now)
    intake.batches.create(batch)
    intake.batches.move("up-1", Status.LOADED, intake.now)
    orders = Dataset.model_validate(record)
    report = ingest_upload(intake, orders, "up-1", [f"{landing}/orders/2017-12-25.csv"])
    assert report.breaches == ("null_share of due: found 0.5, expected at most 0",)
    assert report.accepted == 2
