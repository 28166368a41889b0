"""Perennial's colours in Airflow's UI: an evergreen, from a tint for backgrounds to a shade for text."""

HUE = 163
SHADES = {
    "50": (0.98, 0.012),
    "100": (0.95, 0.027),
    "200": (0.90, 0.052),
    "300": (0.83, 0.084),
    "400": (0.74, 0.108),
    "500": (0.64, 0.115),
    "600": (0.54, 0.104),
    "700": (0.46, 0.088),
    "800": (0.38, 0.071),
    "900": (0.31, 0.055),
    "950": (0.22, 0.038),
}
"""Lightness and chroma of each step in OKLCH, where equal steps look equal."""

THEME = {
    "tokens": {
        "colors": {
            "brand": {
                step: {"value": f"oklch({lightness} {chroma} {HUE})"}
                for step, (lightness, chroma) in SHADES.items()
            }
        }
    }
}
