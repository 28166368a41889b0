"""Whatever is in a file: rows come back exactly, damage costs no row but the damaged one, nothing crashes.

`PERENNIAL_LONG=1` tries many more examples.
"""

import csv
import gzip
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from perennial.errors import PerennialError
from perennial.signals.dataset import Dataset
from perennial.signals.reading import FILE, LINE, delimited, lines
from perennial.signals.validation import validate

from .conftest import Found, dataset

LONG = os.environ.get("PERENNIAL_LONG") == "1"
EXAMPLES = 3000 if LONG else 30
pytestmark = pytest.mark.parametrize("block", [1 << 24, 256])
"""Bytes that are read at once: files of a few lines then come in one block, or in many."""
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", block)
    monkeypatch.setattr(delimited, "PIECE", 100)


def read(content: bytes, things: Dataset, name: str) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        return Found([str(file)], things, rows=50)


alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(alphabet, max_size=8) | st.sampled_from(
    ['"', '""', "\n", "\r\n", ",", ";", "'", "#", "a\rb", ""]
)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "quote": st.sampled_from(['"', "'"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "utf-32", "gb18030"]),
    }
)


def as_csv(rows: list[list[str | None]], dialect: dict[str, str], eol: str, always: bool) -> str:
    """Written by hand, since Python's writer cannot tell an empty text from none."""
    d, q = dialect["delimiter"], dialect["quote"]

    def field(value: str | None) -> str:
        if value is None:
            return ""
        needs = always or value == "" or any(sign in value for sign in (d, q, "\n", "\r"))
        return f"{q}{value.replace(q, q * 2)}{q}" if needs else value

    return "".join(d.join(field(value) for value in row) + eol for row in rows)


@fuzz
@given(
    rows=st.lists(st.lists(st.none() | texts, min_size=3, max_size=3), max_size=30),
    dialect=dialects,
    eol=st.sampled_from(["\n", "\r\n"]),
    always=st.booleans(),
    packed=st.booleans(),
)
def test_rows_come_back_exactly(rows, dialect, eol, always, packed):
    content = as_csv([["a", "b", "c"], *rows], dialect, eol, always).encode(dialect["encoding"])
    name = "things.csv.gz" if packed else "things.csv"
    found = read(
        gzip.compress(content, 1) if packed else content,
        dataset("a", "b", "c", source={"csv": dialect}),
        name,
    )
    assert found.rows == [tuple(row) for row in rows]
    assert found.broken == []
    # Each row begins where the lines before it end.
    text = as_csv([["a", "b", "c"], *rows], dialect, "\n", always)
    begins = [
        as_csv([["a", "b", "c"], *rows[:n]], dialect, "\n", always).count("\n") + 1 for n in range(len(rows))
    ]
    assert text.count("\n") >= len(rows)
    assert found.lines == begins


@fuzz
@given(rows=st.lists(st.lists(texts, min_size=2, max_size=2), max_size=20))
def test_what_pythons_own_writer_writes_comes_back(rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    assert read(out.getvalue().encode(), dataset("a", "b"), "things.csv").rows == [tuple(row) for row in rows]


plain = st.text("abc0123456789.-é ", min_size=1, max_size=6)
damages = st.lists(
    st.tuples(st.floats(0, 1), st.binary(max_size=4) | st.just(b'"'), st.integers(0, 3)), max_size=4
)


def damaged(content: bytes, damage: list[tuple[float, bytes, int]]) -> bytes:
    for where, put, cut in damage:
        at = int(where * len(content))
        content = content[:at] + put + content[at + cut :]
    return content


@fuzz
@given(rows=st.lists(st.tuples(plain, plain), min_size=1, max_size=150), damage=damages)
def test_damage_costs_no_line_but_those_that_it_meets(rows, damage):
    header, body = b"a,b\n", "".join(f"{a},{b}\n" for a, b in rows).encode()
    broken = damaged(body, damage)
    found = read(header + broken, dataset("a", "b"), "things.csv")
    given_lines = [line for line in broken.split(b"\n") if line.strip(b"\r")]
    # A quote that the damage brings can close on a later line, and hold whole lines between.
    held = sum(value.count("\n") for row in found.rows for value in row if value is not None)
    assert len(given_lines) - held <= len(found.rows) + len(found.broken) <= len(given_lines)
    assert held or len(found.rows) + len(found.broken) == len(given_lines)
    if b'"' not in broken:
        untouched = {line for line in body.split(b"\n") if line and line in broken.split(b"\n")}
        seen = {f"{a or ''},{b or ''}".encode() for a, b in found.rows}
        assert untouched <= seen


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
NESTED = dataset(
    "a",
    extra_columns="ignore",
    columns={
        "a": {"type": "string", "required": True},
        "b": {"type": "string"},
        "zip": {"type": "string", "source": "customer.zip"},
    },
)


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


@fuzz
@given(
    records=st.lists(
        st.fixed_dictionaries({}, optional={"a": values, "b": values, "more": values})
        | st.fixed_dictionaries(
            {"customer": st.none() | st.fixed_dictionaries({}, optional={"zip": values})}
        ),
        max_size=120,
    ),
    ascii_only=st.booleans(),
)
def test_json_comes_back_exactly(records, ascii_only):
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    if ascii_only and all("\\" not in text for text in content.splitlines()):
        content = "".join(json.dumps(record) + "\n" for record in records)
        assume(all(not isinstance(value, list | dict) for record in records for value in record.values()))
    found = read(content.encode() or b"\n", NESTED, "things.jsonl")
    assert found.broken == []
    assert found.lines == [*range(1, len(records) + 1)]
    if records:
        seen = found.frame.select("a", "b", pl.col("customer").struct.field("zip")).rows()
        assert seen == [
            (as_text(r.get("a")), as_text(r.get("b")), as_text((r.get("customer") or {}).get("zip")))
            for r in records
        ]


@fuzz
@given(
    rows=st.lists(st.dictionaries(st.sampled_from("ab"), plain | st.integers()), max_size=150), damage=damages
)
def test_damage_to_json_costs_no_line_but_those_that_it_meets(rows, damage):
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    broken = damaged(body, damage)
    assume(broken)
    found = read(broken, dataset("a", "b"), "things.jsonl")
    given_lines = [line for line in broken.split(b"\n") if line and not line.isspace()]
    assert len(found.rows) + len(found.broken) == len(given_lines)
    good = {n for n, line in enumerate(broken.split(b"\n"), 1) if line in set(body.split(b"\n")) and line}
    assert good <= set(found.lines)


@fuzz
@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(["csv", "csv.gz", "json", "json.zst", "parquet", "csv.xz"]),
)
def test_garbage_is_an_error_of_ours_or_rows(content, name):
    try:
        found = read(content, dataset("a", "b", extra_columns="ignore"), f"things.{name}")
    except PerennialError:
        return
    validate(found.frame, dataset("a", "b"))


