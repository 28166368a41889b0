"""How numbers and days read: names that documents use in, patterns for charts and pages out."""

from dataclasses import dataclass
from datetime import date, datetime
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
    "decimal": Pattern(",.2f", "~g", _digits(2)),
    "compact": Pattern(".3~s", "~s", _SHORT),
    "change": Pattern("+,.0f", "+~s", {"signDisplay": "exceptZero", **_digits(0)}),
    "money": Pattern("$,.0f", "$~s", {**_MONEY, **_digits(0)}),
    "money_exact": Pattern("$,.2f", "$~s", {**_MONEY, **_digits(2)}),
    "money_compact": Pattern("$.3~s", "$~s", {**_MONEY, **_SHORT}),
    "percent": Pattern(".0%", "~%", {"style": "percent", **_digits(0)}),
    "percent_exact": Pattern(".1%", "~%", {"style": "percent", **_digits(1)}),
    "percent_change": Pattern("+.1%", "+~%", {"style": "percent", "signDisplay": "exceptZero", **_digits(1)}),
}

DAY = "%-d %b %Y"
TICK_LABEL = "datum.value ? replace(datum.label, 'G', 'B') : replace(replace(datum.label, 'k', ''), 'M', '')"
"""d3 says G for billions, and gives a zero the unit of its neighbours."""
TICKS: dict[str, str] = {"year": "%Y", "quarter": "%b", "month": "%b", "week": "%-d %b", "date": "%-d %b"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_text(value: date | datetime | None) -> str:
    """A day as people write it, independent of the server's locale."""
    return "–" if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def number_text(value: Any) -> str:
    """A count with thousands separators; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"
