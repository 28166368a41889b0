"""Text on paper: how wide it is, where it is cut, and its SVG. The font has the widths of Helvetica."""

import re
from xml.sax.saxutils import escape

from perennial.web.themes import FONT, THEMES

INK = THEMES["light"]
_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 "
    "556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 "
    "556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
WIDTHS = {chr(32 + index): int(width) / 1000 for index, width in enumerate(_WIDTHS.split())}
"""Of a letter of size 1, from the font's published metrics; others are as wide as a digit, or as high."""
_BOLD = 1.07
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def width_of(content: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in the units of its size."""
    units = 0.0
    for letter in content:
        width = WIDTHS.get(letter, 1.0 if ord(letter) > 0x2E80 else 0.556)
        units += width * _BOLD if bold and letter.isalpha() else width
    return units * size


def cut(content: str, room: float, size: float, bold: bool = False) -> str:
    """As much of a text as fits, with an ellipsis where something is left away."""
    if width_of(content, size, bold) <= room:
        return content
    while content and width_of(f"{content}…", size, bold) > room:
        content = content[:-1]
    return f"{content.rstrip()}…"


def wrapped(content: str, room: float, size: float, lines: int) -> list[str]:
    """A text in at most so many lines; what has no room is left away."""
    found = [""]
    for word in content.split():
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and width_of(longer, size) > room:
            found.append(word)
        else:
            found[-1] = longer
    if len(found) > lines:
        found[lines - 1] = " ".join(found[lines - 1 :])
    return [cut(line, room, size) for line in found[:lines]]


def text(
    x: float,
    y: float,
    content: str,
    size: float,
    ink: str = INK.text,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    """A line of text whose baseline begins, is centred, or ends at a point."""
    weight = ' font-weight="700"' if bold else ""
    clean = escape(_NOT_IN_XML.sub("", content))
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family=\'{FONT}\' font-size="{size}" fill="{ink}"'
        f' text-anchor="{anchor}"{weight}>{clean}</text>'
    )
