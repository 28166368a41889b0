"""Values in the shapes that profiles and destinations take: flat, nested, a column for each value."""

from typing import Any

import polars as pl
import pytest

from perennial.value import shapes

COLUMNS = ["person_id", "dimension", "dimension_value", "lookback", "spend", "spend_decile", "article"]
ROWS: list[tuple[Any, ...]] = [
    ("a", "overall", "all", "1m", 30, 1, "tea"),
    ("a", "overall", "all", "12m", 90, 1, "tea"),
    ("a", "overall", "all", "lifetime", 95, 2, "jam"),
    ("a", "tier", "GOLD", "1m", 20, 1, "tea"),
    ("a", "tier", "GOLD", "12m", 70, 1, "tea"),
    ("a", "tier", "BASIC", "12m", 20, 3, "jam"),
    ("b", "overall", "all", "12m", 10, 2, None),
    ("b", "tier", "UNKNOWN", "12m", 10, 1, None),
    # Somebody of whom a metric with a condition knows nothing.
    ("c", "overall", "all", "12m", None, None, "nut"),
]
SHOP = [("a", "shop", "GOLD", "1m", 30, 1, "tea"), ("b", "shop", "HARBOUR", "12m", 10, 1, None)]


def rows(*more: tuple[Any, ...]) -> pl.LazyFrame:
    schema = {name: pl.Int64 if name.startswith("spend") else pl.String for name in COLUMNS}
    return pl.LazyFrame([*ROWS, *more], schema=schema, orient="row")


def people(frame: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """What is known of each person; the order of people says nothing."""
    return {row.pop("person_id"): row for row in frame.collect().to_dicts()}


def entry(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def test_overall_values_are_columns_by_lookback_months_first():
    flat = shapes.flattened(rows())
    assert flat.collect().columns == [
        "person_id",
        *(f"{name}_1m{rank}" for name, rank in (("spend", ""), ("spend", "_decile"), ("article", ""))),
        *(f"{name}_12m{rank}" for name, rank in (("spend", ""), ("spend", "_decile"), ("article", ""))),
        *(f"{name}_lifetime{rank}" for name, rank in (("spend", ""), ("spend", "_decile"), ("article", ""))),
    ]
    found = people(flat)
    assert (found["a"]["spend_1m"], found["a"]["spend_12m"], found["a"]["spend_lifetime"]) == (30, 90, 95)
    assert (found["a"]["spend_lifetime_decile"], found["a"]["article_lifetime"]) == (2, "jam")
    assert (found["b"]["spend_1m"], found["b"]["spend_12m"]) == (None, 10)
    assert (found["c"]["spend_12m"], found["c"]["article_12m"]) == (None, "nut")


def test_within_a_dimension_there_is_a_map_for_each_column():
    found = people(shapes.by_dimension(rows(*SHOP)))
    assert found["a"]["tier.spend_12m"] == [entry("BASIC", 20), entry("GOLD", 70)]
    assert found["a"]["tier.spend_12m_decile"] == [entry("BASIC", 3), entry("GOLD", 1)]
    assert found["a"]["tier.spend_1m"] == [entry("GOLD", 20)]
    assert found["a"]["tier.spend_lifetime"] == []
    assert found["a"]["shop.spend_1m"] == [entry("GOLD", 30)]
    assert found["b"]["shop.article_12m"] == []
    assert "c" not in found, "who is in no dimension has no such row"


def test_of_one_dimension_the_keys_are_its_values():
    found = people(shapes.nested(rows()))
    assert list(found["a"]) == ["deciles", "totals"]
    assert found["a"]["deciles"]["spend"] == {
        "1m": [entry("GOLD", 1), entry("all", 1)],
        "12m": [entry("BASIC", 3), entry("GOLD", 1), entry("all", 1)],
        "lifetime": [entry("all", 2)],
    }
    assert found["b"]["totals"] == {
        "spend": {"1m": [], "12m": [entry("UNKNOWN", 10), entry("all", 10)], "lifetime": []},
        "article": {"1m": [], "12m": [], "lifetime": []},
    }
    assert list(found["a"]["deciles"]) == ["spend"], "what is no number has no ranks"
    assert found["c"]["totals"]["article"]["12m"] == [entry("all", "nut")]


def test_of_several_dimensions_the_keys_say_which():
    found = people(shapes.nested(rows(*SHOP)))
    assert found["a"]["deciles"]["spend"]["1m"] == [
        entry("all", 1),
        entry("shop:GOLD", 1),
        entry("tier:GOLD", 1),
    ]


def test_for_destinations_without_maps_each_value_has_its_columns():
    tier = shapes.exported(rows(*SHOP), "tier")
    found = people(tier)
    assert set(found) == {"a", "b"}
    assert found["a"]["tier_GOLD_spend_12m"] == 70
    assert found["a"]["tier_BASIC_spend_12m_decile"] == 3
    assert found["a"]["tier_UNKNOWN_spend_12m"] is None
    assert found["b"]["tier_UNKNOWN_spend_12m_decile"] == 1
    assert not [name for name in tier.collect().columns if "shop" in name or "HARBOUR" in name]


@pytest.mark.parametrize("shape", [shapes.flattened, shapes.by_dimension, shapes.nested])
def test_of_nobody_there_are_no_rows(shape):
    assert shape(rows().clear()).collect().is_empty()


def test_of_nobody_there_is_no_row_to_export():
    assert shapes.exported(rows().clear(), "tier").collect().is_empty()
