"""Bots, and what people left behind, that look like the demo's: days in, rows of their tables out."""

from collections.abc import Sequence
from datetime import date
from typing import Any

LEFT = {"GROCERY": (310, 212, 1_890.5, 19.99), "DELI": (41, 30, 322.2, 21.5), "MEAT": (60, 41, 611.0, 38.0)}
TREE = [
    ("mean_1800", 21.75, 930, 60, 1, 2),
    (None, None, 876, 10, None, None),
    (None, None, 54, 50, None, None),
]


def tables(days: Sequence[date]) -> dict[str, list[tuple[Any, ...]]]:
    """The facts of consecutive days; one tree was learned on the second, and one that was not used before."""
    traffic = [
        (day, "app", why, visitors + number, events * (number + 1))
        for number, day in enumerate(days)
        for why, visitors, events in (
            ("people", 900, 960), ("declared", 50, 700), ("rule", 1, 60), ("model", 1, 8), ("let_in", 0, 0),
            ("left_out", 0, 0),
        )
    ]  # fmt: skip
    quality = []
    for day, status, found, mistaken in ((days[0], "not used", 7, 2), (days[1], "in use", 58, 5)):
        both = (("model", found, mistaken), ("rule", 19, 2))
        quality += [
            (
                day,
                "app",
                by,
                status,
                930,
                60,
                n,
                m,
                n / (n + m),
                n / 60,
                70,
                60,
                "mean events in 1800 s > 21.75",
            )
            for by, n, m in both
        ]
    return {
        "fact_bot_traffic": traffic,
        "fact_bot_quality": quality,
        "fact_bot_threshold": [(days[1], "app", number, *node) for number, node in enumerate(TREE)],
        "fact_left_behind": [(day, department, *left) for day in days for department, left in LEFT.items()],
    }
