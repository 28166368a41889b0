"""A widget and its result's columns in, a Vega-Lite specification out.

A specification holds no data, no size and no colour, so that one serves every reader, theme and screen.
One function a family of marks; `MARKS` is the table that a new mark is added to.
"""

from collections.abc import Callable, Sequence
from typing import Any

from perennial.web.channels import (
    LETTER,
    Kinds,
    color,
    in_lines,
    label,
    position,
    required,
    text_of,
    tooltip,
    type_of,
)
from perennial.web.charts_distributions import box, histogram, scatter
from perennial.web.charts_intervals import interval
from perennial.web.charts_lines import ruled
from perennial.web.charts_stages import funnel
from perennial.web.store import Column
from perennial.web.widgets import Encoding, Mark, Widget

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
SIDES = ("left", "right")
UPRIGHT = {"direction": "vertical", "titleOrient": "top"}
LYING = {"direction": "horizontal", "titleOrient": "left"}
MONTH = "%b %Y"


def chart(widget: Widget, columns: Sequence[Column]) -> Spec | None:
    """The drawing of a widget over a data source named `rows`; None where there is none, as for a table."""
    draw = MARKS.get(widget.mark)
    body = draw(widget, {column.name: column.kind for column in columns}) if draw else None
    if body is None:
        return None
    _place_legends(body, widget.legend)
    if widget.lines:
        body = ruled(body, widget.lines)
    return {"$schema": SCHEMA, "data": {"name": "rows"}, "description": describe(widget), **body}


def describe(widget: Widget) -> str:
    """A sentence for those who hear the page instead of seeing it."""
    roles = [role.words for role in (widget.y, widget.x) if role]
    split = (
        f", split by {widget.color.words}"
        if widget.color and widget.mark not in (Mark.HEATMAP, Mark.COHORT)
        else ""
    )
    kind = f"{widget.mark.capitalize()} chart of {' by '.join(roles)}{split}"
    return f"{widget.title}. {kind}. {widget.subtitle}".strip()


def _bars(widget: Widget, kinds: Kinds) -> Spec:
    role_x, role_y = _roles(widget)
    if type_of(role_x, kinds) == type_of(role_y, kinds) == "quantitative":
        role_x = role_x.model_copy(
            update={"type": "ordinal"}
        )  # a bar stands for a value of x, not for a span
    x, y = position(role_x, kinds, banded=True), position(role_y, kinds, banded=True)
    lying = x["type"] == "quantitative" and y["type"] != "quantitative"
    value = x if lying else y
    encoding: dict[str, Any] = {"x": x, "y": y}
    if lying:
        x["axis"] = None if widget.label else x["axis"] | {"grid": True, "domain": False}
        y["axis"] |= {"domain": False, "grid": False}
    in_lines(x)
    if widget.color:
        encoding["color"] = color(widget.color, kinds)
        if widget.stack == "group":
            encoding["yOffset" if lying else "xOffset"] = {"field": widget.color.column, "sort": None}
            value["stack"] = None
        else:
            value["stack"] = {"stack": "zero", "normalize": "normalize", "none": None}[widget.stack]
    bar = {
        "mark": {"type": "bar", **_thickness(widget, lying, x, y)},
        "encoding": {"tooltip": tooltip(widget, kinds)},
    }
    if not widget.label:
        return {**bar, "encoding": {**encoding, **bar["encoding"]}}
    words = label(widget.label, kinds)
    beside = {"align": "left", "dx": 6} if lying else {"baseline": "bottom", "dy": -5}
    room = {"right": 44 if words["type"] == "quantitative" else 84} if lying else {"top": 20}
    text = {"mark": {"type": "text", **beside}, "encoding": {"text": words}}
    return {
        "padding": {"left": 4, "top": 4, "right": 4, "bottom": 4} | room,
        "encoding": encoding,
        "layer": [bar, text],
    }


