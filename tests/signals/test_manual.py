"""What the manual of datasets shows works, and it names every key and every function."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.signals.columns import FORMATS, Column
from perennial.signals.dataset import Csv, Dataset, Limits, Source
from perennial.signals.expressions import FUNCTIONS
from perennial.signals.reading import chunks, messages
from perennial.signals.reading.sources import FORMATS as ENDINGS
from perennial.signals.reading.streams import COMPRESSIONS
from perennial.signals.validation import validate

MANUAL = (REPOSITORY / "docs/datasets.md").read_text()


def example(name: str) -> str:
    """The text of an example in the manual."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", MANUAL, re.DOTALL)
    assert found, name
    return found.group(1)


def test_the_example_reads_files_and_messages_alike(tmp_path):
    for name in ("orders.yaml", "orders.csv"):
        (tmp_path / name).write_text(example(name))
    orders = load(tmp_path / "orders.yaml", Dataset)
    (chunk,) = chunks([str(tmp_path / "orders.csv")], orders)
    expected = (
        datetime(2026, 12, 24, 17, 5, tzinfo=UTC),
        "o-1",
        "C17",
        "ann@example.com",
        "web",
        2,
        Decimal("21.00"),
        date(1990, 5, 1),
    )
    for rows in (chunk.rows, messages([example("orders.json")], orders, "log").rows):
        checked = validate(rows, orders)
        assert checked.bad["reasons"].to_list() == []
        assert checked.good.rows() == [expected]


def test_every_function_is_explained():
    table = "".join(f"| `{each.signature}` | {each.meaning} |\n" for each in FUNCTIONS.values())
    assert table in MANUAL, f"the table of functions should be:\n{table}"


def test_every_key_is_explained():
    keys = {*Dataset.model_fields, *Source.model_fields, *Column.model_fields} - {"name", "csv", "limits"}
    keys |= {f"csv.{name}" for name in Csv.model_fields} | {f"limits.{name}" for name in Limits.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []


def test_every_kind_of_file_and_format_is_named():
    assert [each for each in (*ENDINGS, *COMPRESSIONS) if each not in MANUAL] == []
    assert [each for each in FORMATS if f"`{each}`" not in MANUAL] == []
