"""A widget and its result's columns in, a Vega-Lite specification out: no data, no size and no colour of a theme in it.

One function a family of marks; `MARKS` is the table that a new mark is added to.
"""

from collections.abc import Callable, Sequence
from typing import Any

from perennial.web.dashboards import Encoding, Mark, Widget
from perennial.web.formats import DAY, PATTERNS, TICK_LABEL, TICKS
from perennial.web.store import Column

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def chart(widget: Widget, columns: Sequence[Column]) -> Spec | None:
    """The drawing of a widget over a data source named `rows`; None where there is nothing to draw, as for a table."""
    draw = MARKS.get(widget.mark)
    body = draw(widget, {column.name: column.kind for column in columns}) if draw else None
    if body is None:
        return None
    return {"$schema": SCHEMA, "data": {"name": "rows"}, "description": describe(widget), **body}


def describe(widget: Widget) -> str:
    """A sentence for those who hear the page instead of seeing it."""
    roles = [f"{role.heading}" for role in (widget.y, widget.x) if role and role.heading]
    split = f", split by {widget.color.heading}" if widget.color and widget.mark is not Mark.HEATMAP else ""
    return f"{widget.title}. {widget.mark.capitalize()} chart of {' by '.join(roles)}{split}. {widget.subtitle}".strip()


def _type(role: Encoding, kinds: dict[str, str]) -> str:
    return role.type or kinds.get(role.column, "nominal")


def _axis(role: Encoding, kind: str) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": role.heading or None}
    if kind == "quantitative" and role.format:
        axis |= {"format": PATTERNS[role.format].axis, "labelExpr": TICK_LABEL}
    if kind == "temporal":
        axis |= {"format": TICKS, "tickCount": 7, "title": role.title or None}
    if kind in ("nominal", "ordinal"):
        axis["labelAngle"] = 0
    return axis


def _position(role: Encoding, kinds: dict[str, str], banded: bool = False) -> dict[str, Any]:
    kind = _type(role, kinds)
    channel: dict[str, Any] = {"field": role.column, "type": kind, "axis": _axis(role, kind)}
    if kind == "temporal" and banded:
        channel |= {"type": "ordinal", "timeUnit": "utcyearmonthdate"}
        channel["axis"] |= {"format": TICKS["date"], "labelAngle": 0}
        channel["axis"].pop("tickCount")
    elif kind == "temporal":
        channel["scale"] = {"type": "utc"}
    if kind in ("nominal", "ordinal"):
        channel["sort"] = None if role.sort in (None, "none") else role.sort
    return channel


def _color(role: Encoding, kinds: dict[str, str]) -> dict[str, Any]:
    kind = _type(role, kinds)
    channel: dict[str, Any] = {"field": role.column, "type": kind, "legend": {"title": role.heading or None}}
    if kind == "nominal":
        channel["sort"] = None if role.sort in (None, "none") else role.sort
    elif kind == "ordinal" and role.sort == "descending":
        channel["scale"] = {"reverse": True}
    if kind == "quantitative" and role.format:
        channel["legend"]["format"] = PATTERNS[role.format].axis
    return channel


def _tooltip(widget: Widget, kinds: dict[str, str]) -> list[dict[str, Any]]:
    lines = []
    for role in widget.encodings:
        kind = _type(role, kinds)
        line: dict[str, Any] = {"field": role.column, "type": kind, "title": role.heading or role.column}
        if kind == "temporal":
            line |= {"timeUnit": "utcyearmonthdate", "format": DAY}
        elif kinds.get(role.column) == "quantitative":
            line |= {"type": "quantitative", "format": PATTERNS[role.format].chart} if role.format else {}
        lines.append(line)
    return lines


def _label(role: Encoding, kinds: dict[str, str]) -> dict[str, Any]:
    channel: dict[str, Any] = {"field": role.column, "type": _type(role, kinds)}
    if role.format:
        channel["format"] = PATTERNS[role.format].chart
    return channel


def _bars(widget: Widget, kinds: dict[str, str]) -> Spec:
    role_x, role_y = _roles(widget)
    x, y = _position(role_x, kinds, banded=True), _position(role_y, kinds, banded=True)
    lying = x["type"] == "quantitative" and y["type"] != "quantitative"
    value = x if lying else y
    encoding: dict[str, Any] = {"x": x, "y": y}
    if lying:
        x["axis"] = None if widget.label else x["axis"] | {"grid": True, "domain": False, "tickCount": 5}
        y["axis"] |= {"domain": False, "grid": False}
    if widget.color:
        encoding["color"] = _color(widget.color, kinds)
        if widget.stack == "group":
            encoding["yOffset" if lying else "xOffset"] = {"field": widget.color.column, "sort": None}
            value["stack"] = None
        else:
            value["stack"] = {"stack": "zero", "normalize": "normalize", "none": None}[widget.stack]
    bar = {"mark": {"type": "bar", **_thickness(widget, lying, x, y)}, "encoding": {"tooltip": _tooltip(widget, kinds)}}
    if not widget.label:
        return {**bar, "encoding": {**encoding, **bar["encoding"]}}
    label = _label(widget.label, kinds)
    beside = {"align": "left", "dx": 6} if lying else {"baseline": "bottom", "dy": -5}
    room = {"right": 44 if label["type"] == "quantitative" else 84} if lying else {"top": 20}
    text = {"mark": {"type": "text", **beside}, "encoding": {"text": label}}
    return {"padding": {"left": 4, "top": 4, "right": 4, "bottom": 4} | room, "encoding": encoding, "layer": [bar, text]}