def _thickness(widget: Widget, lying: bool, x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """Few bars in a wide chart stay bars."""
    across, axis, side = (y, "y", "height") if lying else (x, "x", "width")
    if across["type"] not in ("nominal", "ordinal") or (widget.color and widget.stack == "group"):
        return {}
    return {side: {"expr": f"min(bandwidth('{axis}') * 0.8, 52)"}}


def _curves(widget: Widget, kinds: Kinds) -> Spec:
    """Lines and areas, with points that follow the pointer."""
    role_x, role_y = _roles(widget)
    encoding: dict[str, Any] = {"x": position(role_x, kinds), "y": position(role_y, kinds)}
    area = widget.mark is Mark.AREA
    encoding["y"]["stack"] = {"normalize": "normalize", "stack": "zero"}.get(widget.stack) if area else None
    if not area and encoding["y"]["type"] == "quantitative":
        encoding["y"]["scale"] = {"zero": False, "nice": True}
    if widget.color:
        encoding["color"] = color(widget.color, kinds)
    near = {"type": "point", "on": "pointermove", "clear": "pointerout", "nearest": True, "encodings": ["x"]}
    mark: dict[str, Any] = {"type": "area" if area else "line", "strokeJoin": "round"}
    if area and not widget.color:
        mark |= {"line": True, "fillOpacity": 0.16}
    count = {"op": "count", "as": "points"}
    split = [widget.color.column] if widget.color else []
    transform: list[Spec] = [{"joinaggregate": [count], "groupby": split}]
    if area and widget.color:
        # Areas lie upon each other as the query orders them, the first on top, and not by their names.
        transform.append({"window": [{"op": "row_number", "as": "row"}]})
        transform.append({"joinaggregate": [{"op": "min", "field": "row", "as": "place"}], "groupby": split})
        encoding["order"] = {"field": "place", "type": "quantitative", "sort": "descending"}
    alone = {"test": "datum.points == 1", "value": 1}  # a line of one point would be invisible
    shown = {"condition": [{"param": "near", "empty": False, "value": 1}, alone], "value": 0}
    return {
        "transform": transform,
        "encoding": encoding,
        "layer": [
            {"mark": mark},
            {
                "params": [{"name": "near", "select": near}],
                "mark": {"type": "point", "filled": True, "size": 70},
                "encoding": {"opacity": shown, "tooltip": tooltip(widget, kinds)},
            },
        ],
    }


def _marks(widget: Widget, kinds: Kinds) -> Spec:
    role_x, role_y = _roles(widget)
    encoding: dict[str, Any] = {"x": position(role_x, kinds), "y": position(role_y, kinds)}
    if widget.color:
        encoding["color"] = color(widget.color, kinds)
    return {"mark": {"type": str(widget.mark)}, "encoding": {**encoding, "tooltip": tooltip(widget, kinds)}}


def _donut(widget: Widget, kinds: Kinds) -> Spec:
    role, split = required(widget, "y"), required(widget, "color")
    colors = color(split, kinds)
    colors["legend"] |= {"orient": "right", **UPRIGHT}
    ring = "min(width, height)"
    share = [
        {"joinaggregate": [{"op": "sum", "field": role.column, "as": "total"}]},
        {"calculate": f"datum['{role.column}'] / datum.total", "as": "share"},
    ]
    return {
        "transform": share,
        "encoding": {
            "theta": {"field": role.column, "type": "quantitative", "stack": True},
            "order": {"field": role.column, "type": "quantitative", "sort": "descending"},
        },
        "layer": [
            {
                "mark": {
                    "type": "arc",
                    "innerRadius": {"expr": f"{ring} * 0.3"},
                    "outerRadius": {"expr": f"{ring} * 0.48"},
                },
                "encoding": {"color": colors, "tooltip": tooltip(widget, kinds)},
            },
            {
                "transform": [{"filter": "datum.share > 0.05"}],
                "mark": {
                    "type": "text",
                    "radius": {"expr": f"{ring} * 0.39"},
                    "color": {"expr": "ink_on_much"},
                },
                "encoding": {"text": {"field": "share", "type": "quantitative", "format": ".0%"}},
            },
        ],
    }


def _heatmap(widget: Widget, kinds: Kinds) -> Spec:
    role_x, role_y = _roles(widget)
    x, y = position(role_x, kinds, banded=True), position(role_y, kinds, banded=True)
    for channel in (x, y):
        channel["axis"] |= {"domain": False, "grid": False}
    in_lines(x)
    cell = {
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {"color": color(required(widget, "color"), kinds), "tooltip": tooltip(widget, kinds)},
    }
    if not widget.label:
        return {"encoding": {"x": x, "y": y}, "layer": [cell]}
    field = required(widget, "color").column
    middle = "datum.least + 0.6 * (datum.most - datum.least)"
    much = {"test": f"datum['{field}'] > {middle}", "value": {"expr": "ink_on_much"}}
    words = f"{LETTER} * length({text_of(widget.label)})"
    text = {
        "mark": {"type": "text"},
        "encoding": {
            "text": label(widget.label, kinds),
            "color": {"condition": much, "value": {"expr": "ink"}},
            # What a narrow cell has no room for is in its tooltip.
            "opacity": {"condition": {"test": f"bandwidth('x') > {words}", "value": 1}, "value": 0},
        },
    }
    ends = [{"op": "max", "field": field, "as": "most"}, {"op": "min", "field": field, "as": "least"}]
    return {"transform": [{"joinaggregate": ends}], "encoding": {"x": x, "y": y}, "layer": [cell, text]}


def _cohort(widget: Widget, kinds: Kinds) -> Spec:
    """A heat map as cohorts are read: periods above, the oldest cohort first, the share in each cell."""
    labelled = widget.model_copy(update={"label": widget.label or widget.color})
    spec = _heatmap(labelled, kinds)
    spec["encoding"]["x"]["axis"] |= {"orient": "top"}
    if type_of(_roles(widget)[1], kinds) == "temporal":
        spec["encoding"]["y"]["axis"] |= {"format": MONTH}
    return spec


def _place_legends(spec: Spec, where: str | None) -> None:
    if where is None:
        return
    for part in (spec, *spec.get("layer", ())):
        for channel in ("color", "size"):
            found = part.get("encoding", {}).get(channel, {})
            if "legend" in found:
                lie = UPRIGHT if where in SIDES else LYING
                found["legend"] = None if where == "none" else {**found["legend"], "orient": where, **lie}


def _sparkline(widget: Widget, kinds: Kinds) -> Spec | None:
    role_y = required(widget, "y")
    if widget.x is None or type_of(role_y, kinds) != "quantitative":
        return None
    x, y = position(widget.x, kinds), position(role_y, kinds)
    x["axis"] = y["axis"] = None
    y |= {"scale": {"zero": False, "nice": False}, "stack": None}
    encoding = {"x": x, "y": y, "tooltip": tooltip(widget, kinds)}
    return {
        "mark": {"type": "area", "line": {"strokeWidth": 1.75}, "fillOpacity": 0.12},
        "encoding": encoding,
    }


def _roles(widget: Widget) -> tuple[Encoding, Encoding]:
    return required(widget, "x"), required(widget, "y")


MARKS: dict[Mark, Callable[[Widget, Kinds], Spec | None]] = {
    Mark.BAR: _bars,
    Mark.LINE: _curves,
    Mark.AREA: _curves,
    Mark.POINT: _marks,
    Mark.TICK: _marks,
    Mark.DONUT: _donut,
    Mark.HEATMAP: _heatmap,
    Mark.HISTOGRAM: histogram,
    Mark.BOX: box,
    Mark.SCATTER: scatter,
    Mark.FUNNEL: funnel,
    Mark.COHORT: _cohort,
    Mark.INTERVAL: interval,
    Mark.NUMBER: _sparkline,
}
