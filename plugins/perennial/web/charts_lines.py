"""A drawing, and the lines that its marks are measured by, in; the drawing with the lines across it out."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from perennial.web.widgets import Line

Spec = dict[str, Any]
INK = {"expr": "ink"}


def ruled(body: Spec, lines: Iterable[Line]) -> Spec:
    """Layers of lines above what is drawn, on its axes.

    A line has data of its own, and none of the drawing's channels: it would be drawn once a row, and split as
    the marks are.
    """
    shared = body.get("encoding", {})
    drawn = body.get("layer") or [{"mark": body["mark"]}]
    layers = [{**unit, "encoding": {**shared, **unit.get("encoding", {})}} for unit in drawn]
    across = [unit for line in lines for unit in _across(line, shared or layers[0]["encoding"])]
    rest = {key: value for key, value in body.items() if key not in ("mark", "encoding", "layer")}
    return {**rest, "layer": [*layers, *across]}


def _across(line: Line, channels: dict[str, Any]) -> Iterable[Spec]:
    there = channels.get(line.axis, {})
    place = {
        "datum": _written(line.value),
        **{key: there[key] for key in ("type", "timeUnit") if key in there},
    }
    data: Spec = {"values": [{}]}
    rule = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.25, "color": INK, "opacity": 0.8}
    if line.label:
        rule |= {"tooltip": line.label, "aria": True, "description": line.label}
    yield {"data": data, "mark": rule, "encoding": {line.axis: place}}
    if line.label:
        along = {"x": {"value": "width"}} if line.axis == "y" else {"y": {"value": 0}}
        turned = (
            {"align": "right", "dx": -2, "dy": -4}
            if line.axis == "y"
            else {"align": "left", "dx": 4, "dy": 4}
        )
        text = {"type": "text", "baseline": "bottom" if line.axis == "y" else "top", "color": INK, **turned}
        yield {
            "data": data,
            "mark": text,
            "encoding": {line.axis: place, **along, "text": {"value": line.label}},
        }


def _written(value: float | date) -> float:
    """Days as Vega counts them: milliseconds since 1970, in UTC."""
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    return value
