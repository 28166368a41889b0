"""Customers who moved between deciles: days in, rows that add up with the deciles out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

METRICS = ("spend", "baskets")


def moves(days: Sequence[date], sizes: Mapping[str, int]) -> Iterator[Sequence[Any]]:
    """`sizes` says how many customers each lookback has; when the month began there were some fewer."""
    for metric in METRICS:
        for lookback, size in sizes.items():
            chance = Random(f"{metric} {lookback}")
            months = 12 if lookback == "lifetime" else int(lookback.removesuffix("m"))
            people = [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(2 * size)]
            for day in days:
                since = day.replace(day=1) - timedelta(days=1)
                passed = (day - since).days
                came = round(size * passed / 31 * 0.1 / months**0.7)
                # Nobody leaves a lifetime.
                left = 0 if lookback == "lifetime" else round(0.7 * came)
                before = _deciles({n: people[n][0] for n in range(size - came + left)})
                restless = 0.35 * (passed / 31) ** 0.5 / months**0.5
                after = _deciles(
                    {n: people[n][0] + restless * people[n][1] for n in range(left, size + left)}
                )
                pairs = Counter((before.get(n, 0), after.get(n, 0)) for n in {*before, *after})
                for (from_decile, to_decile), count in sorted(pairs.items()):
                    yield day, since, metric, lookback, from_decile, to_decile, count


def _deciles(scores: Mapping[int, float]) -> dict[int, int]:
    """Ten groups, the first ones larger by one where it does not go even."""
    size = len(scores)
    order = sorted(scores, key=lambda n: -scores[n])
    ends = [place for place in range(10) for _ in range(size // 10 + (place < size % 10))]
    return {person: decile + 1 for person, decile in zip(order, ends, strict=True)}
