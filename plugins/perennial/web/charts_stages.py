"""The funnel: how many are left at each stage, of the first and of the one before."""

from typing import Any

from perennial.web.channels import Kinds, position, required, type_of
from perennial.web.formats import PATTERNS
from perennial.web.widgets import Widget

ROOM = 128
"""Pixels on the right for the figures."""


def funnel(widget: Widget, kinds: Kinds) -> dict[str, Any]:
    """Centred bars in the query's order, each with its value and its share of the first."""
    value, stage = required(widget, "x"), required(widget, "y")
    if type_of(value, kinds) != "quantitative":
        value, stage = stage, value
    if type_of(stage, kinds) == "quantitative":
        stage = stage.model_copy(update={"type": "ordinal"})
    field = f"datum['{value.column}']"
    pattern = PATTERNS[value.format].chart if value.format else ",.0f"
    y = position(stage, kinds, banded=True)
    y["axis"] |= {"domain": False, "grid": False}
    share = {"type": "quantitative", "format": ".1%"}
    lines = [
        {"field": stage.column, "type": "nominal", "title": stage.words},
        {"field": value.column, "type": "quantitative", "title": value.words, "format": pattern},
        {"field": "of_first", "title": "Of the first", **share},
        {"field": "of_before", "title": "Of the one before", **share},
    ]
    bar = {
        "mark": {"type": "bar", "cornerRadius": 3, "height": {"expr": "min(bandwidth('y') * 0.82, 64)"}},
        "encoding": {
            "x": {
                "field": "from_middle",
                "type": "quantitative",
                "axis": None,
                "scale": {"range": [0, {"expr": f"max(width - {ROOM}, width / 2)"}]},
            },
            "x2": {"field": "to_middle"},
            "tooltip": lines,
        },
    }
    said = {
        "mark": {"type": "text", "align": "right", "fontWeight": 600},
        "encoding": {"x": {"value": {"expr": "width"}}, "text": {"field": "said", "type": "nominal"}},
    }
    ends = [
        {"op": "first_value", "field": value.column, "as": "first"},
        {"op": "lag", "field": value.column, "as": "before"},
    ]
    figures = {
        "from_middle": f"-{field} / 2",
        "to_middle": f"{field} / 2",
        "of_first": f"datum.first ? {field} / datum.first : null",
        "of_before": f"datum.before ? {field} / datum.before : null",
        "said": f"format({field}, '{pattern}') + (datum.first ? ' · ' + format(datum.of_first, '.0%') : '')",
    }
    return {
        "transform": [
            {"window": ends, "frame": [None, None]},
            *({"calculate": figure, "as": name} for name, figure in figures.items()),
        ],
        "encoding": {"y": y},
        "layer": [bar, said],
    }
