"""Formats, lengths and bounds of columns tell good values from bad ones."""

import ipaddress
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.signals.dataset import Dataset
from perennial.signals.reading import FILE, LINE
from perennial.signals.validation import validate

UNREADABLE = ["x: not readable as its type"]


def reasons(value: str | None, **rules: Any) -> list[str]:
    """Why a value is bad in a column with these rules."""
    columns: dict[str, Any] = {"id": {"type": "string", "required": True}, "x": {"type": "string", **rules}}
    document = {"name": "d", "title": "D", "kind": "record", "source": {}, "key": ["id"], "columns": columns}
    frame = pl.DataFrame(
        {"id": ["1"], "x": [value], FILE: ["f"], LINE: [1]}, schema_overrides={"x": pl.String}
    )
    bad = validate(frame, Dataset.model_validate(document)).bad["reasons"].to_list()
    return bad[0] if bad else []


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (
            "email",
            ["a@b.de", "ann.lee+x@mail.example.co.uk", "jürgen@müller.de"],
            ["a", "a@b", "a@@b.de", ".a@b.de", "a b@c.de", "a@b.de\n", "a@-b.de"],
        ),
        (
            "uri",
            ["https://a.b/c?d=e#f", "mailto:a@b.de", "urn:isbn:1"],
            ["a.b/c", "https://a b", "://x", "1a:b"],
        ),
        (
            "uuid",
            ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
            ["123e4567", "123e4567e89b12d3a456426614174000"],
        ),
        ("ipv4", ["0.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.1.1", "01.1.1.1", "1.1.1.1.1"]),
        ("ipv6", ["::", "::1", "2001:db8::ff", "::ffff:1.2.3.4"], [":::", "1::2::3", "12345::", "1.2.3.4"]),
        (
            "date",
            ["2017-12-25", "2016-02-29", "0001-01-01", "9999-12-31"],
            ["2017-02-29", "25.12.2017", "2017-1-1", "2017-12-25 10:00"],
        ),
        (
            "phone",
            ["+4930123456", "+14155550100"],
            ["030123456", "+0123456789", "+49 30 123456", "+12345678901234567"],
        ),
    ],
)
def test_formats(form, good, bad):
    assert [value for value in good if reasons(value, format=form)] == []
    assert [value for value in bad if not reasons(value, format=form)] == []
    assert reasons(None, format=form) == []


def test_what_a_broken_format_is_called():
    assert reasons("x", format="email") == ["x: not of the format email"]
    assert reasons("2017-02-30", format="date") == ["x: not a day of the calendar"]


groups = st.lists(
    st.sampled_from(["", "0", "1", "abcd", "F", "12345", "g", "1.2.3.4", "1.2.3.400"]), max_size=9
)


@settings(max_examples=100)
@given(st.lists(groups.map(":".join), min_size=1, max_size=50))
def test_ipv6_is_what_python_takes_for_it(values):
    columns: dict[str, Any] = {"x": {"type": "string", "required": True, "format": "ipv6"}}
    document = {"name": "d", "title": "D", "kind": "record", "source": {}, "key": ["x"], "columns": columns}
    frame = pl.DataFrame({"x": values}).with_columns(
        pl.lit("f").alias(FILE), pl.int_range(pl.len()).alias(LINE)
    )
    good = validate(frame, Dataset.model_validate(document)).good["x"].to_list()
    assert good == [value for value in values if _is_ipv6(value)]


def _is_ipv6(value: str) -> bool:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "rules", "said"),
    [
        ("ab", {"min_length": 3}, ["x: shorter than 3 characters"]),
        ("äöü", {"max_length": 3}, []),
        ("äöüß", {"max_length": 3}, ["x: longer than 3 characters"]),
        ("2016-12-31", {"type": "date", "min": "2017-01-01"}, ["x: below 2017-01-01"]),
        ("2017-01-01", {"type": "date", "min": "2017-01-01", "max": "2017-01-01"}, []),
        ("2016-12-31 23:30:00", {"type": "timestamp", "min": "2017-01-01"}, ["x: below 2017-01-01"]),
        ("2016-12-31 23:30:00", {"type": "timestamp", "min": "2016-12-31 23:30:00Z"}, []),
        ("2017-01-01 00:00:00", {"type": "timestamp", "min": "2017-01-01", "timezone": "Asia/Tokyo"}, []),
        ("2", {"type": "integer", "min": 2.5}, ["x: below 2.5"]),
        ("5.0", {"type": "integer"}, []),
        ("5.5", {"type": "integer"}, UNREADABLE),
        ("nan", {"type": "decimal"}, UNREADABLE),
        ("Infinity", {"type": "integer"}, UNREADABLE),
        ("12345e-3", {"type": "decimal"}, UNREADABLE),
        ("10000-01-01 00:00:00", {"type": "timestamp"}, UNREADABLE),
        ("0001-01-01 00:00:00", {"type": "timestamp"}, []),
        ("0001-01-01 00:00:00", {"type": "timestamp", "timezone": "Asia/Tokyo"}, UNREADABLE),
        ("2017-03-26 02:30:00", {"type": "timestamp", "timezone": "Europe/Berlin"}, UNREADABLE),
        (
            "2017-10-29 02:30:00",
            {"type": "timestamp", "timezone": "Europe/Berlin", "max": "2017-10-29 00:30:00Z"},
            [],
        ),
        (
            "2017-12-25T10:00:00+02:00",
            {"type": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%#z", "max": "2017-12-25 08:00:00Z"},
            [],
        ),
    ],
)
def test_lengths_bounds_and_extremes(value, rules, said):
    assert reasons(value, **rules) == said


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("3,50", True),
        ("1.234,50", False),
        ("3.50", True),
        ("1.234", False),
        ("1,234,5", False),
        ("-12.345.678", False),
        ("-1,5", True),
        ("7", True),
    ],
)
def test_decimals_with_a_comma(value, good):
    columns: dict[str, Any] = {"id": {"type": "decimal", "required": True}}
    document = {"name": "d", "title": "D", "kind": "record", "key": ["id"], "columns": columns}
    things = Dataset.model_validate(
        {**document, "source": {"csv": {"delimiter": ";", "decimal_comma": True}}}
    )
    checked = validate(pl.DataFrame({"id": [value], FILE: ["f"], LINE: [1]}), things)
    assert checked.good.height == int(good)
