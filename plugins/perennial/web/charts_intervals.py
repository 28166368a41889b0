"""Intervals: what was found, how far to trust it, and where nothing would lie."""

from typing import Any

from perennial.web.channels import Kinds, color, label, position, required, tooltip, type_of
from perennial.web.widgets import Widget

ROOM = 190
"""Pixels on the right for what is said of an interval."""


def interval(widget: Widget, kinds: Kinds) -> dict[str, Any]:
    """A point at x and a line from low to high, for each y; and a line through zero: no difference."""
    value, group = required(widget, "x"), required(widget, "y")
    low, high = required(widget, "low"), required(widget, "high")
    if type_of(value, kinds) != "quantitative":
        value, group = group, value
    if type_of(group, kinds) == "quantitative":
        group = group.model_copy(update={"type": "ordinal"})
    x, y = position(value, kinds), position(group, kinds, banded=True)
    x["axis"] |= {"grid": True, "domain": False}
    x["scale"] = {"zero": True, "nice": True}
    y["axis"] |= {"domain": False, "grid": False}
    title = {"title": value.heading or None}
    encoding: dict[str, Any] = {"y": y}
    if widget.color:
        encoding["color"] = color(widget.color, kinds)
        encoding["yOffset"] = {"field": widget.color.column, "type": "nominal", "sort": None}
    said = {**encoding, "tooltip": tooltip(widget, kinds)}
    layers: list[dict[str, Any]] = [
        # It has data of its own, or it would be drawn once a row.
        {
            "data": {"values": [{}]},
            "mark": "rule",
            "encoding": {"x": {"datum": 0, "type": "quantitative", **title}},
        },
        {
            "transform": [{"filter": " && ".join(f"isValid(datum['{end.column}'])" for end in (low, high))}],
            "mark": {"type": "rule", "strokeWidth": 2.25, "strokeCap": "round"},
            "encoding": {"x": {**x, "field": low.column, **title}, "x2": {"field": high.column}, **said},
        },
        {"mark": {"type": "point", "size": 80}, "encoding": {"x": {**x, **title}, **said}},
    ]
    if not widget.label:
        return {"layer": layers}
    x["scale"]["range"] = [0, {"expr": f"max(width - {ROOM}, width / 2)"}]
    layers.append(
        {
            "mark": {"type": "text", "align": "right"},
            "encoding": {"y": y, "x": {"value": {"expr": "width"}}, "text": label(widget.label, kinds)},
        }
    )
    return {"layer": layers}
