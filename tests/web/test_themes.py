"""Colours that everybody can tell apart: contrast, and differences as seen with each colour blindness."""

from itertools import combinations

import pytest

from perennial.web.themes import THEMES, ThemeName, css

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}
Triple = tuple[float, float, float]


def _linear(colour: str) -> Triple:
    values = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _lab(linear: Triple) -> Triple:
    red, green, blue = (min(1, max(0, value)) for value in linear)
    xyz = (
        (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047,
        0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
        (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, vision: str) -> float:
    def seen(colour: str) -> Triple:
        first, second, third = (
            sum(m * v for m, v in zip(row, _linear(colour), strict=True)) for row in VISION[vision]
        )
        return _lab((first, second, third))

    return float(sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5)


@pytest.mark.parametrize("name", THEMES)
def test_words_and_marks_stand_out(name: ThemeName) -> None:
    theme = THEMES[name]
    for words in (theme.text, theme.muted, theme.accent_text, theme.good, theme.bad, theme.warn):
        for behind in (theme.card, theme.page, theme.sunken):
            assert contrast(words, behind) >= 4.5, (words, behind)
    for mark in (*theme.category, theme.accent, theme.ramp[-1]):
        assert contrast(mark, theme.card) >= 3, mark
    assert contrast(theme.bad, theme.bad_soft) >= 4.5
    assert contrast(theme.accent_text, theme.accent_soft) >= 4.5


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("name", THEMES)
def test_categories_differ_for_everybody(name: ThemeName, vision: str) -> None:
    for one, other in combinations(THEMES[name].category, 2):
        assert difference(one, other, vision) >= 15, (one, other)


@pytest.mark.parametrize("name", THEMES)
def test_a_ramp_rises_evenly_from_the_card(name: ThemeName) -> None:
    steps = [contrast(colour, THEMES[name].card) for colour in THEMES[name].ramp]
    assert steps == sorted(steps)


def test_the_pages_get_the_same_colours() -> None:
    assert f"--accent: {THEMES['dark'].accent};" in css()
    assert ':root[data-theme="dark"]' in css()
