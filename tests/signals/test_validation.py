"""Each rule sets aside the rows that break it, with the raw record and every reason; nothing is lost."""

import string
from collections.abc import Mapping
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.signals.dataset import Dataset
from perennial.signals.reading import FILE, LINE, RAW, REASONS
from perennial.signals.validation import validate

from .conftest import HEADER, ORDERS

GOOD = {
    "at": "2017-12-25 10:00:00",
    "order_id": "o1",
    "customer": "c1",
    "amount": "9.99",
    "pieces": "2",
    "channel": "shop",
    "gift": "true",
    "due": "2017-12-31",
}


def raw(*rows: Mapping[str, str | None]) -> pl.DataFrame:
    schema = dict.fromkeys(HEADER.split(","), pl.String)
    frame = pl.DataFrame(list(rows), schema=schema)
    return frame.with_row_index(LINE, 2).with_columns(pl.lit("day.csv").alias(FILE))


def reasons(orders: Dataset, **changed: str | None) -> list[str]:
    checked = validate(raw({**GOOD, **changed}), orders)
    assert checked.good.height + checked.bad.height == 1
    return [reason for row in checked.bad["reasons"] for reason in row]


def test_a_good_row_is_read_as_its_types(orders):
    row = validate(raw(GOOD), orders).good.row(0, named=True)
    assert row["amount"] == Decimal("9.99")
    assert row["pieces"] == 2
    assert row["gift"] is True
    assert row["event_time"].isoformat() == "2017-12-25T10:00:00+00:00"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": "yesterday"}, "event_time: not readable as its type"),
        ({"at": None}, "event_time: required, but missing"),
        ({"customer": "x1"}, "customer: does not match ^c[0-9]+$"),
        ({"customer": None}, "customer: required, but missing"),
        ({"amount": "ten"}, "amount: not readable as its type"),
        ({"amount": "9.999"}, "amount: not readable as its type"),
        ({"amount": "-0.01"}, "amount: below 0"),
        ({"amount": "1000.01"}, "amount: above 1000"),
        ({"pieces": "0"}, "pieces: below 1"),
        ({"pieces": "1.5"}, "pieces: not readable as its type"),
        ({"channel": "fax"}, "channel: not one of shop, web"),
        ({"gift": "maybe"}, "gift: not readable as its type"),
        ({"due": "2017-02-30"}, "due: not readable as its type"),
    ],
)
def test_each_rule_gives_its_reason(orders, changed, reason):
    assert reasons(orders, **changed) == [reason]


def test_every_reason_of_a_row_is_kept(orders):
    assert reasons(orders, customer=None, amount="-1", channel="fax") == [
        "customer: required, but missing",
        "amount: below 0",
        "channel: not one of shop, web",
    ]


@pytest.mark.parametrize("column", ["pieces", "channel", "gift", "due"])
def test_what_is_not_required_may_be_missing(orders, column):
    assert reasons(orders, **{column: None}) == []


def test_the_quarantined_row_names_its_file_line_and_raw_record(orders):
    bad = validate(raw(GOOD, {**GOOD, "amount": "ten"}), orders).bad.row(0, named=True)
    assert (bad["file"], bad["line"]) == ("day.csv", 3)
    assert '"amount":"ten"' in bad["raw"]


def test_a_field_that_is_not_there_is_missing_in_every_row(orders):
    checked = validate(raw(GOOD, GOOD).drop("amount", "due"), orders)
    assert checked.bad["reasons"].to_list() == [["amount: required, but missing"]] * 2


def test_what_a_reader_found_wrong_is_a_reason_beside_the_others(orders):
    frame = raw(GOOD, {**GOOD, "pieces": "0"}, {**GOOD, "pieces": "many"}).with_columns(
        pl.Series(REASONS, [["x: not a field"], ["x: not a field"], []])
    )
    assert validate(frame, orders).bad["reasons"].sort().to_list() == [
        ["pieces: not readable as its type"],
        ["x: not a field"],
        ["x: not a field", "pieces: below 1"],
    ]


def test_a_row_that_came_as_json_is_kept_as_it_came(orders):
    frame = raw({**GOOD, "amount": "ten"}).with_columns(pl.lit('{"amount": "ten"  }').alias(RAW))
    assert validate(frame, orders).bad["raw"].to_list() == ['{"amount": "ten"  }']


@pytest.mark.parametrize(("cents", "amount"), [(1.1, "1.10"), (0.1 + 0.2, "0.30"), (2.675, "2.68")])
def test_a_float_stands_for_its_nearest_decimal(orders, cents, amount):
    frame = raw(GOOD).with_columns(amount=pl.lit(cents))
    assert validate(frame, orders).good["amount"].item() == Decimal(amount)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(orders, number):
    assert validate(raw(GOOD).with_columns(amount=pl.lit(number)), orders).good.is_empty()


text = st.none() | st.text(string.printable, max_size=12)


@settings(max_examples=60)
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(HEADER.split(","), text)), max_size=20))
def test_whatever_comes_every_row_is_good_or_bad_and_bad_rows_have_reasons(rows):
    checked = validate(raw(*rows), Dataset.model_validate(ORDERS))
    assert checked.good.height + checked.bad.height == len(rows)
    assert all(len(found) > 0 for found in checked.bad["reasons"])
    assert checked.bad["line"].is_unique().all()
