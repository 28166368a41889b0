"""How numbers and days read: names that documents use in, patterns for charts and pages out."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

Format = Literal[
    "integer",
    "decimal",
    "compact",
    "change",
    "money",
    "money_exact",
    "money_compact",
    "percent",
    "percent_exact",
    "percent_change",
]


@dataclass(frozen=True)
class Pattern:
    """One format, in the three places where it is needed."""

    chart: str
    """d3's pattern for tooltips and labels in charts."""
    axis: str
    """d3's pattern for ticks: shorter."""
    page: dict[str, Any]
    """Options of the browser's `Intl.NumberFormat`, for big numbers and tables."""


def _digits(count: int) -> dict[str, Any]:
    return {"minimumFractionDigits": count, "maximumFractionDigits": count}


_SHORT = {"notation": "compact", "maximumSignificantDigits": 3}
_MONEY = {"style": "currency", "currency": "USD"}
PATTERNS: dict[Format, Pattern] = {
    "integer": Pattern(",.0f", "~s", _digits(0)),
    "decimal": Pattern(",.2f", ",~f", _digits(2)),
    "compact": Pattern(".3~s", "~s", _SHORT),
    "change": Pattern("+,.0f", "+~s", {"signDisplay": "exceptZero", **_digits(0)}),
    "money": Pattern("$,.0f", "$~s", {**_MONEY, **_digits(0)}),
    "money_exact": Pattern("$,.2f", "$~s", {**_MONEY, **_digits(2)}),
    "money_compact": Pattern("$.3~s", "$~s", {**_MONEY, **_SHORT}),
    "percent": Pattern(".0%", "~%", {"style": "percent", **_digits(0)}),
    "percent_exact": Pattern(".1%", "~%", {"style": "percent", **_digits(1)}),
    "percent_change": Pattern("+.1%", "+~%", {"style": "percent", "signDisplay": "exceptZero", **_digits(1)}),
}

WHOLE: frozenset[Format] = frozenset({"integer", "change"})
"""Formats of what is counted: nothing lies between one tick and the next."""
DAY = "%-d %b %Y"
TICKS: dict[str, str] = {"year": "%Y", "quarter": "%b", "month": "%b", "week": "%-d %b", "date": "%-d %b"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def tick_label(name: Format) -> str:
    """Vega's expression for the label of a tick.

    d3 says G for billions, gives a zero and hundreds the unit of their neighbours (`0.2k`), and three digits
    and more behind the point where an axis is short (`2.4682k`). Between two of what is counted is nothing.
    """
    pattern = PATTERNS[name].axis
    said = f"format(datum.value, '{pattern.replace('~s', ',~f')}')"
    size = "abs(datum.value)"
    odd = f"{size} < 1e5 && test(/k$/, datum.label) && ({size} < 1e3 || test(/[.]\\d{{3}}/, datum.label))"
    bare = "replace(datum.label, /[+kM]/g, '')"
    label = f"!datum.value ? {bare} : {odd} ? {said} : replace(datum.label, 'G', 'B')"
    return f"datum.value % 1 ? '' : {label}" if name in WHOLE else label


def day_text(value: date | datetime | None) -> str:
    """A day as people write it, independent of the server's locale."""
    return "–" if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def number_text(value: Any) -> str:
    """A count with thousands separators; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def amount_text(value: float | None) -> str:
    """A measure: whole numbers with thousands separators, shares and means with the digits that matter."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"


def moment_text(value: datetime | None) -> str:
    """A moment (UTC) to the minute."""
    return "–" if value is None else f"{day_text(value)}, {value:%H:%M}"


def size_text(value: int | None) -> str:
    """A number of bytes, as people say it."""
    size = float(value or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:,.1f} {unit}"


def span_text(value: timedelta) -> str:
    """How long something took, in its greatest unit."""
    seconds = value.total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
