"""A specification, rows and a theme in; PNG or SVG out, drawn by the same Vega as in the browser."""

from typing import Any, Literal

from perennial.web.themes import THEMES, ThemeName, vega_config
from perennial.web.vega_process import run_vega

HEIGHTS = {"small": 180, "medium": 300, "large": 420, "auto": 300}


def draw(
    spec: dict[str, Any],
    rows: list[dict[str, Any]],
    kind: Literal["png", "svg"],
    theme: ThemeName,
    size: tuple[int, int],
) -> bytes:
    """Render a chart of `size` pixels, on the card's background; a PNG has twice the resolution.

    :raises DrawingFailed: Vega cannot draw the specification.
    """
    return run_vega(kind, spec=whole(spec, rows, size), config=picture_config(theme))


def whole(spec: dict[str, Any], rows: list[dict[str, Any]], size: tuple[int, int]) -> dict[str, Any]:
    """A specification that needs nothing else: with its rows and its size."""
    return {**spec, "data": {"name": "rows", "values": rows}, "width": size[0], "height": size[1]}


def picture_config(theme: ThemeName) -> dict[str, Any]:
    """The theme with a background and a margin, since a picture leaves its page."""
    return {**vega_config(theme), "background": THEMES[theme].card, "padding": 20}
