"""A document of lifetime value says in which units it counts, and explains what is wrong in it."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perennial.documents import DocumentError, load
from perennial.settings import REPOSITORY
from perennial.value.lifetime.definition import ColumnMissing, LifetimeDefinition
from perennial.value.lifetime.scores import horizon
from perennial.value.lifetime.summary import Convention

LEAST = "kind: lifetime\ntitle: T\ndataset: orders\nidentity: who\namount: total\n"


def read(folder: Path, text: str) -> LifetimeDefinition:
    (folder / "clv.yaml").write_text(text)
    return load(folder / "clv.yaml", LifetimeDefinition)


def test_the_least_that_a_document_says(tmp_path):
    found = read(tmp_path, LEAST)
    assert found.name == "clv"
    assert found.convention == Convention(7, 1, "steps")
    assert found.kinds == ("bgnbd", "paretonbd")
    assert found.margin == 1
    assert found.calibration_end(date(2026, 4, 2)) == date(2026, 1, 1)
    assert horizon(found).length == pytest.approx(365 / 7)


def test_transactions_are_counted_where_a_column_names_them(tmp_path):
    found = read(tmp_path, LEAST + "transaction: number\nunit_days: 1\nmodel: bgnbd\n")
    assert found.convention == Convention(1, 1, "transactions")
    assert found.kinds == ("bgnbd",)
    rows = {"who": [7], "total": [100], "number": ["a"], "event_time": [datetime(2026, 1, 1, tzinfo=UTC)]}
    purchases = found.purchases(pl.LazyFrame(rows)).collect()
    assert purchases.columns == ["person_id", "event_time", "amount", "transaction_id"]
    assert purchases["person_id"].to_list() == ["7"]


def test_a_discount_of_a_tenth_a_year_makes_one_of_1_10(tmp_path):
    found = read(tmp_path, LEAST + "unit_days: 1\ndiscount: 0.1\n")
    assert 2.718281828459045 ** (horizon(found).rate * 365.25) == pytest.approx(1.1)


def test_parameters_depend_on_what_is_counted_and_on_the_unit_and_on_nothing_else(tmp_path):
    first = read(tmp_path, LEAST)
    assert read(tmp_path, LEAST + "margin: 0.3\nhorizon_days: 30\n").settings == first.settings
    for change in ("unit_days: 1", "step_days: 7", "transaction: number"):
        assert read(tmp_path, LEAST + change).settings != first.settings


def test_the_documented_example_is_the_demos(tmp_path):
    documented = (REPOSITORY / "docs/lifetime_value.md").read_text().split("```yaml\n")[1].split("```")[0]
    demo = load(REPOSITORY / "include/value/lifetime.yaml", LifetimeDefinition)
    assert read(tmp_path, documented).model_copy(update={"name": demo.name}) == demo


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAST + "margin: 1.5", "margin: Input should be less than or equal to 1; found 1.5"),
        (LEAST + "model: nbd", "model: Input should be 'auto', 'bgnbd' or 'paretonbd'; found 'nbd'"),
        (LEAST + "holdout_days: 0", "holdout_days: Input should be greater than or equal to 1; found 0"),
        (LEAST + "horizon: 52", "horizon: Extra inputs"),
        (LEAST.replace("amount: total\n", ""), "amount: Field required"),
    ],
)
def test_a_mistake_is_explained(tmp_path, text, said):
    with pytest.raises(DocumentError, match=r"clv\.yaml") as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_a_column_that_is_not_there_is_named(tmp_path):
    rows = pl.LazyFrame({"who": ["a"], "sum": [1], "event_time": [datetime(2026, 1, 1, tzinfo=UTC)]})
    with pytest.raises(
        ColumnMissing, match="clv: amount: orders has no column total; it has who, sum, event_time"
    ):
        read(tmp_path, LEAST).purchases(rows)
    with pytest.raises(ColumnMissing, match="orders has no event_time"):
        read(tmp_path, LEAST).purchases(pl.LazyFrame({"who": ["a"], "total": [1]}))