PACKED = {
    "csv.gz": gzip.compress(b"a,b\n" + b"1,2\n" * 300),
    "jsonl.gz": gzip.compress(b'{"a": 1}\n' * 300),
    "csv": b"a,b\n" + b'"1",2\n' * 300,
}
_sink = io.BytesIO()
pl.DataFrame({"a": ["1", "2"] * 200, "b": [1.5, None] * 200}).write_parquet(_sink, row_group_size=50)
PACKED["parquet"] = _sink.getvalue()


@fuzz
@given(name=st.sampled_from([*PACKED]), damage=damages, end=st.floats(0, 1), cut=st.booleans())
def test_damaged_files_are_errors_of_ours_or_rows(name, damage, end, cut):
    content = damaged(PACKED[name], damage)
    content = content[: int(end * len(content))] if cut else content
    try:
        found = read(content, dataset("a", "b"), f"things.{name}")
    except PerennialError:
        return
    assert len(found.rows) + len(found.broken) <= 410


NUMBERS = [
    "nan",
    "NaN",
    "inf",
    "-Infinity",
    "1e400",
    "1e-400",
    "9" * 40,
    "-0",
    "1.005",
    "1e3",
    "0x10",
    "٣",
    "1_000",
]
MOMENTS = [
    "0001-01-01 00:00:00",
    "9999-12-31 23:59:59",
    "10000-01-01 00:00:00",
    "-0001-01-01 00:00:00",
    "0000-01-01 00:00:00",
]
TYPED = Dataset.model_validate(
    {
        "name": "typed",
        "title": "Typed",
        "kind": "record",
        "source": {},
        "key": ["a"],
        "columns": {
            "a": {"type": "string", "required": True},
            "decimal": {"type": "decimal"},
            "integer": {"type": "integer"},
            "boolean": {"type": "boolean"},
            "date": {"type": "date"},
            **{
                zone: {"type": "timestamp", "timezone": zone}
                for zone in ("UTC", "Europe/Berlin", "Pacific/Apia", "America/New_York", "Asia/Kathmandu")
            },
        },
    }
)


@fuzz
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                name: st.sampled_from([*NUMBERS, *MOMENTS, "2017-03-26 02:30:00", "2011-12-30 12:00:00"])
                | st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"))
                | texts
                for name in TYPED.columns
            }
        ),
        min_size=1,
        max_size=20,
    )
)
def test_extreme_values_are_good_or_bad_and_can_be_read_by_others(rows):
    frame = pl.DataFrame(rows).with_columns(pl.lit("f").alias(FILE), pl.int_range(pl.len()).alias(LINE))
    checked = validate(frame, TYPED)
    assert checked.good.height + checked.bad.height == len(rows)
    assert all(checked.bad["reasons"].list.len() > 0)
    for row in checked.good.iter_rows(named=True):
        assert all(1 <= row[name].year <= 9999 for name in row if hasattr(row[name], "year"))
