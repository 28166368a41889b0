"""JSON texts are read exactly as they came; one that is no object, or has fields too many, is named."""

import json
from typing import Any

import polars as pl
import pytest

from perennial.signals.dataset import Dataset
from perennial.signals.reading import REASONS, FileUnreadable, messages

from .conftest import Found, Read, dataset

ABC = dataset("a", "b", "c")
NESTED = dataset(
    "a",
    "zip",
    columns={
        "a": {"type": "string", "required": True},
        "zip": {"type": "string", "source": "customer.address.zip"},
    },
)
MANY = 100
"""So many texts are read quickly at first."""


def read_many(read: Read, text: str, things: Dataset = ABC) -> Found:
    """The text among others that are beyond doubt."""
    others = [json.dumps({"a": str(n)}) for n in range(MANY)]
    return read("\n".join([*others[:50], text, *others[50:]]) + "\n", things, "things.jsonl")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("-0", "-0"),
        ("1.50", "1.50"),
        ("10.0", "10.0"),
        ("1e5", "1e5"),
        ("0.00001", "0.00001"),
        ("1234567890123456.78", "1234567890123456.78"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("true", "true"),
        ("null", None),
        ('""', ""),
        ('"null"', "null"),
        (r'"\u00e9\n\"\\"', 'é\n"\\'),
        (r'"\ud83d\ude00"', "😀"),
        ('"a: 1.50, b"', "a: 1.50, b"),
        (r'"\"b\": 1"', '"b": 1'),
        ("[1,  2.50]", "[1,  2.50]"),
        ('{"x": 1.0}', '{"x": 1.0}'),
    ],
)
def test_values_are_texts_exactly_as_they_came(read: Read, value, text):
    few = messages([f'{{"a": {value}}}'], ABC, "m").rows["a"].to_list()
    many = read_many(read, f'{{"a": {value}}}')
    assert few == [text]
    assert many.rows[50] == (text, None, None)
    assert many.broken == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('"x"', "not a JSON object"),
        ('{"a": 1', "not valid JSON"),
        ('{"a": NaN}', "not valid JSON"),
        ('{"a": Infinity}', "not valid JSON"),
        ('{"a": 01}', "not valid JSON"),
        ("{'a': 1}", "not a JSON object|not valid JSON"),
        ('{"a": 1} {"a": 2}', "not valid JSON"),
        (r'{"a": "\ud800"}', "not valid JSON"),
        ("[" * 5000, "not a JSON object"),
        ('{"a":' * 5000, "not valid JSON"),
    ],
)
def test_what_is_no_object_is_set_aside_and_costs_no_other(read: Read, text, reason):
    found = read_many(read, text)
    assert [row[0] for row in found.rows] == [str(n) for n in range(MANY)]
    ((line, raw, (said,)),) = found.broken
    assert (line, raw) == (51, text)
    assert any(said.startswith(each) for each in reason.split("|"))
    assert messages([text], ABC, "m").broken["raw"].to_list() == [text]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ('{"a": "1", "x": 2}', ["x: not a field of things"]),
        ('{"a": "1", "x": 2, "y": []}', ["x: not a field of things", "y: not a field of things"]),
        ('{"a": "1", "x": null}', []),
        ('{"a": null, "b": null}', []),
        ('{"a": "1", "a": "2"}', ["a: comes more than once"]),
        (r'{"a": "1", "x\\": 2}', [r"x\: not a field of things"]),
    ],
)
def test_fields_that_nobody_knows_are_reasons(read: Read, text, reasons):
    assert read_many(read, text).frame[REASONS].to_list()[50] == reasons
    assert messages([text], ABC, "m").rows[REASONS].to_list() == [reasons]


def test_fields_that_nobody_knows_may_be_ignored(read: Read):
    things = dataset("a", "b", extra_columns="ignore")
    found = read_many(read, '{"a": "x", "more": {"b": 5}, "b": 7}', things)
    assert found.rows[50] == ("x", "7")
    assert found.frame[REASONS].list.len().sum() == 0


@pytest.mark.parametrize(
    ("text", "value", "reasons"),
    [
        ('{"a": "1", "customer": {"address": {"zip": 10115}}}', "10115", []),
        ('{"a": "1", "customer": {"address": null}}', None, []),
        ('{"a": "1", "customer": {}}', None, []),
        ('{"a": "1"}', None, []),
        ('{"a": "1", "customer": 5}', None, ["customer: not an object"]),
        ('{"a": "1", "customer": {"address": [1]}}', None, ["customer.address: not an object"]),
        ('{"a": "1", "customer": {"name": "x"}}', None, ["customer.name: not a field of things"]),
    ],
)
def test_nested_fields(read: Read, text, value, reasons):
    zip_code = pl.col("customer").struct.field("address").struct.field("zip").alias("zip")
    for rows in (messages([text], NESTED, "m").rows, read_many(read, text, NESTED).frame[50:51]):
        assert rows.select(zip_code).item() == value
        assert rows[REASONS].to_list() == [reasons]


def test_a_name_with_points_is_read_too():
    row = messages(['{"a": "1", "customer.address.zip": "10115"}'], NESTED, "m").rows
    assert row["customer.address.zip"].to_list() == ["10115"]
    assert row[REASONS].to_list() == [[]]


def test_messages_may_have_several_lines_and_positions_of_their_own():
    texts: list[Any] = [b'{"a":\n "1"}', b"nonsense", '{"a": "3"}'] + ['{"a": "x"}'] * MANY
    found = messages(texts, ABC, "log/0", [7, 8, 9, *range(20, 20 + MANY)])
    assert found.rows["_line"].to_list()[:2] == [7, 9]
    assert found.rows["_raw"].to_list()[0] == '{"a":\n "1"}'
    assert found.broken["line"].to_list() == [8]
    assert messages(pl.Series(["{}"]), ABC, "m").rows.height == 1
    assert messages([], ABC, "m").rows.height == 0


def test_lines_of_a_file_are_counted_past_empty_ones(read: Read):
    found = read('\ufeff{"a": "1"}\r\n\r\n  \n{"a": "2"}', ABC, "things.ndjson")
    assert found.rows == [("1", None, None), ("2", None, None)]
    assert found.lines == [1, 4]


def test_a_line_that_is_too_long_is_cut_and_named(read: Read):
    things = dataset("a", "b", limits={"row_bytes": 1000})
    for size in (2000, 10_000_000, 40_000_000):
        found = read_many(read, f'{{"a": "{"x" * size}"}}', things)
        assert len(found.rows) == MANY
        ((line, raw, reasons),) = found.broken
        assert line == 51
        assert len(raw) < 1100
        assert reasons[0].startswith("longer than the 1000 bytes")


def test_bytes_that_are_no_text_are_shown(read: Read):
    found = read(b'{"a": "1"}\n{"a": "\xff"}\n', ABC, "things.json")
    assert found.broken == [(2, r'{"a": "\xff"}', ["not valid JSON: bytes that are no UTF-8"])]


def test_an_empty_file(read: Read):
    with pytest.raises(FileUnreadable, match="is empty"):
        read(b"", ABC, "things.json")
