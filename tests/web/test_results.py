"""Exports: all rows, exact numbers, and no cell that a spreadsheet would run."""

import csv
from datetime import date
from decimal import Decimal

import pytest

from perennial.web.results import csv_lines, plain
from perennial.web.store import Store


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_a_formula_becomes_text(cell: str) -> None:
    read = (
        next(csv.reader(["".join(csv_lines([(cell,)])).rstrip("\r\n") or ""], skipinitialspace=False))
        if "\r" not in cell
        else None
    )
    assert "".join(csv_lines([(cell,)])).lstrip('"').startswith("'")
    assert read is None or read == [f"'{cell}"]


def test_numbers_and_texts_stay_what_they_are() -> None:
    row = (Decimal("-12.30"), -5, "Deli, fresh", 'say "hi"', None, date(2017, 12, 31))
    assert next(csv.reader(csv_lines([row]))) == ["-12.30", "-5", "Deli, fresh", 'say "hi"', "", "2017-12-31"]


@pytest.mark.store
def test_a_stream_has_every_row(filled: Store) -> None:
    lines = list(
        csv_lines(
            filled.stream("SELECT n, $x::text AS x FROM generate_series(1, 20000) AS t (n)", {"x": "=a"})
        )
    )
    assert lines[0] == "n,x\r\n"
    assert lines[-1] == "20000,'=a\r\n"
    assert len(lines) == 20_001


def test_values_are_ready_for_json() -> None:
    assert plain(Decimal("1.50")) == 1.5
    assert plain(date(2017, 12, 31)) == "2017-12-31"
    assert plain(None) is None
    assert plain(b"x") == "b'x'"
