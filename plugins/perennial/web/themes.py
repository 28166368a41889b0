"""Light and dark: one set of design tokens in, the pages' CSS variables and Vega's chart configuration out.

The categorical colours were chosen so that any two differ for people with each kind of colour blindness, and
each has a contrast of at least 3:1 against the card behind it; a test keeps both true.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

ThemeName = Literal["light", "dark"]
LABEL = 150
"""How wide a label of an axis is at most, in pixels; what is longer ends in dots."""
FONT = 'Inter, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'


@dataclass(frozen=True)
class Theme:
    """Colours of one theme, as hexadecimal RGB."""

    page: str
    card: str
    sunken: str
    line: str
    grid: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_text: str
    accent_soft: str
    good: str
    bad: str
    warn: str
    bad_soft: str
    category: tuple[str, ...]
    ramp: tuple[str, ...]
    """From little to much."""


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        page="#f6f7f7",
        card="#ffffff",
        sunken="#f1f3f3",
        line="#e2e6e6",
        grid="#eceeee",
        text="#16201f",
        muted="#54615f",
        faint="#6d7977",
        accent="#0f8079",
        accent_text="#0b6b65",
        accent_soft="#e3f3f1",
        good="#16794c",
        bad="#b42318",
        warn="#935f00",
        bad_soft="#fdeeec",
        category=("#0f8079", "#dd6e0c", "#7154b6", "#b12050", "#265ce1", "#5e3f08", "#14145d", "#af8d5a"),
        ramp=("#e6f3f1", "#b5deda", "#7cc4bd", "#45a49c", "#1c817a", "#0c5f5a", "#053f3c"),
    ),
    "dark": Theme(
        page="#0c0f0f",
        card="#151919",
        sunken="#1d2222",
        line="#2b3232",
        grid="#242a2a",
        text="#ecf1f0",
        muted="#a9b5b3",
        faint="#8c9896",
        accent="#2fb5a9",
        accent_text="#56cfc4",
        accent_soft="#12302e",
        good="#4cc38a",
        bad="#ff8b80",
        warn="#e3b341",
        bad_soft="#3a1a18",
        category=("#2fb5a9", "#f09a4e", "#afa5f8", "#f5c2ec", "#4a76de", "#eaf09e", "#ca2b4b", "#bd9275"),
        ramp=("#162625", "#184542", "#1b6660", "#238a82", "#3fb0a6", "#79d3ca", "#c4f1ec"),
    ),
}


def css() -> str:
    """The tokens as CSS variables, for `:root` and for `[data-theme=dark]`."""
    blocks = []
    for name, theme in THEMES.items():
        selector = ":root" if name == "light" else ':root[data-theme="dark"]'
        plain = {key: value for key, value in asdict(theme).items() if isinstance(value, str)}
        lines = "".join(f"  --{key.replace('_', '-')}: {value};\n" for key, value in plain.items())
        blocks.append(f"{selector} {{\n  color-scheme: {name};\n{lines}}}\n")
    return "".join(blocks) + f":root {{ --font: {FONT}; }}\n"


def vega_config(name: ThemeName) -> dict[str, Any]:
    """Vega-Lite's `config` for one theme; specs name no colour, so that a theme can change live."""
    theme = THEMES[name]
    words = {
        "labelColor": theme.muted,
        "titleColor": theme.muted,
        "labelFontSize": 11.5,
        "titleFontSize": 11.5,
    }
    return {
        "background": None,
        "params": [{"name": "ink", "value": theme.text}, {"name": "ink_on_much", "value": theme.card}],
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "mark": {"color": theme.accent},
        "bar": {"cornerRadiusEnd": 3},
        "rect": {"stroke": theme.card, "strokeWidth": 1.5},
        "line": {"strokeWidth": 2.25, "strokeCap": "round", "strokeJoin": "round"},
        "area": {"fillOpacity": 0.85, "line": False},
        "point": {"size": 60, "filled": True, "opacity": 0.9},
        "tick": {"thickness": 2.5},
        "arc": {"stroke": theme.card, "strokeWidth": 2, "padAngle": 0},
        "boxplot": {"median": {"color": theme.card, "thickness": 2}, "rule": {"color": theme.faint}},
        "rule": {"color": theme.faint},
        "text": {"color": theme.text, "fontSize": 11.5},
        "axis": {
            **words,
            "titleFontWeight": 500,
            "titlePadding": 10,
            "labelPadding": 6,
            "labelLimit": LABEL,
            "domainColor": theme.line,
            "gridColor": theme.grid,
            "ticks": False,
        },
        "axisX": {"grid": False, "labelOverlap": True, "labelFlush": False},
        "axisY": {"domain": False},
        "legend": {
            **words,
            "orient": "top",
            "direction": "horizontal",
            "symbolType": "circle",
            "symbolSize": 80,
            "offset": 8,
            "columnPadding": 14,
            "labelLimit": 190,
            "titleFontWeight": 500,
            "titleOrient": "left",
            "gradientLength": 140,
            "gradientThickness": 10,
        },
        "range": {
            "category": list(theme.category),
            "ordinal": {"scheme": list(theme.ramp[1:])},
            "ramp": list(theme.ramp),
            "heatmap": list(theme.ramp),
        },
    }
