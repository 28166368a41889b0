"""Records taken apart and put together again: what is not touched stays byte for byte."""

import pytest

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.signals.dataset import Dataset
from perennial.web.signals_records import Field, RecordRefused, blamed, compose, split
from perennial.web.signals_view import shown

TRANSACTIONS = load(REPOSITORY / "include" / "datasets" / "transactions.yaml", Dataset)


def test_fields_are_texts_and_say_what_they_were() -> None:
    fields = split('{"a": "x\\n", "b": 1.50, "c": null, "d": true, "e": {"f": [1]}, "g": ""}')
    assert fields == {
        "a": Field("x\n", "text"),
        "b": Field("1.50", "number"),
        "c": Field(None, "null"),
        "d": Field("true", "boolean"),
        "e": Field('{"f": [1]}', "nested"),
        "g": Field("", "text"),
    }


@pytest.mark.parametrize("raw", ["", "a,b,c", "[1]", '"text"', '{"a": NaN}', '{"a": 1', "null", "{" * 5_000])
def test_what_is_no_object_has_no_fields(raw: str) -> None:
    assert split(raw) is None
    with pytest.raises(RecordRefused):
        compose(raw, {"a": "1"})


@pytest.mark.parametrize(
    ("raw", "changes", "made"),
    [
        ('{"a": 1e400, "b": 1}', {"b": "2.50"}, '{"a":1e400,"b":2.50}'),
        ('{"a": 1}', {"a": "one"}, '{"a":"one"}'),
        ('{"a": "1"}', {"a": "2"}, '{"a":"2"}'),
        ('{"a": true}', {"a": "false"}, '{"a":false}'),
        ('{"a": [1]}', {"a": "[2]"}, '{"a":[2]}'),
        ('{"a": "1"}', {"a": None}, '{"a":null}'),
        ('{"a": "1"}', {"b": 'x"</script>'}, '{"a":"1","b":"x\\"</script>"}'),
    ],
)
def test_a_changed_field_keeps_its_kind_where_it_can(
    raw: str, changes: dict[str, str | None], made: str
) -> None:
    assert compose(raw, changes) == made


def test_reasons_stand_at_the_fields_that_a_column_is_made_of() -> None:
    reasons = ["event_time: required, but missing", "quantity: below 0", "the line is too long"]
    at = blamed(TRANSACTIONS, reasons, ["quantity"])
    assert at == {
        "transaction_timestamp": ["required, but missing"],
        "quantity": ["below 0"],
        "": ["the line is too long"],
    }


def test_a_wide_record_is_cut_and_its_faulty_fields_come_first() -> None:
    raw = "{" + ",".join(f'"field_{n}": "{"x" * 500}"' for n in range(100)) + ', "quantity": "-1"}'
    row = {"raw": raw, "corrected": None, "reasons": ["quantity: below 0"], "file": "s3://a/b.csv"}
    seen = shown(row, TRANSACTIONS)
    assert seen.fields is not None
    assert seen.fields[0].name == "quantity"
    assert len(seen.fields) + seen.more == 101
    assert max(len(field.text or "") for field in seen.fields) == 60
