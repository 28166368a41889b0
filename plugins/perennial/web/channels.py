"""The role of a column in, a Vega-Lite channel out: axes, colours with their legends, tooltips, labels.

`kinds` maps the result's columns to what the store says they hold: quantitative, temporal or nominal.
"""

from typing import Any

from perennial.web.formats import DAY, PATTERNS, TICKS, WHOLE, tick_label
from perennial.web.themes import LABEL
from perennial.web.widgets import Encoding, Widget

Kinds = dict[str, str]
LETTER = 7.5
"""How wide a letter of a label is, in pixels, more or less."""
WORD = 56
"""How wide a word is, in pixels, more or less."""


def type_of(role: Encoding, kinds: Kinds) -> str:
    """The measure of a column: what the document says, else what the store says."""
    return role.type or kinds.get(role.column, "nominal")


def required(widget: Widget, role: str) -> Encoding:
    """The column of a role that a mark cannot do without."""
    found = getattr(widget, role)
    if not isinstance(found, Encoding):
        raise ValueError(f"widget {widget.id}: a {widget.mark} needs {role}")
    return found


def _axis(role: Encoding, kind: str) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": role.heading or None}
    if kind == "quantitative":
        axis["tickCount"] = 6
    if kind == "quantitative" and role.format:
        axis |= {"format": PATTERNS[role.format].axis, "labelExpr": tick_label(role.format)}
    if kind == "quantitative" and role.format in WHOLE:
        axis["tickMinStep"] = 1
    if kind == "temporal":
        axis |= {"format": TICKS, "tickCount": 7, "title": role.title or None}
    if kind in ("nominal", "ordinal"):
        axis["labelAngle"] = 0
    return axis


def position(role: Encoding, kinds: Kinds, banded: bool = False) -> dict[str, Any]:
    """X or Y; `banded` gives each day a place of its own, as bars and cells need it."""
    kind = type_of(role, kinds)
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


def in_lines(x: dict[str, Any]) -> None:
    """Have names below bands that are narrower than they are stand in lines, a word each.

    Where not even a word has room, some names are left out, as on any axis.
    """
    if x["type"] == "nominal" and x["axis"]:
        narrow = f"bandwidth('x') > {WORD} && {LETTER} * length(datum.label) > bandwidth('x')"
        limit = {"expr": f"bandwidth('x') > {WORD} ? bandwidth('x') : {LABEL}"}
        x["axis"] |= {
            "labelExpr": f"{narrow} ? split(datum.label, ' ') : datum.label",
            "labelLimit": limit,
        }


def color(role: Encoding, kinds: Kinds) -> dict[str, Any]:
    """Colour with its legend; of ordered values, `descending` gives the first one the strongest."""
    kind = type_of(role, kinds)
    channel: dict[str, Any] = {"field": role.column, "type": kind, "legend": {"title": role.heading or None}}
    if kind == "nominal":
        channel["sort"] = None if role.sort in (None, "none") else role.sort
        # As many beside each other as there is room for.
        channel["legend"]["columns"] = {"expr": "max(2, floor(width / 130))"}
    elif kind == "ordinal" and role.sort == "descending":
        channel["scale"] = {"reverse": True}
    if kind == "quantitative":
        channel["legend"]["gradientLength"] = {"expr": "min(140, width / 3)"}
    if kind == "quantitative" and role.format:
        channel["legend"]["format"] = PATTERNS[role.format].axis
    return channel


def tooltip(widget: Widget, kinds: Kinds) -> list[dict[str, Any]]:
    """Every column that has a role, exactly as it reads elsewhere."""
    lines = []
    for role in widget.encodings:
        kind = type_of(role, kinds)
        line: dict[str, Any] = {"field": role.column, "type": kind, "title": role.words}
        if kind == "temporal":
            line |= {"timeUnit": "utcyearmonthdate", "format": DAY}
        elif kinds.get(role.column) == "quantitative":
            line |= {"type": "quantitative", "format": PATTERNS[role.format].chart} if role.format else {}
        lines.append(line)
    return lines


def label(role: Encoding, kinds: Kinds) -> dict[str, Any]:
    """Text drawn at a bar or in a cell."""
    channel: dict[str, Any] = {"field": role.column, "type": type_of(role, kinds)}
    if role.format:
        channel["format"] = PATTERNS[role.format].chart
    return channel


def text_of(role: Encoding) -> str:
    """An expression for what a label says."""
    value = f"datum['{role.column}']"
    return f"format({value}, '{PATTERNS[role.format].chart}')" if role.format else f"('' + {value})"
