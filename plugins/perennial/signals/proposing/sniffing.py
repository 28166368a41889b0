"""The beginning of a delimited file in, its dialect out: encoding, delimiter, and whether it has a header."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from perennial.errors import TerminalError

DELIMITERS = ",;\t|"
LINES = 200
"""How many lines are looked at."""
VALUE = re.compile(r"[-+]?[\d.,]*\d[\d.,:/ T+Z-]*")
"""What is a number or a moment, and no name of a column."""


def sniff(beginning: bytes, file: str) -> dict[str, Any]:
    """The keys of `source.csv` that are not as usual; `TerminalError` for a file without a line."""
    encoding = _encoding(beginning)
    lines = beginning.decode(encoding, errors="ignore").removeprefix("\ufeff").splitlines()[:LINES]
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise TerminalError(f"{file}: is empty; nothing can be said of its columns")
    delimiter, skipped, width = _delimiter(lines)
    found: dict[str, Any] = {}
    if delimiter != ",":
        found["delimiter"] = delimiter
    if encoding != "utf-8":
        found["encoding"] = encoding
    if skipped:
        found["skip_lines"] = skipped
    first = next(csv.reader(lines[skipped : skipped + 1], delimiter=delimiter))
    if any(VALUE.fullmatch(each.strip()) for each in first):
        found |= {"header": False, "names": [f"column_{n + 1}" for n in range(width)]}
    return found


def names(beginning: bytes, dialect: dict[str, Any]) -> list[str]:
    """What a file's columns are called there, in their order."""
    if "names" in dialect:
        return list(dialect["names"])
    text = beginning.decode(dialect.get("encoding", "utf-8"), errors="ignore").removeprefix("\ufeff")
    rows = csv.reader(
        text.splitlines()[dialect.get("skip_lines", 0) :], delimiter=dialect.get("delimiter", ",")
    )
    return next(row for row in rows if row)


def _encoding(beginning: bytes) -> str:
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        # The last character may have been cut.
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(lines: Sequence[str]) -> tuple[str, int, int]:
    """The sign that divides most lines into as many fields, the lines above them, and how many fields."""
    best = (0, 0, ",", 0, 1)
    for order, sign in enumerate(DELIMITERS):
        widths = [len(row) for row in csv.reader(lines, delimiter=sign)]
        width, often = Counter(widths).most_common(1)[0]
        if width > 1:
            skipped = widths.index(width)
            best = max(best, (often, -order, sign, skipped, width))
    return best[2], best[3], best[4]
