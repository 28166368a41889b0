"""RFM segments that look like the demo's: days in, rows of their three tables out, the same every time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from perennial.documents import load
from perennial.settings import REPOSITORY
from perennial.value.rfm.definition import RfmDefinition, Scores

HOUSEHOLDS = 2_469
FOUR_WEEKS = 28
RECENT, OFTEN, SPENT = (1, 4, 12, 72), (151, 61, 30, 10), (4_200, 1_750, 900, 290)
"""Days, orders and money of an average customer of each quartile."""


def tables(days: Sequence[date]) -> dict[str, list[tuple[Any, ...]]]:
    """The segments, and the facts of consecutive days."""
    document = load(REPOSITORY / "include" / "value" / "rfm.yaml", RfmDefinition)
    about = {segment.label: segment.description for segment in document.segments}
    everyone = [*_days(FOUR_WEEKS + len(days))]
    labels = [[document.label(scores) for scores in people] for people in everyone]
    segments, moves = [], []
    for day, people in zip(days, everyone[FOUR_WEEKS:], strict=True):
        for scores, count in sorted(Counter(people).items()):
            recent, orders = RECENT[scores[0] - 1], OFTEN[scores[1] - 1]
            segments.append(
                (day, document.label(scores), *scores, count, SPENT[scores[2] - 1] * count, orders * count,
                 recent * count, recent, orders)
            )  # fmt: skip
    for day, then, now in zip(days, labels[: len(days)], labels[FOUR_WEEKS:], strict=True):
        moved = Counter(zip(then, now, strict=True))
        since = day - timedelta(days=FOUR_WEEKS)
        moves += [(day, since, *pair, count) for pair, count in sorted(moved.items())]
    return {
        "dim_rfm_segment": [(label, n, about[label]) for n, label in enumerate(document.labels(), start=1)],
        "fact_rfm_segment": segments,
        "fact_rfm_movement": moves,
    }


def _days(count: int) -> Iterator[list[Scores]]:
    """Everyone's scores, day by day: who orders often, spends much and was here lately, mostly."""
    chance = Random(20171231)
    liking = [chance.gauss(0, 1) for _ in range(HOUSEHOLDS)]
    often = [each + chance.gauss(0, 0.3) for each in liking]
    spent = [each + chance.gauss(0, 0.6) for each in liking]
    lately = [each + chance.gauss(0, 1.1) for each in liking]
    for _ in range(count):
        # Whoever comes again is seen anew, and not the less likely to be here often.
        lately = [
            likes + chance.gauss(0, 1.1) if chance.random() < 0.3 else each
            for likes, each in zip(liking, lately, strict=True)
        ]
        often, spent = ([chance.gauss(each, 0.01) for each in axis] for axis in (often, spent))
        yield list(zip(*map(_quartiles, (lately, often, spent)), strict=True))


def _quartiles(values: list[float]) -> list[int]:
    order = sorted(range(len(values)), key=lambda n: -values[n])
    quartile = {n: 1 + place * 4 // len(values) for place, n in enumerate(order)}
    return [quartile[n] for n in range(len(values))]
