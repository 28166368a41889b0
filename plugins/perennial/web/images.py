"""A specification, rows and a theme in; PNG or SVG out, drawn by the same Vega as in the browser."""

from typing import Any, Literal

import vl_convert

from perennial.web.themes import THEMES, ThemeName, vega_config

HEIGHTS = {"small": 180, "medium": 300, "large": 420, "auto": 300}


def draw(
    spec: dict[str, Any],
    rows: list[dict[str, Any]],
    kind: Literal["png", "svg"],
    theme: ThemeName,
    size: tuple[int, int],
) -> bytes:
    """Render a chart of `size` pixels, on the card's background; a PNG has twice the resolution."""
    whole = {**spec, "data": {"name": "rows", "values": rows}, "width": size[0], "height": size[1]}
    config = {**vega_config(theme), "background": THEMES[theme].card, "padding": 20}
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(whole, config=config, scale=2, allowed_base_urls=[]))
    return str(vl_convert.vegalite_to_svg(whole, config=config, allowed_base_urls=[])).encode()
