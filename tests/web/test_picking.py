"""What a click on a mark or a row stands for: the columns that tell it from the others."""

from typing import Any

import pytest

from perennial.web.picking import keys_of
from perennial.web.store import Column
from perennial.web.widgets import Widget

COLUMNS = [
    Column("day", "temporal"),
    Column("audience", "nominal"),
    Column("decile", "quantitative"),
    Column("spend", "quantitative"),
]
ORDINAL = {"column": "decile", "type": "ordinal"}


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ({"mark": "bar", "x": "spend", "y": "audience"}, ["audience"]),
        ({"mark": "bar", "x": "spend", "y": "audience", "color": ORDINAL}, ["audience", "decile"]),
        ({"mark": "bar", "x": "decile", "y": "spend"}, ["decile"]),
        ({"mark": "bar", "x": "day", "y": "spend"}, ["day"]),
        ({"mark": "line", "x": "day", "y": "spend", "color": "audience"}, ["audience"]),
        ({"mark": "donut", "y": "spend", "color": "audience"}, ["audience"]),
        ({"mark": "heatmap", "x": ORDINAL, "y": "audience", "color": "spend"}, ["decile", "audience"]),
        ({"mark": "funnel", "x": "spend", "y": "audience"}, ["audience"]),
        ({"mark": "scatter", "x": "spend", "y": "decile", "label": "audience"}, ["audience"]),
        ({"mark": "number", "y": "spend", "x": "day"}, []),
        ({"mark": "histogram", "x": "spend", "color": "audience"}, []),
        ({"mark": "table"}, ["audience"]),
        ({"mark": "table", "columns": ["decile", "spend"]}, ["decile"]),
        ({"mark": "table", "columns": ["day", {"column": "spend", "format": "money"}]}, ["day"]),
    ],
)
def test_a_mark_stands_for_the_names_that_tell_it_from_others(said: dict[str, Any], keys: list[str]) -> None:
    widget = Widget.model_validate({"id": "a", "title": "A", "sql": "SELECT 1", **said})
    assert keys_of(widget, COLUMNS) == keys
