"""Marks for how values are spread: histograms, boxes, and points of two measures."""

from typing import Any

from perennial.web.channels import Kinds, color, label, position, required, tooltip, type_of
from perennial.web.formats import PATTERNS
from perennial.web.widgets import Encoding, Widget

Spec = dict[str, Any]
BINS = {"maxbins": 30}
SIZES = (24, 700)
"""Square pixels of the least and the greatest point."""


def histogram(widget: Widget, kinds: Kinds) -> Spec:
    """Values of x in steps of one width; y says how often each occurs, else every row counts once."""
    role = required(widget, "x")
    weight = widget.y if widget.y and kinds.get(widget.y.column) == "quantitative" else None
    x = position(role, kinds, banded=True)
    stepped = {"bin": BINS} if x["type"] == "quantitative" else {}
    counted: dict[str, Any] = (
        {"aggregate": "sum", "field": weight.column} if weight else {"aggregate": "count"}
    )
    counted |= {"type": "quantitative", "title": weight.heading if weight else "Rows"}
    height = {**counted, "axis": {"title": counted["title"] or None, "tickCount": 6}}
    pattern = PATTERNS[weight.format].chart if weight and weight.format else ",.0f"
    seen = {"field": role.column, "type": x["type"], "title": role.words, **stepped}
    lines = [seen, {**counted, "title": weight.words if weight else "Rows", "format": pattern}]
    encoding: dict[str, Any] = {"x": {**x, **stepped}, "y": height, "tooltip": lines}
    if widget.color:
        encoding["color"] = color(widget.color, kinds)
        lines.append({"field": widget.color.column, "title": widget.color.words})
        if encoding["color"]["type"] == "quantitative":
            encoding["color"]["type"] = "ordinal"
            encoding["color"]["legend"].pop("gradientLength")
    return {"mark": {"type": "bar", "binSpacing": 1}, "encoding": encoding}


def box(widget: Widget, kinds: Kinds) -> Spec:
    """Quartiles of y in each x, with what lies far outside of them as points."""
    value = required(widget, "y")
    if type_of(value, kinds) != "quantitative" and widget.x:
        value, group, across = widget.x, widget.y, "x"
    else:
        group, across = widget.x, "y"
    scale = {"zero": False, "nice": True}
    encoding: dict[str, Any] = {across: {**position(value, kinds), "type": "quantitative", "scale": scale}}
    if group:
        encoding["y" if across == "x" else "x"] = _places(group, kinds)
    if widget.color:
        encoding["color"] = {**color(widget.color, kinds), "type": "nominal"}
        encoding["color"]["legend"].pop("gradientLength", None)
    beside = widget.color is not None and group is not None and widget.color.column != group.column
    if beside and widget.color:
        encoding["yOffset" if across == "x" else "xOffset"] = {"field": widget.color.column, "sort": None}
    size = {} if beside else {"size": 28}
    return {"mark": {"type": "boxplot", "extent": 1.5, "ticks": False, **size}, "encoding": encoding}


def scatter(widget: Widget, kinds: Kinds) -> Spec:
    """One point a row: two measures, and a third as its size."""
    encoding: dict[str, Any] = {"tooltip": tooltip(widget, kinds)}
    for name in ("x", "y"):
        encoding[name] = position(required(widget, name), kinds)
        if encoding[name]["type"] == "quantitative":
            encoding[name]["scale"] = {"zero": False, "nice": True}
            encoding[name]["axis"] |= {"grid": True}
    colour = {"color": color(widget.color, kinds)} if widget.color else {}
    size = {"size": _size(widget.size)} if widget.size else {}
    points = {"mark": {"type": "point", "opacity": 0.75}, "encoding": {**colour, **size}}
    layers: list[Spec] = [points]
    if widget.label:
        words = {"text": label(widget.label, kinds)}
        layers.append(
            {"mark": {"type": "text", "align": "left", "dx": 16 if widget.size else 9}, "encoding": words}
        )
    return {"encoding": encoding, "layer": layers}


def _size(role: Encoding) -> dict[str, Any]:
    legend: dict[str, Any] = {
        "title": role.heading or None,
        "tickCount": 3,
        "symbolFillColor": {"expr": "ink"},
        "symbolStrokeWidth": 0,
    }
    if role.format:
        legend["format"] = PATTERNS[role.format].axis
    scale = {"range": list(SIZES)}
    return {"field": role.column, "type": "quantitative", "legend": legend, "scale": scale}


def _places(role: Encoding, kinds: Kinds) -> dict[str, Any]:
    """A position of its own for each value, numbers too."""
    if type_of(role, kinds) == "quantitative":
        role = role.model_copy(update={"type": "ordinal"})
    return position(role, kinds, banded=True)
