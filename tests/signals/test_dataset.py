"""Dataset documents are refused with the file, the place and what is allowed."""

import pytest

from perennial.documents import DocumentError, load
from perennial.settings import REPOSITORY
from perennial.signals.dataset import Dataset

MINIMAL = """
title: Orders
kind: event
source: {daily: "orders/{day}.csv"}
key: [order_id]
columns:
  event_time: {type: timestamp}
  order_id: {type: string, required: true}
"""


@pytest.mark.parametrize(
    ("replaced", "by", "message"),
    [
        ("{type: string", "{type: text", r"orders.yaml: columns.order_id.type: .*'string'.*found 'text'"),
        ("key: [order_id]", "key: [id]", "no such column: id; declared: event_time, order_id"),
        ("type: timestamp", "type: string", "an event dataset needs a column event_time of type timestamp"),
        ("title: Orders", "titel: Orders", "orders.yaml: titel: Extra inputs are not permitted"),
        (
            "{type: string, ",
            "{type: string, min: 3, ",
            "min and max are for integer, decimal, date, timestamp columns",
        ),
        ("title: Orders", "title: [", "not YAML"),
        (", required: true}", "}", "a key is never missing: say `required: true` for order_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, replaced, by, message):
    file = tmp_path / "orders.yaml"
    file.write_text(MINIMAL.replace(replaced, by))
    with pytest.raises(DocumentError, match=message):
        load(file, Dataset)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("{type: string, source: a, expression: b}", "source and expression exclude each other"),
        ("{type: string, expression: lower(a}", r"columns.more: Value error, at character 8: expected '\)'"),
        ("{type: string, expression: hash(a)}", "no function hash; there are concat, coalesce"),
        (
            "{type: integer, max_length: 3}",
            "enum, pattern and lengths are for string columns, not for integer",
        ),
        ("{type: string, format: mail}", "the format of a string is one of email, uri, uuid, .*found 'mail'"),
        ("{type: decimal, format: email}", "format is for string, date and timestamp columns"),
        ("{type: timestamp, format: '%H:%M %Z'}", "names of time zones .* cannot be read"),
        ("{type: date, min: 5}", "min and max of a column of type date are no int"),
        ("{type: date, max: 2017-01-01 10:00:00}", "min and max of a column of type date are no datetime"),
        ("{type: integer, max: 2017-01-01}", "min and max of a column of type integer are no date"),
        (
            "{type: string, source: _line.x}",
            "no field of a file can have the name that a reader gives: _line",
        ),
    ],
)
def test_what_is_wrong_with_a_column_is_named(tmp_path, column, message):
    file = tmp_path / "orders.yaml"
    file.write_text(f"{MINIMAL}  more: {column}\n")
    with pytest.raises(DocumentError, match=message):
        load(file, Dataset)


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("{delimiter: ';;'}", "source.csv.delimiter: String should have at most 1 character"),
        ("{delimiter: é}", "delimiter is an ASCII character"),
        ("{delimiter: ';', comment: ';'}", "delimiter, quote, comment must differ"),
        ("{encoding: klingon}", "no text encoding 'klingon' in Python; usual: utf-8, cp1252, utf-16"),
        ("{encoding: base64}", "no text encoding 'base64'"),
        ("{header: false}", "say `header: false` together with `names`"),
        ("{names: [a]}", "say `header: false` together with `names`"),
        ("{header: false, names: [a, a]}", "names must differ"),
    ],
)
def test_what_is_wrong_with_a_dialect_is_named(tmp_path, csv, message):
    file = tmp_path / "orders.yaml"
    file.write_text(MINIMAL.replace('"orders/{day}.csv"', f'"orders/{{day}}.csv", csv: {csv}'))
    with pytest.raises(DocumentError, match=message):
        load(file, Dataset)


def test_a_field_is_a_value_or_an_object(tmp_path):
    file = tmp_path / "orders.yaml"
    file.write_text(f"{MINIMAL}  zip: {{type: string, source: order_id.zip}}\n")
    with pytest.raises(DocumentError, match="order_id is used as a value and as an object"):
        load(file, Dataset)


def test_a_document_that_is_not_there_names_those_that_are(tmp_path):
    (tmp_path / "orders.yaml").write_text(MINIMAL)
    with pytest.raises(DocumentError, match="known in this folder: orders"):
        load(tmp_path / "order.yaml", Dataset)


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / "include/datasets").glob("*.yaml")), ids=lambda f: f.stem
)
def test_the_datasets_of_the_product_are_valid(file):
    assert load(file, Dataset).name == file.stem
