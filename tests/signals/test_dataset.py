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


def test_a_document_that_is_not_there_names_those_that_are(tmp_path):
    (tmp_path / "orders.yaml").write_text(MINIMAL)
    with pytest.raises(DocumentError, match="known in this folder: orders"):
        load(tmp_path / "order.yaml", Dataset)


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / "include/datasets").glob("*.yaml")), ids=lambda f: f.stem
)
def test_the_datasets_of_the_product_are_valid(file):
    assert load(file, Dataset).name == file.stem
