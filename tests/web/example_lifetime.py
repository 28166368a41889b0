"""Tables of predicted value that look like the demo's: days in, rows by table out."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

Rows = Iterable[Sequence[Any]]
CUSTOMERS = 2_469
SHARES = [0.344, 0.192, 0.136, 0.102, 0.077, 0.057, 0.04, 0.028, 0.017, 0.007]
NAMES = ("BG/NBD", "Model in use", "Last year's spend", "RFM regression")
ROLES = ("candidate", "in use", "baseline", "baseline")
TOTAL_ERRORS = (-0.006, -0.007, -0.009, 0.327)


def tables(days: Sequence[date]) -> dict[str, Rows]:
    """Rows of every table, as of each of the days."""
    fits = [days[-1] - timedelta(days=14 + 28 * back) for back in reversed(range(7))]
    return {
        "fact_predicted_value": _predicted([*fits, *days]),
        "fact_alive": _alive([*fits, *days]),
        "fact_prediction_outcome": _outcomes(days, fits),
        "fact_model_fit": _fits(fits),
        "fact_model_parameter": _parameters(fits),
        "fact_model_quality": _quality(fits),
        "fact_model_calibration": _calibration(fits),
    }


def _size(decile: int) -> int:
    return CUSTOMERS // 10 + (decile <= CUSTOMERS % 10)


def _predicted(days: Sequence[date]) -> Rows:
    for index, day in enumerate(sorted(set(days))):
        for decile, share in enumerate(SHARES, start=1):
            value = 4_273_000 * share * (1 + math.sin(index) / 90)
            mean = value / _size(decile)
            yield (
                day, decile, _size(decile), round(value, 2), round(mean * 0.7, 2),
                round(mean * (3.2 if decile == 1 else 1.3), 2), round(value * 1.048, 2), round(value / 28, 2),
                0.996 - 0.02 * (decile / 10) ** 2 - 0.25 * (decile == 10), round(value * 1.07, 2),
            )  # fmt: skip


def _alive(days: Sequence[date]) -> Rows:
    counts = [51, 8, 7, 11, 8, 7, 8, 13, 31, 2_325]
    for day in sorted(set(days)):
        for tenth, count in enumerate(counts, start=1):
            name = f"{10 * (tenth - 1)}–{10 * tenth} %"
            yield day, tenth, name, count, round(count * 180.6 * tenth, 2), round(count * 1_357.2, 2)


def _outcomes(days: Sequence[date], fits: Sequence[date]) -> Rows:
    for day in days:
        for predicted_on in fits:
            elapsed = (day - predicted_on).days
            for decile, share in enumerate(SHARES, start=1):
                spend = 12_600 * elapsed * share
                off = 1 + 0.06 * math.cos(elapsed / 40) * (1 - decile / 5)
                yield (
                    day, predicted_on, decile, elapsed, _size(decile), round(spend / 28, 2),
                    round(spend / 28 * off), round(spend, 2), round(spend * off, 2),
                )  # fmt: skip


def _fits(fits: Sequence[date]) -> Rows:
    for index, day in enumerate(fits):
        status = "rejected" if index == 3 else "promoted"
        verdict = "worse than" if status == "rejected" else "not worse than"
        reason = f"{verdict} the model in use: deviance of spend {158.6 + index:.5g}, in use {159.1:.5g}"
        end = day + timedelta(days=1)
        yield (
            day, "lifetime", f"lifetime-{end}", status, reason if index else "no model was in use", "BG/NBD",
            end - timedelta(days=91), end, CUSTOMERS - 20 + index, -55_017.2, -10_312.3,
            "Pareto/NBD: the likelihood does not tell s, beta apart", None,
        )  # fmt: skip


def _parameters(fits: Sequence[date]) -> Rows:
    values = {
        "BG/NBD": {"r": (1.19, 0.032), "alpha": (0.946, 0.031), "a": (0.072, 0.032), "b": (73.1, 44.3)},
        "Gamma-Gamma": {"p": (0.667, 0.085), "q": (3.353, 0.124), "v": (116.98, 18.34)},
    }
    for day in fits:
        for model, parameters in values.items():
            for fitted_on in ("all", "calibration"):
                for name, (value, error) in parameters.items():
                    fit_id = f"lifetime-{day + timedelta(days=1)}"
                    yield day, "lifetime", fit_id, model, fitted_on, name, value, error


def _quality(fits: Sequence[date]) -> Rows:
    for day in fits:
        for place, (name, role, error) in enumerate(zip(NAMES, ROLES, TOTAL_ERRORS, strict=True)):
            for target, actual in (("spend", 1_147_413.0), ("purchases", 38_503.0)):
                if target == "purchases" and role == "baseline":
                    continue
                yield (
                    day, "lifetime", f"lifetime-{day + timedelta(days=1)}", name, role, target,
                    CUSTOMERS - 30, actual * (1 + error), actual, error, 177.3 + 24 * place**1.3,
                    272.5 + 39 * place**1.3, 158.6 + 4 * place**2, 0.851 - 0.001 * place, 3.27 - 0.01 * place,
                )  # fmt: skip


def _calibration(fits: Sequence[date]) -> Rows:
    for day in fits:
        for name, role in (*zip(NAMES, ROLES, strict=True), ("Perfect ranking", "perfect")):
            for target, mean in (("spend", 470.0), ("purchases", 15.8)):
                brought = 0.0
                steep = [share ** (1.1 if role == "perfect" else 1.0) for share in SHARES]
                for decile, share in enumerate(steep, start=1):
                    part = share / sum(steep)
                    brought += part
                    predicted = mean * part * 10 * (1.05 - 0.03 * decile)
                    yield (
                        day, "lifetime", f"lifetime-{day + timedelta(days=1)}", name, role, target, decile,
                        _size(decile), predicted, mean * part * 10, part * 10, min(brought, 1.0),
                    )  # fmt: skip
