"""Expressions mean what the manual says; whatever else is written is refused, and never run."""

from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perennial.signals.dataset import Dataset
from perennial.signals.expressions import (
    FUNCTIONS,
    ExpressionError,
    check,
    columns_of,
    compile_expression,
)
from perennial.signals.parsing import field
from perennial.signals.validation import validate

ROW: dict[str, Any] = {
    "first_name": " Ann ",
    "last name": "Lee",
    "email": "Ann@Example.com",
    "price": "19.99",
    "quantity": "3",
    "channel": "web",
    "at": "25.12.2017 10:00",
    "seconds": "1514196000",
    "nothing": None,
    "empty": "",
    "customer": {"address": {"zip": "10115"}},
    "a.b": "with a point",
    "whole": 7,
    "float": 2.5,
    "yes": True,
    "moment": datetime.fromisoformat("2017-12-25T10:00:00"),
}
FRAME = pl.DataFrame([ROW])


def value_of(expression: str) -> tuple[Any, bool]:
    """The value, and whether it could not be had."""
    computed = compile_expression(expression, lambda path: field(path, FRAME.schema))
    failed = pl.lit(False) if computed.failed is None else computed.failed
    return FRAME.select(value=computed.value, failed=failed).row(0)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("trim(first_name)", "Ann"),
        ("concat(trim(first_name), ' ', `last name`)", "Ann Lee"),
        ("concat(nothing, 'x')", "x"),
        ("concat(nothing)", None),
        ("lower(email)", "ann@example.com"),
        ("upper(channel)", "WEB"),
        ("coalesce(nothing, channel)", "web"),
        ("customer.address.zip", "10115"),
        ("a.b", "with a point"),
        ("`a.b`", "with a point"),
        ("customer.address.city", None),
        ("price * quantity", Decimal("59.97")),
        ("price * quantity - 1 / 4", Decimal("59.72")),
        ("-(1 + 2) * 3", Decimal(-9)),
        ("whole + float", Decimal("9.5")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("round(2.5)", Decimal(3)),
        ("round(-2.345, 2)", Decimal("-2.35")),
        ("abs(-3)", Decimal(3)),
        ("length(channel)", Decimal(3)),
        ("number(price) > 5 and channel = 'web'", True),
        ("price < 5 or not channel = 'web'", False),
        ("quantity >= 3", True),
        ("quantity = '3.0'", False),
        ("channel != 'app'", True),
        ("nothing = null", True),
        ("channel <> null", True),
        ("missing(nothing) and not missing(empty)", True),
        ("if(channel = 'web', 'online', 'shop')", "online"),
        ("if(channel = 'app', 'online')", None),
        ("if(quantity > 2, number(price), null)", Decimal("19.99")),
        ("map(channel, 'web', 'online', 'app', 'mobile')", "online"),
        ("map(channel, 'app', 'mobile', 'other')", "other"),
        ("map(nothing, 'app', 'mobile')", None),
        ("map(quantity, 3, 'three', 'many')", "three"),
        ("replace(email, '@Example', '.at')", "Ann.at.com"),
        ("substring(email, 1, 3)", "Ann"),
        ("substring(email, 5)", "Example.com"),
        ("split(email, '@', 2)", "Example.com"),
        ("split(email, '.', -1)", "com"),
        ("split(email, '@', 3)", None),
        ("text(1.50)", "1.5"),
        ("text(whole)", "7"),
        ("text(yes)", "true"),
        ("'it''s'", "it's"),
        ("timestamp(at, '%d.%m.%Y %H:%M')", datetime.fromisoformat("2017-12-25T10:00:00")),
        ("timestamp(moment, '%Y')", datetime.fromisoformat("2017-12-25T10:00:00")),
        ("text(date(at, '%d.%m.%Y %H:%M'))", "2017-12-25"),
        ("text(date(moment))", "2017-12-25"),
        ("date('2017-12-25') <= moment", True),
        ("epoch(seconds)", datetime(2017, 12, 25, 10, tzinfo=UTC)),
        ("epoch(seconds * 1000, 'ms')", datetime(2017, 12, 25, 10, tzinfo=UTC)),
        ("timestamp('2017-12-25 10:00 +02:00', '%Y-%m-%d %H:%M %#z')", datetime(2017, 12, 25, 8, tzinfo=UTC)),
    ],
)
def test_values(expression, value):
    assert value_of(expression) == (value, False)


@pytest.mark.parametrize(
    "expression",
    [
        "number(email)",
        "number(empty)",
        "price * channel",
        "price / 0",
        "100000000000000000000 * 100000000000000000000",
        "map(channel, 'app', 'mobile')",
        "timestamp(email, '%Y-%m-%d')",
        "date(email)",
        "epoch(seconds, 's') = epoch(seconds * seconds)",
        "if(channel, 'a', 'b')",
        "coalesce(number(email), nothing)",
        "if(channel = 'web', number(email), 0)",
    ],
)
def test_what_cannot_be_had_is_no_missing_value(expression):
    assert value_of(expression)[1] is True


