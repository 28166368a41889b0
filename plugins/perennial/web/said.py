"""Values as people read them, on the server: the same as `static/format.js` says in the browser."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from perennial.web.formats import day_text

_SHORT = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
MINUS = "−"


def said(value: Any, column: Mapping[str, Any]) -> str:
    """A value of a column of a `payload`: with its format, a dash where there is none."""
    if value is None:
        return "–"
    if column["kind"] == "temporal" and isinstance(value, str):
        return day_text(datetime.fromisoformat(value))
    if isinstance(value, date):
        return day_text(value)
    if not column["numeric"] or not column["format"] or isinstance(value, bool | str):
        return str(value)
    return number(value, column["format"])


def number(value: float | int, options: Mapping[str, Any]) -> str:
    """A number by the options of the browser's `Intl.NumberFormat` that `formats.py` uses."""
    exact = Decimal(str(value))
    percent = options.get("style") == "percent"
    size = abs(exact * 100 if percent else exact)
    unit = ""
    if options.get("notation") == "compact":
        digits, unit = _compact(size, options["maximumSignificantDigits"])
    else:
        places = options.get("maximumFractionDigits", 3)
        digits = f"{_rounded(size, places):,.{places}f}"
    zero = not any(figure in "123456789" for figure in digits)
    sign = MINUS if exact < 0 and not (zero and options.get("signDisplay")) else ""
    if options.get("signDisplay") == "exceptZero" and exact > 0 and not zero:
        sign = "+"
    money = "$" if options.get("currency") == "USD" else ""
    return f"{sign}{money}{digits}{unit}{'%' if percent else ''}"


def change(now: Any, before: Any) -> tuple[float, str] | None:
    """How much a number has moved against another one: the share, and what is said of it."""
    if not _is_number(now) or not _is_number(before) or before == 0:
        return None
    share = now / before - 1
    if abs(share) < 0.0005:
        return 0.0, "no change"
    options = {"style": "percent", "signDisplay": "exceptZero", "maximumFractionDigits": 1}
    return share, number(share, options)


def _compact(size: Decimal, significant: int) -> tuple[str, str]:
    rounded = _significant(size, significant)
    bound, unit = next(((bound, unit) for bound, unit in _SHORT if rounded >= bound), (1, ""))
    digits = f"{_significant(size / bound, significant):f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits, unit


def _significant(size: Decimal, figures: int) -> Decimal:
    return size if size == 0 else _rounded(size, figures - 1 - size.adjusted())


def _rounded(size: Decimal, places: int) -> Decimal:
    return size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
