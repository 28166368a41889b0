"""Parquet files are read with their types, nested ones included; what is none, or is damaged, is named."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.signals.dataset import Dataset
from perennial.signals.reading import FILE, LINE, FileUnreadable, SchemaMismatch
from perennial.signals.validation import validate

from .conftest import Found, Read, dataset

FRAME = pl.DataFrame(
    {
        "a": ["1", "2", "3"],
        "b": [1.5, None, float("nan")],
        "customer": [{"zip": "10115", "x": 1}, {"zip": None, "x": 2}, None],
    }
)
COLUMNS: dict[str, Any] = {
    "a": {"type": "string", "required": True},
    "b": {"type": "decimal"},
    "zip": {"type": "string", "source": "customer.zip"},
}


def write(tmp_path: Path, frame: pl.DataFrame, **how: Any) -> str:
    frame.write_parquet(tmp_path / "things.parquet", **how)
    return str(tmp_path / "things.parquet")


def test_rows_have_their_types_and_numbers(tmp_path):
    things = dataset("a", columns=COLUMNS, extra_columns="ignore")
    found = Found([write(tmp_path, FRAME)], things)
    assert found.frame.schema["b"] == pl.Float64
    assert found.lines == [1, 2, 3]
    assert found.frame[FILE].unique().to_list() == [str(tmp_path / "things.parquet")]
    checked = validate(found.frame, things)
    assert checked.good.rows() == [("1", Decimal("1.50"), "10115"), ("2", None, None)]
    assert checked.bad["reasons"].to_list() == [["b: not readable as its type"]]


def test_fields_that_nobody_knows_at_any_level(tmp_path):
    with pytest.raises(SchemaMismatch, match=r"has customer\.x, which things does not know"):
        Found([write(tmp_path, FRAME)], dataset("a", columns=COLUMNS))


def test_fields_that_are_required(tmp_path):
    columns = {**COLUMNS, "city": {"type": "string", "source": "customer.city", "required": True}}
    with pytest.raises(SchemaMismatch, match=r"lacks customer\.city, which things requires"):
        Found([write(tmp_path, FRAME)], dataset("a", columns=columns, extra_columns="ignore"))


def test_only_what_is_used_is_read_in_chunks_of_bounded_size(tmp_path):
    frame = pl.DataFrame({"a": [str(n) for n in range(1000)], "more": ["x" * 100] * 1000})
    file = write(tmp_path, frame, row_group_size=100)
    found = Found([file], dataset("a", extra_columns="ignore"), rows=64)
    assert found.frame.columns == [LINE, "a", FILE]
    assert max(chunk.rows.height for chunk in found.chunks) <= 64
    assert found.frame["a"].to_list() == frame["a"].to_list()
    assert found.lines == [*range(1, 1001)]


def test_text_that_is_marked_as_bytes(tmp_path):
    frame = pl.DataFrame({"a": [b"1", "\u00e9".encode(), b"\xff"]})
    checked = validate(Found([write(tmp_path, frame)], dataset("a")).frame, dataset("a"))
    assert checked.good["a"].to_list() == ["1", "\u00e9"]
    assert checked.bad.select("line", "reasons").rows() == [(3, ["a: bytes that are no text"])]
    with pytest.raises(SchemaMismatch, match="bytes that are no text within a"):
        Found([write(tmp_path, pl.DataFrame({"a": [[b"1"]]}))], dataset("a"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,b\n1,2\n", b"\0" * 1000])
def test_what_is_no_parquet(read: Read, content):
    with pytest.raises(FileUnreadable, match="no Parquet file, or a damaged one"):
        read(content, dataset("a"), "things.parquet")


def test_a_file_that_is_cut_off(tmp_path, read: Read):
    content = Path(write(tmp_path, FRAME)).read_bytes()
    with pytest.raises(FileUnreadable, match="no Parquet file, or a damaged one"):
        read(content[:-10], dataset("a", columns=COLUMNS, extra_columns="ignore"), "cut.parquet")


def test_a_file_that_is_much_larger_than_it_looks(tmp_path):
    file = write(tmp_path, pl.DataFrame({"a": [str(n) * 50 for n in range(10_000)]}))
    with pytest.raises(FileUnreadable, match="once it is decompressed, more than 1000"):
        Found([file], dataset("a", limits={"file_bytes": 1000}))


TYPED = Dataset.model_validate(
    {
        "name": "typed",
        "title": "Typed",
        "kind": "record",
        "source": {},
        "key": ["a"],
        "columns": {
            "a": {"type": "string", "required": True},
            **{
                name: {"type": name}
                for name in ("string", "integer", "decimal", "boolean", "date", "timestamp")
            },
        },
    }
)
VALUES: dict[str, tuple[pl.Series, set[str]]] = {
    "list": (pl.Series([[1, 2]]), {"string"}),
    "struct": (pl.Series([{"x": 1}]), {"string"}),
    "text as bytes": (pl.Series([b"7"]), {"string", "integer", "decimal"}),
    "categorical": (pl.Series(["1"], dtype=pl.Categorical), {"string", "integer", "decimal", "boolean"}),
    "boolean": (pl.Series([True]), {"string", "boolean"}),
    "whole": (pl.Series([7], dtype=pl.UInt8), {"string", "integer", "decimal"}),
    "one": (pl.Series([1]), {"string", "integer", "decimal", "boolean"}),
    "huge": (pl.Series([2**64 - 1], dtype=pl.UInt64), {"string"}),
    "float": (pl.Series([1.5]), {"string", "decimal"}),
    "infinity": (pl.Series([float("inf")]), {"string"}),
    "precise": (pl.Series([Decimal("1.005")]), {"string"}),
    "moment": (pl.Series([datetime.fromisoformat("2017-12-25")]), {"string", "date", "timestamp"}),
    "far": (pl.Series([2**62]).cast(pl.Datetime("us")), set()),
}


@pytest.mark.parametrize("name", VALUES)
def test_types_that_do_not_fit_make_rows_unreadable_and_stop_nothing(tmp_path, name):
    value, fit = VALUES[name]
    columns = [pl.Series("a", ["1"]), *(value.alias(kind) for kind in TYPED.columns if kind != "a")]
    checked = validate(Found([write(tmp_path, pl.DataFrame(columns))], TYPED).frame, TYPED)
    unreadable = {name for name in TYPED.columns if name != "a"} - fit
    said = {reason.partition(":")[0] for reasons in checked.bad["reasons"] for reason in reasons}
    if name == "far":
        unreadable -= {"string"}
    assert said == unreadable