@pytest.mark.parametrize(
    "expression", ["coalesce(number(email), 0)", "if(channel = 'app', number(email), 0)", "nothing + 1"]
)
def test_what_is_not_asked_for_is_no_fault(expression):
    assert value_of(expression)[1] is False


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", r"at character 1: expected a field, a text, a number or a function; found the end"),
        ("lower(a", r"at character 8: expected '\)'; found the end"),
        ("a b", r"at character 3: expected an operator or the end; found 'b'"),
        ("a; b", r"at character 2: ';' means nothing here"),
        ("'open", 'at character 1: "\'" means nothing here'),
        ("eval('1')", r"at character 1: no function eval; there are concat, coalesce, .*missing"),
        ("a.lower()", r"at character 8: expected an operator or the end"),
        ("round(a, b)", r"at character 10: expected a whole number that is written out"),
        ("lower(a, b)", r"at character 1: lower is written lower\(x\); found 2 arguments"),
        ("replace(a, b, 'x')", r"at character 12: expected a text that is written out, not computed"),
        ("split(a, '', 1)", "parts are counted from 1"),
        ("epoch(a, 'h')", "the unit is one of s, ms, us; found 'h'"),
        ("timestamp(a, '%Z')", "names of time zones .* cannot be read"),
        ("1 + date(a)", "at character 5: expected a number, found a date"),
        ("if(1, 2, 3)", "at character 4: expected a condition, found a number"),
        ("a = b = c", "expected an operator or the end; found '='"),
        ("(" * 100 + "a" + ")" * 100, "more than 60 levels"),
        ("-" * 100 + "a", "more than 60 levels"),
        ("not " * 100 + "a", "more than 60 levels"),
        ("a" + "+a" * 1000, "at most 250 parts"),
    ],
)
def test_what_is_not_understood_is_named_with_its_place(expression, message):
    with pytest.raises(ExpressionError, match=message):
        check(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "a" + " + a" * 120,
        "concat(" * 58 + "a" + ")" * 58,
        "if(a = '1', " * 20 + "a" + ", 'x')" * 20,
        "text(epoch(" * 28 + "a" + "))" * 28,
        "map(" * 15 + "a" + ", '1', '1', '2', '2', '1')" * 15,
        "not " * 58 + "a",
        "a" + " and a" * 120,
    ],
)
def test_long_and_deep_expressions_take_no_longer_than_others(expression):
    frame = pl.DataFrame({"a": ["1", "2", None]})
    computed = compile_expression(expression, lambda path: field(path, frame.schema))
    failed = pl.lit(None) if computed.failed is None else computed.failed
    began = monotonic()
    frame.select(computed.value, failed=failed)
    assert monotonic() - began < 5


def test_the_fields_that_an_expression_uses():
    assert columns_of("concat(a, customer.`zip code`, if(b > 1, 'c', lower(d)))") == {
        ("a",),
        ("customer", "zip code"),
        ("b",),
        ("d",),
    }


WORDS = "a b.c `x y` 't' 1 2.5 true null and or not __import__ os <= != lambda __class__ eval"
words = st.sampled_from([*FUNCTIONS, *WORDS.split(" "), *"+-*/=<>(),.;[]{}'\"`\\@\n "])


@settings(max_examples=300)
@given(st.lists(words, max_size=20).map(" ".join) | st.text(max_size=40))
@example("__import__('os').system('false')")
@example("().__class__.__bases__")
@example("[x for x in a]")
@example("${jndi:ldap}")
@example("\ud800")
def test_whatever_is_written_is_refused_or_computed(expression):
    try:
        check(expression)
    except ExpressionError:
        return
    frame = pl.DataFrame({"a": ["1", "x", "", None]})
    computed = compile_expression(expression, lambda path: field(path, frame.schema))
    frame.select(computed.value, failed=pl.lit(None) if computed.failed is None else computed.failed)


COLUMNS = {
    "id": {"type": "string", "required": True},
    "total": {"type": "decimal", "expression": "price * quantity", "max": 1000},
    "name": {"type": "string", "expression": "concat(first, ' ', last)", "max_length": 9},
    "at": {"type": "timestamp", "expression": "timestamp(day, '%d.%m.%Y')", "timezone": "Europe/Berlin"},
}


def test_columns_are_computed_and_checked():
    orders = Dataset.model_validate(
        {"name": "o", "title": "O", "kind": "record", "source": {}, "key": ["id"], "columns": COLUMNS}
    )
    rows = pl.DataFrame(
        {
            "id": ["1", "2", "3"],
            "price": ["19.99", "x", "999"],
            "quantity": ["3", "1", "2"],
            "first": ["Ann", "Bob", "Christopher"],
            "last": ["Lee", None, "Doe"],
            "day": ["25.12.2017"] * 3,
            "_file": ["f"] * 3,
            "_line": [2, 3, 4],
        }
    )
    checked = validate(rows, orders)
    assert checked.good.rows() == [("1", Decimal("59.97"), "Ann Lee", datetime(2017, 12, 24, 23, tzinfo=UTC))]
    assert checked.bad.sort("line")["reasons"].to_list() == [
        ["total: not readable as its type"],
        ["total: above 1000", "name: longer than 9 characters"],
    ]