def _thickness(widget: Widget, lying: bool, x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    """Few bars in a wide chart stay bars."""
    across, axis, side = (y, "y", "height") if lying else (x, "x", "width")
    if across["type"] not in ("nominal", "ordinal") or (widget.color and widget.stack == "group"):
        return {}
    return {side: {"expr": f"min(bandwidth('{axis}') * 0.8, 52)"}}


def _curves(widget: Widget, kinds: dict[str, str]) -> Spec:
    """Lines and areas, with a rule and points that follow the pointer."""
    role_x, role_y = _roles(widget)
    encoding: dict[str, Any] = {"x": _position(role_x, kinds), "y": _position(role_y, kinds)}
    area = widget.mark is Mark.AREA
    encoding["y"]["stack"] = {"normalize": "normalize", "stack": "zero"}.get(widget.stack) if area else None
    if not area:
        encoding["y"]["scale"] = {"zero": False, "nice": True}
    if widget.color:
        encoding["color"] = _color(widget.color, kinds)
    follow = {"name": "near", "select": {"type": "point", "on": "pointermove", "clear": "pointerout", "nearest": True}}
    follow["select"] |= {"encodings": ["x"]} if not widget.color else {}
    mark: dict[str, Any] = {"type": "area" if area else "line", "strokeJoin": "round"}
    if area and not widget.color:
        mark |= {"line": True, "fillOpacity": 0.16}
    shown = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    return {
        "encoding": encoding,
        "layer": [
            {"mark": mark},
            {
                "params": [follow],
                "mark": {"type": "point", "filled": True, "size": 70},
                "encoding": {"opacity": shown, "tooltip": _tooltip(widget, kinds)},
            },
        ],
    }


def _marks(widget: Widget, kinds: dict[str, str]) -> Spec:
    role_x, role_y = _roles(widget)
    encoding: dict[str, Any] = {"x": _position(role_x, kinds), "y": _position(role_y, kinds)}
    if widget.color:
        encoding["color"] = _color(widget.color, kinds)
    return {"mark": {"type": str(widget.mark)}, "encoding": {**encoding, "tooltip": _tooltip(widget, kinds)}}


def _donut(widget: Widget, kinds: dict[str, str]) -> Spec:
    role, split = _required(widget, "y"), _required(widget, "color")
    color = _color(split, kinds)
    color["legend"] |= {"orient": "right", "direction": "vertical"}
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
                "mark": {"type": "arc", "innerRadius": {"expr": f"{ring} * 0.3"}, "outerRadius": {"expr": f"{ring} * 0.48"}},
                "encoding": {"color": color, "tooltip": _tooltip(widget, kinds)},
            },
            {
                "transform": [{"filter": "datum.share > 0.05"}],
                "mark": {"type": "text", "radius": {"expr": f"{ring} * 0.39"}, "color": {"expr": "ink_on_much"}},
                "encoding": {"text": {"field": "share", "type": "quantitative", "format": ".0%"}},
            },
        ],
    }


def _heatmap(widget: Widget, kinds: dict[str, str]) -> Spec:
    role_x, role_y = _roles(widget)
    x, y = _position(role_x, kinds, banded=True), _position(role_y, kinds, banded=True)
    for channel in (x, y):
        channel["axis"] |= {"domain": False, "grid": False}
    cell = {
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {"color": _color(_required(widget, "color"), kinds), "tooltip": _tooltip(widget, kinds)},
    }
    if not widget.label:
        return {"encoding": {"x": x, "y": y}, "layer": [cell]}
    field = _required(widget, "color").column
    middle = "datum.least + 0.6 * (datum.most - datum.least)"
    much = {"test": f"datum['{field}'] > {middle}", "value": {"expr": "ink_on_much"}}
    text = {
        "mark": {"type": "text"},
        "encoding": {
            "text": _label(widget.label, kinds),
            "color": {"condition": much, "value": {"expr": "ink"}},
        },
    }
    ends = [{"op": "max", "field": field, "as": "most"}, {"op": "min", "field": field, "as": "least"}]
    return {"transform": [{"joinaggregate": ends}], "encoding": {"x": x, "y": y}, "layer": [cell, text]}


def _sparkline(widget: Widget, kinds: dict[str, str]) -> Spec | None:
    if widget.x is None:
        return None
    role_y = _required(widget, "y")
    x, y = _position(widget.x, kinds), _position(role_y, kinds)
    x["axis"] = y["axis"] = None
    y |= {"scale": {"zero": False, "nice": False}, "stack": None}
    encoding = {"x": x, "y": y, "tooltip": _tooltip(widget, kinds)}
    return {"mark": {"type": "area", "line": {"strokeWidth": 1.75}, "fillOpacity": 0.12}, "encoding": encoding}


def _required(widget: Widget, role: str) -> Encoding:
    found = getattr(widget, role)
    if not isinstance(found, Encoding):
        raise ValueError(f"widget {widget.id}: a {widget.mark} needs {role}")
    return found


def _roles(widget: Widget) -> tuple[Encoding, Encoding]:
    return _required(widget, "x"), _required(widget, "y")


MARKS: dict[Mark, Callable[[Widget, dict[str, str]], Spec | None]] = {
    Mark.BAR: _bars,
    Mark.LINE: _curves,
    Mark.AREA: _curves,
    Mark.POINT: _marks,
    Mark.TICK: _marks,
    Mark.DONUT: _donut,
    Mark.HEATMAP: _heatmap,
    Mark.NUMBER: _sparkline,
}
